import { expect, it } from 'vitest';
import { createErrors } from '../common/definition.spec-support.ts';
import { runtimeClassDefinition } from './runtime-class.ts';

it('a RuntimeClass says what its Pods cost and where they run', () => {
  const errors = (fields: object) => createErrors(runtimeClassDefinition, { handler: 'h', ...fields });
  const toleration = { key: 'k', operator: 'Exists', effect: 'NoExecute' };
  expect(
    errors({ overhead: { podFixed: { cpu: '10m' } }, scheduling: { tolerations: [toleration] } }),
  ).toEqual([]);
  expect(errors({ overhead: { podFixed: { apples: '1' } } })).toEqual([
    'overhead.limits[apples]: Invalid value: "apples": must be a standard resource type or fully qualified',
    'overhead.limits[apples]: Invalid value: "apples": must be a standard resource for containers',
  ]);
  expect(errors({ scheduling: { nodeSelector: { 'not a key': 'v' } } })).toEqual([
    expect.stringMatching(/^scheduling\.nodeSelector: Invalid value: "not a key": name part must consist of/),
  ]);
  expect(
    errors({
      scheduling: {
        tolerations: [
          { ...toleration, tolerationSeconds: 5 },
          toleration,
          { key: 'no key!', operator: 'Exists' },
        ],
      },
    }),
  ).toEqual([
    expect.stringMatching(/^scheduling\.tolerations\.tolerations\[2\]\.key: Invalid value/),
    expect.stringMatching(/^scheduling\.tolerations\[1\]: Duplicate value: /),
  ]);
});
