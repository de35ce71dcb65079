import { describe, expect, it } from 'vitest';
import { info } from '../framework/testing.spec-support.ts';
import { createNominator } from './nominator.ts';

describe('the nominator', () => {
  const [a, b] = [info({ name: 'a' }), info({ name: 'b' })];
  it.each<[string, (readonly [typeof a, string])[], string, string]>([
    ['knows no Pods at first', [], '', ''],
    [
      'keeps the order of promises',
      [
        [a, 'n'],
        [b, 'n'],
      ],
      'a b',
      '',
    ],
    [
      'promises a Pod one node',
      [
        [a, 'n'],
        [a, 'm'],
      ],
      '',
      'a',
    ],
    [
      'takes a promise back',
      [
        [a, 'n'],
        [b, 'n'],
        [a, ''],
      ],
      'b',
      '',
    ],
    [
      'renews a promise',
      [
        [a, 'n'],
        [b, 'n'],
        [a, 'n'],
      ],
      'b a',
      '',
    ],
  ])('%s', (_, promises, onN, onM) => {
    const nominator = createNominator();
    for (const [pod, node] of promises) nominator.set(pod, node);
    const names = (node: string) =>
      nominator
        .on(node)
        .map(({ pod }) => pod.metadata.name)
        .join(' ');
    expect([names('n'), names('m')]).toEqual([onN, onM]);
  });

  it('forgets Pods', () => {
    const nominator = createNominator();
    nominator.set(a, 'n');
    nominator.remove(b.key);
    expect(nominator.on('n')).toEqual([a]);
    nominator.remove(a.key);
    expect(nominator.on('n')).toEqual([]);
  });
});
