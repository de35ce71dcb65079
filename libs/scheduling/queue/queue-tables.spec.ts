import { createVirtualClock } from '@drydock/base/clock';
import { describe, expect, it } from 'vitest';
import type { ClusterEvent, ClusterEventInterest, PodInfo, QueuedPod } from '../framework/index.ts';
import { info, pod } from '../framework/testing.spec-support.ts';
import { createSchedulingQueue, type SchedulingQueueOptions, type Verdict } from './scheduling-queue.ts';

// The facts of kube-scheduler's own tables about its queue.

const compare = (a: QueuedPod, b: QueuedPod) =>
  b.info.priority - a.info.priority || a.timestampMs - b.timestampMs;
const start = Date.parse('2026-01-01T00:00:00Z');

/** `Fit` cares for new nodes, `Taint` for tainted ones, `Deaf` for nothing; `Any` says nothing of what it cares for. */
const interests: Record<string, ClusterEventInterest[] | undefined> = {
  Fit: [{ resource: 'Node', actions: ['Add'] }],
  Taint: [{ resource: 'Node', actions: ['UpdateNodeTaint'] }],
  Named: [{ resource: 'Node', actions: ['Add'], hint: (_, { object }) => object?.metadata.name === 'good' }],
  Own: [{ resource: 'Pod', actions: ['UpdatePodLabel'] }],
  Deaf: [],
};
const nodeAdd: ClusterEvent = { resource: 'Node', actions: ['Add'] };
const named = (name: string): ClusterEvent => ({
  ...nodeAdd,
  object: { apiVersion: 'v1', kind: 'Node', metadata: { name } },
});
const taint: ClusterEvent = { resource: 'Node', actions: ['UpdateNodeTaint'] };
const by = (...names: string[]): Verdict => ({ refusedBy: new Set(names) });
const pending = (...names: string[]): Verdict => ({ refusedBy: new Set(), pendingBy: new Set(names) });
const mixed = (refused: string, waits: string): Verdict => ({
  refusedBy: new Set([refused]),
  pendingBy: new Set([waits]),
});
const error: Verdict = { error: true };

function make(options: Partial<SchedulingQueueOptions> = {}) {
  const clock = createVirtualClock({ startMs: start });
  const queue = createSchedulingQueue({
    clock,
    wake: () => undefined,
    compare,
    interests: (plugin) => interests[plugin],
    ...options,
  });
  /** Adds a Pod, tries it, and answers what the attempt came to. */
  const tryOnce = (name: string, verdict: Verdict, shape: Parameters<typeof info>[0] = {}) => {
    queue.set(info({ name, ...shape }));
    expect(queue.take()?.info.key).toBe(`default/${name}`);
    queue.refused(`default/${name}`, verdict);
  };
  const where = () =>
    Object.entries(queue.sizes)
      .filter(([, count]) => count > 0)
      .map(([place, count]) => (count === 1 ? place : `${count} ${place}`))
      .join(', ');
  const all = () => {
    const names: string[] = [];
    for (let taken = queue.take(); taken !== undefined; taken = queue.take())
      names.push(taken.info.pod.metadata.name ?? '');
    return names;
  };
  return { clock, queue, tryOnce, where, all };
}

describe('where a Pod goes after an attempt', () => {
  it.each<[string, Verdict, ClusterEvent[], string]>([
    ['nothing happened meanwhile', by('Fit'), [], 'unschedulable'],
    ['something happened that its refuser does not care for', by('Fit'), [taint], 'unschedulable'],
    ['something happened that its refuser cares for', by('Fit'), [nodeAdd], 'backoff'],
    ['one of several refusers cares', by('Deaf', 'Fit'), [taint, nodeAdd], 'backoff'],
    ['the hint says no', by('Named'), [named('bad')], 'unschedulable'],
    ['the hint says yes at last', by('Named'), [named('bad'), named('good')], 'backoff'],
    ['what a plugin waited for happened', pending('Fit'), [nodeAdd], 'active'],
    ['what a plugin waits for did not happen', pending('Fit'), [taint], 'unschedulable'],
    ['the refuser cares, the one that waits does not', mixed('Fit', 'Deaf'), [nodeAdd], 'backoff'],
    ['both care', mixed('Taint', 'Fit'), [taint, nodeAdd], 'active'],
    ['it failed', error, [], 'backoff'],
    ['nobody is known to have refused', by(), [], 'backoff'],
    ['the refuser cares for anything', by('Any'), [taint], 'backoff'],
  ])('when %s', (_, verdict, events, expected) => {
    const { queue, where } = make();
    queue.set(info({ name: 'a' }));
    queue.take();
    for (const event of events) queue.event(event);
    queue.refused('default/a', verdict);
    expect(where()).toBe(expected);
  });

  it('hears of what happened to itself only', () => {
    const { queue, where } = make();
    const change = (name: string): [PodInfo, ClusterEvent] => [
      info({ name }),
      {
        resource: 'UnscheduledPod',
        actions: ['UpdatePodLabel'],
        object: pod({ name }),
        previous: pod({ name }),
      },
    ];
    for (const name of ['a', 'b']) queue.set(info({ name }));
    for (let count = 0; count < 2; count++) queue.take();
    queue.set(...change('a'));
    queue.refused('default/a', by('Own'));
    queue.refused('default/b', by('Own'));
    expect(where()).toBe('backoff, unschedulable');
  });

  it('does not hear of what was before it, or of anything once nobody can refuse it', () => {
    const { queue, where } = make();
    queue.event(nodeAdd);
    queue.set(info({ name: 'a' }));
    queue.take();
    queue.refused('default/a', by('Fit'));
    expect(where()).toBe('unschedulable');
    queue.activate('default/a');
    queue.take();
    queue.settled('default/a');
    queue.event(taint);
    queue.refused('default/a', by('Fit'));
    expect(where()).toBe('backoff');
  });

  it('goes on when it was to go on while it was tried', () => {
    const { queue, where } = make();
    queue.set(info({ name: 'a' }));
    queue.take();
    queue.activate('default/a');
    queue.refused('default/a', by('Deaf'));
    expect(where()).toBe('backoff');
  });
});

describe('what an event moves', () => {
  it.each<[string, Verdict, ClusterEvent, string]>([
    ['a refused Pod, to its back-off', by('Fit'), nodeAdd, 'backoff'],
    ['a Pod whose plugin waited for it, at once', pending('Fit'), nodeAdd, 'active'],
    ['no Pod whose refuser does not care', by('Taint'), nodeAdd, 'unschedulable'],
  ])('%s', (_, verdict, event, expected) => {
    const { queue, tryOnce, where } = make();
    tryOnce('a', verdict);
    queue.event(event);
    expect(where()).toBe(expected);
  });

  it('only Pods that it is meant for', () => {
    const { queue, tryOnce, where } = make();
    tryOnce('low', by('Fit'), { spec: { priority: 1 } });
    tryOnce('high', by('Fit'), { spec: { priority: 9 } });
    queue.event(nodeAdd, ({ priority }) => priority <= 5);
    expect(where()).toBe('backoff, unschedulable');
  });

  it('to the active ones where the back-off is over', async () => {
    const { clock, queue, tryOnce, where } = make();
    tryOnce('a', by('Fit'));
    await clock.advance(2_000);
    queue.event(nodeAdd);
    expect(where()).toBe('active');
  });
});

describe('order', () => {
  it('puts Pods that were tried of late behind their equals', async () => {
    const { clock, queue, all } = make();
    queue.set(info({ name: 'tried' }));
    await clock.advance(10);
    queue.set(info({ name: 'other' }));
    expect(queue.take()?.info.pod.metadata.name).toBe('tried');
    await clock.advance(10);
    queue.refused('default/tried', by('Fit'));
    queue.activate('default/tried');
    expect(all()).toEqual(['other', 'tried']);
  });

  it('lets a more important Pod go first, however often it was tried', () => {
    const { queue, tryOnce, all } = make();
    tryOnce('high', by('Fit'), { spec: { priority: 9 } });
    queue.set(info({ name: 'low', spec: { priority: 1 } }));
    queue.activate('default/high');
    expect(all()).toEqual(['high', 'low']);
  });

  it('takes Pods that back off early when no other is left, by priority within a second', async () => {
    const { clock, tryOnce, queue, all } = make();
    tryOnce('low', by('Fit'), { spec: { priority: 1 } });
    await clock.advance(300);
    tryOnce('high', by('Fit'), { spec: { priority: 9 } });
    await clock.advance(900);
    tryOnce('late', by('Fit'), { spec: { priority: 99 } });
    queue.event(nodeAdd);
    expect(all()).toEqual(['high', 'low', 'late']);
  });

  it('takes none early that failed, nor is one in the way of others', () => {
    const { tryOnce, queue, all, where } = make();
    tryOnce('failed', error);
    tryOnce('refused', by('Fit'));
    queue.event(nodeAdd);
    expect(all()).toEqual(['refused']);
    expect(where()).toBe('backoff');
  });

  it('follows a priority that changes', () => {
    const { queue, all } = make();
    for (const [name, priority] of [
      ['a', 5],
      ['b', 4],
    ] as const)
      queue.set(info({ name, spec: { priority } }));
    queue.set(info({ name: 'b', spec: { priority: 6 } }));
    expect(all()).toEqual(['b', 'a']);
  });
});

describe('back-off', () => {
  it.each<[number, number]>([
    [1, 1],
    [2, 2],
    [3, 4],
    [4, 8],
    [5, 10],
    [16, 10],
    [63, 10],
  ])('after %d failures in a row: %d s', async (failures, seconds) => {
    const { clock, queue, where } = make();
    queue.set(info({ name: 'a' }));
    for (let count = 0; count < failures; count++) {
      if (count > 0) queue.activate('default/a');
      queue.take();
      queue.refused('default/a', error);
    }
    // It ends with the second that it ends in.
    await clock.advance(seconds * 1000 + 999);
    expect(where()).toBe('backoff');
    await clock.advance(1);
    expect(where()).toBe('active');
  });

  it('of refusals goes on where it was after failures', async () => {
    const { clock, queue, tryOnce, where } = make();
    tryOnce('a', error);
    for (const verdict of [error, by('Fit')]) {
      queue.activate('default/a');
      queue.take();
      queue.refused('default/a', verdict);
    }
    queue.event(nodeAdd);
    expect(where()).toBe('backoff');
    await clock.advance(2_000);
    expect(where()).toBe('active');
  });

  it('is none where its limit is none', () => {
    const { tryOnce, where } = make({ maxBackoffMs: 0 });
    tryOnce('a', error);
    expect(where()).toBe('active');
  });
});

describe('time alone', () => {
  it('has refused Pods tried again after more than five minutes', async () => {
    const { clock, tryOnce, where } = make();
    tryOnce('a', by('Deaf'));
    await clock.advance(300_000);
    expect(where()).toBe('unschedulable');
    await clock.advance(30_000);
    expect(where()).toBe('active');
  });

  it('does so after another while, where that is said', async () => {
    const { clock, tryOnce, where } = make({ maxUnschedulableMs: 30_000 });
    tryOnce('a', by('Deaf'));
    await clock.advance(60_000);
    expect(where()).toBe('active');
  });
});

describe('gates', () => {
  const gate = ({ pod: { spec } }: PodInfo) =>
    (spec?.schedulingGates ?? []).length === 0
      ? undefined
      : ({ code: 'UnschedulableAndUnresolvable', reasons: ['gated'], plugin: 'Fit' } as const);
  const gated = { spec: { schedulingGates: [{ name: 'g' }] } };

  it('keep a Pod out, whatever happens and however it is called', () => {
    const { queue, where } = make({ preEnqueue: gate });
    queue.set(info({ name: 'a', ...gated }));
    queue.event(nodeAdd);
    queue.activate('default/a');
    queue.recheck('default/a');
    expect(where()).toBe('gated');
    queue.set(info({ name: 'a' }));
    expect(where()).toBe('active');
  });

  it('are asked for again when what gates may be over', () => {
    let closed = true;
    const { queue, where } = make({ preEnqueue: (pod) => (closed ? gate(pod) : undefined) });
    queue.set(info({ name: 'a', ...gated }));
    closed = false;
    queue.event(taint);
    expect(where()).toBe('gated');
    queue.event(nodeAdd);
    expect(where()).toBe('active');
  });

  it('hold a refused Pod that was gated meanwhile', () => {
    const { queue, tryOnce, where } = make({ preEnqueue: gate });
    tryOnce('a', by('Fit'));
    queue.set(info({ name: 'a', ...gated }));
    queue.event(nodeAdd);
    expect(where()).toBe('gated');
  });
});

describe('going on', () => {
  it.each<[string, Verdict, boolean, string]>([
    ['a refused Pod', by('Deaf'), false, 'active'],
    ['a Pod that backs off', by('Fit'), true, 'active'],
    ['a Pod that failed', error, false, 'active'],
  ])('is at once for %s', (_, verdict, backsOff, expected) => {
    const { queue, tryOnce, where } = make();
    tryOnce('a', verdict);
    if (backsOff) queue.event(nodeAdd);
    queue.activate('default/a');
    expect(where()).toBe(expected);
  });

  it('is nothing for Pods that are unknown or active', () => {
    const { queue, where } = make();
    queue.activate('default/x');
    queue.set(info({ name: 'a' }));
    queue.activate('default/a');
    expect(where()).toBe('active');
  });
});
