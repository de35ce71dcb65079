import { describe, expect, it } from 'vitest';
import type { Pod } from '@drydock/api/core/v1';
import { advance } from './advance.ts';
import { createPodRuntime } from './runtime.ts';

type Lifecycle = NonNullable<NonNullable<Pod['spec']>['containers']>[number]['lifecycle'];
const exec = { exec: { command: ['true'] } };

function start(lifecycle: Lifecycle, image = 'busybox', annotations: Record<string, string> = {}) {
  const pod = {
    metadata: { name: 'p', namespace: 'n', uid: 'u', annotations },
    spec: { containers: [{ name: 'c', image, command: ['sleep', '99'], lifecycle }] },
  } as Pod;
  const runtime = createPodRuntime(pod, 0, 0);
  const [container] = runtime.containers;
  const told: string[] = [];
  const to = (nowMs: number) => {
    const step = advance(runtime, nowMs, () => 'id');
    for (const one of step.happenings) {
      if (one.kind === 'event' && one.type === 'Warning') told.push(`${one.reason}: ${one.message}`);
      if (one.kind === 'hook') told.push(`run ${one.hook}`);
      if (one.kind === 'killing') told.push(`killing: ${one.message ?? ''}`);
    }
    return step.wakeAtMs;
  };
  const stop = (atMs: number) => {
    runtime.stoppingSinceMs = atMs;
    runtime.pod = { ...pod, metadata: { ...pod.metadata, deletionGracePeriodSeconds: 10 } };
    return to(atMs);
  };
  const ended = () =>
    container!.state.kind === 'terminated'
      ? [container!.state.ended.finishedAtMs, container!.state.ended.exitCode]
      : undefined;
  return { container: container!, told, to, stop, ended };
}

describe('hooks of a container', () => {
  it('a sleep after the start holds it back', () => {
    const pod = start({ postStart: { sleep: { seconds: 3 as never } } });
    expect(pod.to(0)).toBe(3_000);
    expect(pod.container).toMatchObject({ started: false, ready: false });
    pod.to(3_000);
    expect(pod.container).toMatchObject({ started: true, ready: true });
  });

  it('a command after the start holds it back until it ends', () => {
    const pod = start({ postStart: exec });
    pod.to(0);
    expect(pod.told).toEqual(['run postStart']);
    pod.to(1_000);
    expect(pod.container.ready).toBe(false);
    pod.container.hook!.answer = { fault: undefined };
    pod.to(2_000);
    expect(pod.container.ready).toBe(true);
    expect(pod.told).toEqual(['run postStart']);
  });

  it('a command after the start that fails ends it, and it is started again', () => {
    const pod = start({ postStart: exec });
    pod.to(0);
    pod.container.hook!.answer = { fault: 'exit code 1' };
    expect(pod.to(1_000)).toBe(1_000);
    pod.to(1_000);
    expect(pod.told).toEqual([
      'run postStart',
      'FailedPostStartHook: PostStartHook failed',
      'killing: FailedPostStartHook',
      'run postStart',
    ]);
    expect(pod.container.restarts).toBe(1);
  });

  it('is not waited for where the container does not run its own command', () => {
    const pod = start({ postStart: exec, preStop: exec }, 'app');
    pod.to(0);
    expect(pod.container.ready).toBe(true);
    pod.stop(1_000);
    expect(pod.ended()).toEqual([1_000, 0]);
    expect(pod.told).toEqual([]);
  });

  it('a sleep before the stop is slept, by every container', () => {
    const pod = start({ preStop: { sleep: { seconds: 4 as never } } }, 'nginx', {
      'drydock.dev/stop-delay': '2s',
    });
    pod.to(0);
    expect(pod.stop(1_000)).toBe(5_000);
    expect(pod.to(5_000)).toBe(7_000);
    expect(pod.ended()).toBeUndefined();
    pod.to(7_000);
    expect(pod.ended()).toEqual([7_000, 0]);
  });

  it.each([[['sleep', '4']], [['/bin/sh', '-c', 'sleep 4s']]])(
    'a command that only sleeps is slept by every container (%j)',
    (command) => {
      const pod = start({ postStart: { exec: { command } }, preStop: { exec: { command } } }, 'app');
      expect(pod.to(0)).toBe(4_000);
      expect(pod.container.ready).toBe(false);
      pod.to(4_000);
      expect(pod.container.ready).toBe(true);
      expect(pod.stop(5_000)).toBe(9_000);
      pod.to(9_000);
      expect(pod.ended()).toEqual([9_000, 0]);
      expect(pod.told).toEqual([]);
    },
  );

  it('an endless sleep lasts until the grace period is over', () => {
    const pod = start({ preStop: { exec: { command: ['sleep', 'infinity'] } } }, 'app');
    pod.to(0);
    expect(pod.stop(1_000)).toBe(11_000);
    pod.to(11_000);
    expect(pod.ended()?.[0]).toBe(11_000);
  });

  it('what takes longer than the grace period is killed', () => {
    const pod = start({ preStop: { sleep: { seconds: 40 as never } } });
    pod.to(0);
    expect(pod.stop(1_000)).toBe(11_000);
    pod.to(11_000);
    expect(pod.ended()).toEqual([11_000, 137]);
  });

  it.each([undefined, 'exit code 1'])('a command before the stop is waited for (%s)', (fault) => {
    const pod = start({ preStop: exec });
    pod.to(0);
    pod.stop(1_000);
    pod.to(2_000);
    expect(pod.ended()).toBeUndefined();
    pod.container.hook!.answer = { fault };
    pod.to(3_000);
    expect(pod.ended()).toEqual([3_000, 0]);
    expect(pod.told).toEqual([
      'run preStop',
      ...(fault === undefined ? [] : ['FailedPreStopHook: PreStopHook failed']),
    ]);
  });
});
