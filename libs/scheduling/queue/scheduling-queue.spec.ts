import { createVirtualClock } from '@drydock/base/clock';
import { describe, expect, it } from 'vitest';
import type { ClusterEventInterest, QueuedPod } from '../framework/index.ts';
import { info } from '../framework/testing.spec-support.ts';
import { createSchedulingQueue, type SchedulingQueueOptions } from './scheduling-queue.ts';

const compare = (a: QueuedPod, b: QueuedPod) =>
  b.info.priority - a.info.priority || a.timestampMs - b.timestampMs;
const by = (...names: string[]) => ({ refusedBy: new Set(names) });
const nodeAdded = { resource: 'Node', actions: ['Add'] } as const;

function queue(options: Partial<SchedulingQueueOptions> = {}) {
  const clock = createVirtualClock();
  return { clock, queue: createSchedulingQueue({ clock, wake: () => undefined, compare, ...options }) };
}

describe('the scheduling queue', () => {
  it('gives the highest priority first, then the oldest', () => {
    const { queue: q } = queue();
    for (const [name, priority] of [
      ['low', 1],
      ['high', 9],
      ['late', 9],
    ] as const)
      q.set(info({ name, spec: { priority } }));
    expect([q.take(), q.take(), q.take(), q.take()].map((taken) => taken?.info.pod.metadata.name)).toEqual([
      'high',
      'late',
      'low',
      undefined,
    ]);
  });

  it('keeps a refused Pod until an event that its refuser cares for', () => {
    const interests: Record<string, ClusterEventInterest[]> = {
      Fit: [{ resource: 'Node', actions: ['Add'] }],
      Other: [],
    };
    const { queue: q } = queue({ interests: (plugin) => interests[plugin] });
    q.set(info({ name: 'a' }));
    q.take();
    q.refused('default/a', by('Other'));
    q.event(nodeAdded);
    expect(q.sizes.unschedulable).toBe(1);
    q.activate('default/a');
    q.take();
    q.refused('default/a', by('Fit', 'Other'));
    q.event({ resource: 'Node', actions: ['UpdateNodeTaint'] });
    expect(q.sizes.unschedulable).toBe(1);
    q.event(nodeAdded);
    expect(q.sizes).toEqual({ active: 0, backoff: 1, unschedulable: 0, gated: 0 });
    // Nothing else is active, so that it need not sit its back-off out.
    expect(q.take()?.attempts).toBe(3);
  });

  it('asks the hint', () => {
    const { queue: q } = queue({
      interests: () => [
        { resource: 'Node', actions: ['Add'], hint: (_, { object }) => object?.metadata.name === 'good' },
      ],
    });
    q.set(info({ name: 'a' }));
    q.take();
    q.refused('default/a', by('Fit'));
    q.event({ ...nodeAdded, object: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'bad' } } });
    expect(q.sizes.backoff).toBe(0);
    q.event({ ...nodeAdded, object: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'good' } } });
    expect(q.sizes.backoff).toBe(1);
  });

  it('backs off from errors, twice as long each time, up to the limit', async () => {
    const { clock, queue: q } = queue();
    q.set(info({ name: 'a' }));
    for (const seconds of [1, 2, 4, 8, 10, 10]) {
      expect(q.take()).toBeDefined();
      q.refused('default/a', { error: true });
      expect(q.take()).toBeUndefined();
      // Back-offs end with the second that they end in.
      await clock.advance(seconds * 1000 + 999);
      expect(q.take()).toBeUndefined();
      await clock.advance(1);
    }
    expect(q.take()).toBeDefined();
  });

  it('tries a refused Pod again after five minutes without any event', async () => {
    const { clock, queue: q } = queue();
    q.set(info({ name: 'a' }));
    q.take();
    q.refused('default/a', by('Fit'));
    await clock.advance(299_000);
    expect(q.take()).toBeUndefined();
    await clock.advance(60_000);
    expect(q.take()).toBeDefined();
  });

  it('holds gated Pods until their gates are gone', () => {
    const { queue: q } = queue({
      preEnqueue: ({ pod }) =>
        pod.spec?.schedulingGates?.length
          ? { code: 'UnschedulableAndUnresolvable', reasons: ['gated'] }
          : undefined,
    });
    q.set(info({ name: 'a', spec: { schedulingGates: [{ name: 'g' }] } }));
    expect(q.take()).toBeUndefined();
    expect(q.sizes.gated).toBe(1);
    q.set(info({ name: 'a' }));
    expect(q.take()).toBeDefined();
  });

  it('forgets removed Pods wherever they are', () => {
    const { queue: q } = queue();
    q.set(info({ name: 'a' }));
    q.remove('default/a');
    expect(q.take()).toBeUndefined();
    q.set(info({ name: 'b' }));
    q.take();
    q.remove('default/b');
    q.refused('default/b', by('Fit'));
    expect(q.sizes).toEqual({ active: 0, backoff: 0, unschedulable: 0, gated: 0 });
  });
});
