import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { toYaml } from './to-yaml.ts';

describe('YAML answers', () => {
  it('are written as Kubernetes writes them', () => {
    const value = {
      kind: 'Pod',
      metadata: { labels: { on: 'yes' }, creationTimestamp: null, uid: undefined },
      spec: { containers: [{ name: 'a', args: ['-c', 'x: y'], ports: [] }], tolerations: [] },
      data: { script: 'one\ntwo\n', port: '80', time: '2026-01-02T03:04:05Z' },
    };
    expect(toYaml(value)).toBe(
      [
        'data:',
        '  port: "80"',
        '  script: |',
        '    one',
        '    two',
        '  time: "2026-01-02T03:04:05Z"',
        'kind: Pod',
        'metadata:',
        '  creationTimestamp: null',
        '  labels:',
        '    "on": "yes"',
        'spec:',
        '  containers:',
        '  - args:',
        '    - -c',
        "    - 'x: y'",
        '    name: a',
        '    ports: []',
        '  tolerations: []',
        '',
      ].join('\n'),
    );
  });

  it('read back as what they were', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[ \t\n:#a-z0-9"'|>-]*$/));
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.dictionary(text, tie('value'), { maxKeys: 4, noNullPrototype: true }),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(text, value, { noNullPrototype: true }), (object) => {
        for (const version of ['1.1', '1.2'] as const)
          expect(parse(toYaml(object), { version, merge: false, uniqueKeys: false })).toEqual(object);
      }),
      { seed: 11, numRuns: 120 },
    );
  });
});
