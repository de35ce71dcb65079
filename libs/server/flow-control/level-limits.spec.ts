import type { PriorityLevelConfiguration } from '@drydock/api/flowcontrol/v1';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueues, handOf } from './fair-queues.ts';
import { divideSeats } from './level-limits.ts';

const level = (name: string, limited: object): PriorityLevelConfiguration =>
  ({ metadata: { name }, spec: { type: 'Limited', limited } }) as unknown as PriorityLevelConfiguration;

describe('priority levels', () => {
  it('have their share of the seats, of which some may be lent and more be borrowed', () => {
    const exempt = {
      metadata: { name: 'exempt' },
      spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 5 } },
    };
    const limits = divideSeats(
      [
        exempt as unknown as PriorityLevelConfiguration,
        level('a', { nominalConcurrencyShares: 30, lendablePercent: 33, limitResponse: { type: 'Queue' } }),
        level('b', {
          nominalConcurrencyShares: 65,
          borrowingLimitPercent: 10,
          limitResponse: { type: 'Reject' },
        }),
        level('c', { nominalConcurrencyShares: 0 }),
      ],
      600,
    );
    expect([...limits]).toEqual([
      [
        'a',
        { nominal: 180, least: 121, most: 780, queuing: { queues: 64, handSize: 8, queueLengthLimit: 50 } },
      ],
      ['b', { nominal: 390, least: 390, most: 429, queuing: undefined }],
      ['c', { nominal: 0, least: 0, most: 600, queuing: undefined }],
    ]);
  });
});

describe('queues', () => {
  it('are dealt to flows in hands of different ones, always the same', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 1, max: 128 }),
        fc.integer({ min: 1, max: 10 }),
        (flow, queues, handSize) => {
          const hand = handOf(flow, { queues, handSize, queueLengthLimit: 1 });
          expect(hand).toHaveLength(Math.min(handSize, queues));
          expect(new Set(hand).size).toBe(hand.length);
          expect(hand.every((one) => one >= 0 && one < queues)).toBe(true);
          expect(handOf(flow, { queues, handSize, queueLengthLimit: 9 })).toEqual(hand);
        },
      ),
    );
  });

  it('let few flows suffer from one that floods its own', () => {
    const queuing = { queues: 64, handSize: 6, queueLengthLimit: 50 };
    const flooded = new Set(handOf('elephant', queuing));
    const sharing = Array.from({ length: 1_000 }, (_, index) => handOf(`mouse ${index}`, queuing)).filter(
      (hand) => hand.every((one) => flooded.has(one)),
    );
    expect(sharing).toHaveLength(0);
  });

  it('are served in turn, and take no more than they hold', () => {
    const queues = new FairQueues<string>({ queues: 8, handSize: 1, queueLengthLimit: 3 });
    for (const index of [1, 2, 3, 4]) expect(queues.put('loud', `loud ${index}`)).toBe(index < 4);
    const quiet = ['b', 'c', 'd', 'e', 'f'].find(
      (flow) =>
        handOf(flow, { queues: 8, handSize: 1, queueLengthLimit: 3 })[0] !==
        handOf('loud', { queues: 8, handSize: 1, queueLengthLimit: 3 })[0],
    )!;
    queues.put(quiet, 'quiet');
    expect([queues.take(), queues.take()]).toContain('quiet');
    queues.remove('loud 3');
    expect([queues.take(), queues.take(), queues.size]).toEqual(['loud 2', undefined, 0]);
  });
});
