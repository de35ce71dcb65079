import { describe, expect, it } from 'vitest';
import type { Pod } from '@drydock/api/core/v1';
import { createSelectorTable, selectorOf } from './selectors.ts';

const pod = (name: string, labels: Record<string, string>, namespace = 'shop') =>
  ({ metadata: { name, namespace, labels } }) as Pod;

// The facts of kube-controller-manager's own tables about autoscalers that select the same Pods.
describe('who selects Pods', () => {
  const table = (...entries: [key: string, selector: string][]) => {
    const made = createSelectorTable();
    for (const [key, selector] of entries) made.put(key, key.split('/')[0] ?? '', selectorOf(selector));
    return made;
  };
  const web = [pod('a', { app: 'web', tier: 'front' }), pod('b', { app: 'web', tier: 'back' })];

  it.each<[what: string, [string, string][], string[]]>([
    ['one alone', [['shop/one', 'app=web']], ['shop/one']],
    [
      'no overlap',
      [
        ['shop/one', 'app=web'],
        ['shop/two', 'app=other'],
      ],
      ['shop/one'],
    ],
    [
      'the same',
      [
        ['shop/two', 'app=web'],
        ['shop/one', 'app=web'],
      ],
      ['shop/one', 'shop/two'],
    ],
    [
      'some of the Pods',
      [
        ['shop/one', 'app=web'],
        ['shop/two', 'tier in (back)'],
      ],
      ['shop/one', 'shop/two'],
    ],
    [
      'all that there are, without a value',
      [
        ['shop/one', 'app=web'],
        ['shop/two', 'app,tier notin (middle)'],
      ],
      ['shop/one', 'shop/two'],
    ],
    [
      'in another namespace',
      [
        ['shop/one', 'app=web'],
        ['other/two', 'app=web'],
        ['other/all', 'app'],
      ],
      ['shop/one'],
    ],
  ])('%s', (_, entries, expected) => expect(table(...entries).selecting('shop', web)).toEqual(expected));

  it('follows what they select, and forgets those that are gone', () => {
    const made = table(['shop/one', 'app=web'], ['shop/two', 'app=web']);
    made.put('shop/two', 'shop', selectorOf('app=other'));
    expect(made.selecting('shop', web)).toEqual(['shop/one']);
    expect(made.selecting('shop', [pod('c', { app: 'other' })])).toEqual(['shop/two']);
    made.forget('shop/one');
    made.forget('shop/none');
    expect(made.selecting('shop', web)).toEqual([]);
    expect(made.selecting('shop', [])).toEqual([]);
  });

  it('reads a selector once', () => {
    expect(selectorOf('app=web')).toBe(selectorOf('app=web'));
    expect(() => selectorOf('cheddar cheese')).toThrow();
  });
});
