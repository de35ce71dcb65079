import type { Pod } from '@drydock/api/core/v1';
import { describe, expect, it } from 'vitest';
import { advance, createPodRuntime, podStatus, type PodRuntime } from './index.ts';

function runtimeOf(spec: object, status?: object): PodRuntime {
  const pod = {
    metadata: { name: 'p', namespace: 'default', uid: 'u' },
    spec: { containers: [{ name: 'c', image: 'busybox' }], ...spec },
    ...(status === undefined ? {} : { status }),
  } as unknown as Pod;
  return createPodRuntime(pod, 0, 0);
}
const step = (runtime: PodRuntime, nowMs: number) => advance(runtime, nowMs, () => 'id');
const statusOf = (runtime: PodRuntime, nowMs: number) => podStatus(runtime, '10.0.0.1', nowMs);

describe('a Pod with a deadline', () => {
  it('is stopped and has failed when it was active for too long', () => {
    const runtime = runtimeOf({ activeDeadlineSeconds: 5 });
    expect(step(runtime, 0).wakeAtMs).toBe(5_000);
    step(runtime, 4_999);
    expect(statusOf(runtime, 4_999)).toMatchObject({ phase: 'Running' });
    const over = step(runtime, 5_000);
    expect(over.happenings.map(({ kind }) => kind)).toEqual(['overdue', 'killing']);
    expect(statusOf(runtime, 5_000)).toMatchObject({
      phase: 'Failed',
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    });
    // It does not start again, whatever its restart policy is.
    expect(step(runtime, 600_000)).toEqual({ changed: false, wakeAtMs: undefined, happenings: [] });
    const later = runtimeOf({ activeDeadlineSeconds: 5 }, statusOf(runtime, 5_000));
    step(later, 700_000);
    expect(statusOf(later, 700_000)).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' });
  });

  it('may get a shorter deadline later, and none counts once it is over', () => {
    const runtime = runtimeOf({});
    expect(step(runtime, 0).wakeAtMs).toBeUndefined();
    runtime.pod = { ...runtime.pod, spec: { ...runtime.pod.spec, activeDeadlineSeconds: 3 } } as Pod;
    step(runtime, 10_000);
    expect(statusOf(runtime, 10_000)).toMatchObject({ phase: 'Failed' });

    const done = runtimeOf({ restartPolicy: 'Never', activeDeadlineSeconds: 5 });
    done.containers.forEach((container) =>
      Object.assign(container, { behaviour: { ...container.behaviour, exitAfterMs: 1_000 } }),
    );
    step(done, 0);
    step(done, 1_000);
    step(done, 9_000);
    expect(statusOf(done, 9_000)).toMatchObject({ phase: 'Succeeded' });
    expect(statusOf(done, 9_000).reason).toBeUndefined();
  });
});
