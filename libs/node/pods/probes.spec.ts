import { describe, expect, it } from 'vitest';
import type { Container, Pod, Probe } from '@drydock/api/core/v1';
import { outcomeOf, scripted } from './probe-outcome.ts';
import { advance, createPodRuntime, podStatus, type Happening, type PodRuntime } from './index.ts';

/** Plays a Pod from 0: each wake is kept, as a timer would. */
function play(container: object, annotations: Record<string, string> = {}, spec: object = {}) {
  const pod = {
    metadata: { name: 'p', namespace: 'default', uid: 'u', annotations },
    spec: { containers: [{ name: 'c', image: 'nginx', ...container }], ...spec },
  } as unknown as Pod;
  const runtime: PodRuntime = createPodRuntime(pod, 0, 0);
  runtime.ip = '10.0.0.1';
  const log: string[] = [];
  let wakeAtMs: number | undefined = 0;
  let steps = 0;
  const words = (happening: Happening): string | undefined => {
    if (happening.kind === 'event')
      return /^(Unhealthy|ProbeWarning)$/.test(happening.reason)
        ? `${happening.reason} ${happening.message}`
        : undefined;
    if (happening.kind === 'killing') return `Killing ${happening.message}`;
    return happening.kind === 'started' || happening.kind === 'back-off' ? happening.kind : undefined;
  };
  const step = (nowMs: number) => {
    steps++;
    const { happenings, wakeAtMs: next } = advance(runtime, nowMs, () => 'id');
    for (const one of happenings) {
      const text = words(one);
      if (text !== undefined) log.push(`${nowMs / 1000}s ${text}`);
    }
    wakeAtMs = next;
  };
  return {
    runtime,
    log,
    steps: () => steps,
    wake: () => wakeAtMs,
    annotate(more: Record<string, string>, nowMs: number) {
      runtime.pod = {
        ...runtime.pod,
        metadata: { ...pod.metadata, annotations: { ...annotations, ...more } },
      };
      step(nowMs);
    },
    until(endMs: number) {
      while (wakeAtMs !== undefined && wakeAtMs <= endMs) step(wakeAtMs);
    },
    status(nowMs: number) {
      const { ready, started, restartCount, state } = podStatus(runtime, '10.0.0.9', nowMs)
        .containerStatuses![0]!;
      return { ready, started, restartCount, state: Object.keys(state ?? {}).join() };
    },
  };
}

const http = (rest: Partial<Probe> = {}) => ({ httpGet: { port: 8080, path: '/healthz' }, ...rest }) as Probe;
const refused = 'dial tcp 10.0.0.1:8080: connect: connection refused';

describe('probes of a simulated container', () => {
  it('succeed after their delay, and are not asked', () => {
    const pod = play({
      startupProbe: http({ initialDelaySeconds: 2 }),
      readinessProbe: http({ initialDelaySeconds: 5, successThreshold: 2, periodSeconds: 3 }),
      livenessProbe: http(),
    });
    pod.until(1_999);
    expect(pod.status(1_999)).toMatchObject({ started: false, ready: false });
    pod.until(7_999);
    expect(pod.status(7_999)).toMatchObject({ started: true, ready: false });
    pod.until(8_000);
    expect(pod.status(8_000)).toMatchObject({ started: true, ready: true });
    expect(pod.wake()).toBeUndefined();
    expect(pod.steps()).toBeLessThan(6);
    expect(pod.log).toEqual(['0s started']);
  });

  it('readiness follows its script, with both thresholds', () => {
    const pod = play(
      { readinessProbe: http({ periodSeconds: 5, failureThreshold: 2, successThreshold: 2 }) },
      { 'drydock.dev/readiness-probe': 'success,503@20s,success@40s' },
    );
    pod.until(4_999);
    expect(pod.status(4_999).ready).toBe(false);
    pod.until(5_000);
    expect(pod.status(5_000).ready).toBe(true);
    pod.until(24_999);
    expect(pod.status(24_999).ready).toBe(true);
    pod.until(25_000);
    expect(pod.status(25_000).ready).toBe(false);
    pod.until(44_999);
    expect(pod.status(44_999).ready).toBe(false);
    pod.until(45_000);
    expect(pod.status(45_000)).toEqual({ ready: true, started: true, restartCount: 0, state: 'running' });
    expect(pod.wake()).toBeUndefined();
    const message = 'Unhealthy Readiness probe failed: HTTP probe failed with statuscode: 503';
    expect(pod.log).toEqual(['0s started', ...[20, 25, 30, 35].map((at) => `${at}s ${message}`)]);
  });

  it('liveness kills and restarts, in ever longer back-offs', () => {
    const pod = play(
      { livenessProbe: http({ periodSeconds: 1, failureThreshold: 2 }) },
      { 'liveness-probe.drydock.dev/c': 'refused@3s' },
    );
    pod.until(18_000);
    const failed = `Unhealthy Liveness probe failed: Get "http://10.0.0.1:8080/healthz": ${refused}`;
    const killing = 'Killing Container c failed liveness probe, will be restarted';
    expect(pod.log).toEqual([
      '0s started',
      `3s ${failed}`,
      `4s ${failed}`,
      `4s ${killing}`,
      '4s started',
      `7s ${failed}`,
      `8s ${failed}`,
      `8s ${killing}`,
      '8s back-off',
      '18s started',
    ]);
    expect(pod.status(18_000)).toMatchObject({ ready: true, restartCount: 2, state: 'running' });
  });

  it('a probe has its own grace period; a Pod that is never restarted ends', () => {
    const probe = http({ periodSeconds: 1, failureThreshold: 1, terminationGracePeriodSeconds: 4 });
    const pod = play(
      { livenessProbe: probe },
      { 'drydock.dev/liveness-probe': 'failure@2s', 'drydock.dev/stop-delay': '1m' },
      { restartPolicy: 'Never' },
    );
    pod.until(5_999);
    expect(pod.status(5_999)).toMatchObject({ ready: true, state: 'running' });
    pod.until(6_000);
    expect(pod.log.at(-1)).toBe('2s Killing Container c failed liveness probe');
    expect(podStatus(pod.runtime, '10.0.0.9', 6_000)).toMatchObject({
      phase: 'Failed',
      containerStatuses: [{ state: { terminated: { exitCode: 137, reason: 'Error' } } }],
    });
  });

  it('nothing else is asked before the container has started up; a startup probe that fails kills it', () => {
    const startupProbe = {
      tcpSocket: { port: 9000 },
      periodSeconds: 2,
      failureThreshold: 2,
    } as unknown as Probe;
    const pod = play(
      { startupProbe, readinessProbe: http(), livenessProbe: http({ failureThreshold: 1 }) },
      {
        'drydock.dev/startup-probe': 'refused',
        'drydock.dev/readiness-probe': 'failure',
        'drydock.dev/liveness-probe': 'failure',
      },
    );
    pod.until(2_000);
    const failed = 'Unhealthy Startup probe failed: dial tcp 10.0.0.1:9000: connect: connection refused';
    expect(pod.log).toEqual([
      '0s started',
      `0s ${failed}`,
      `2s ${failed}`,
      '2s Killing Container c failed startup probe, will be restarted',
      '2s started',
    ]);
    expect(pod.status(2_000)).toMatchObject({ started: false, ready: false, restartCount: 1 });
  });

  it('a script written later is heard at the next turn', () => {
    const pod = play({ readinessProbe: http({ periodSeconds: 10, failureThreshold: 1 }) });
    pod.until(60_000);
    pod.annotate({ 'drydock.dev/readiness-probe': 'failure' }, 61_000);
    expect(pod.wake()).toBe(70_000);
    pod.until(70_000);
    expect(pod.status(70_000).ready).toBe(false);
    pod.annotate({ 'drydock.dev/readiness-probe': 'success' }, 71_000);
    pod.until(80_000);
    expect(pod.status(80_000).ready).toBe(true);
    expect(pod.wake()).toBeUndefined();
  });

  it('an unknown port name is an error that counts for nothing; a timeout takes its time', () => {
    const pod = play({ readinessProbe: { httpGet: { port: 'web' } } });
    pod.until(30_000);
    expect(pod.status(30_000).ready).toBe(false);
    expect(pod.log[1]).toBe(
      '0s Unhealthy Readiness probe errored and resulted in unknown state: strconv.Atoi: parsing "web": invalid syntax',
    );
    const slow = play(
      { readinessProbe: http({ timeoutSeconds: 3, failureThreshold: 1 }) },
      { 'drydock.dev/readiness-probe': 'success,timeout@10s' },
    );
    slow.until(12_999);
    expect(slow.status(12_999).ready).toBe(true);
    slow.until(13_000);
    expect(slow.status(13_000).ready).toBe(false);
  });

  it('finds nobody where every container of the Pod is known to wait only', () => {
    const waiting = { image: 'busybox', command: ['sh', '-c', 'sleep 1000'] };
    const livenessProbe = http({ initialDelaySeconds: 5, failureThreshold: 1 });
    const pod = play({ ...waiting, livenessProbe });
    pod.until(5_000);
    expect(pod.log.slice(0, 3)).toEqual([
      '0s started',
      `5s Unhealthy Liveness probe failed: Get "http://10.0.0.1:8080/healthz": ${refused}`,
      '5s Killing Container c failed liveness probe, will be restarted',
    ]);
    const well = (container: object, annotations = {}, containers: object[] = []) => {
      const all = { containers: [{ name: 'c', ...container }, ...containers] };
      const other = play({}, annotations, all);
      other.until(60_000);
      return other.status(60_000).restartCount === 0;
    };
    expect(well({ ...waiting, livenessProbe })).toBe(false);
    expect(well({ ...waiting, livenessProbe: { tcpSocket: { port: 80 } } })).toBe(false);
    expect(well({ ...waiting, livenessProbe: { grpc: { port: 80 } } })).toBe(false);
    // Another container may have the port, another host the server, and an annotation the last word.
    expect(well({ ...waiting, livenessProbe }, {}, [{ name: 'd', image: 'app' }])).toBe(true);
    expect(well({ ...waiting, livenessProbe }, {}, [{ name: 'd', ...waiting }])).toBe(false);
    expect(well({ ...waiting, livenessProbe: { tcpSocket: { port: 80, host: 'example.org' } } })).toBe(true);
    expect(well({ ...waiting, livenessProbe }, { 'drydock.dev/liveness-probe': 'success' })).toBe(true);
    expect(well({ ...waiting, livenessProbe }, { 'drydock.dev/run-command': 'false' })).toBe(true);
  });

  it('that is sent on to another host is well, and told of', () => {
    const livenessProbe = http({ failureThreshold: 1 });
    livenessProbe.httpGet = { port: 8080, path: '/redirect?loc=http%3A%2F%2F0.0.0.0%2F' };
    const pod = play({ image: 'agnhost', args: ['liveness'], livenessProbe });
    pod.until(20_000);
    const message = 'Probe terminated redirects, Response body: <a href="http://0.0.0.0/">Found</a>.\n\n';
    expect(pod.log).toEqual([
      '0s started',
      ...[0, 10, 20].map((at) => `${at}s ProbeWarning Liveness probe warning: ${message}`),
    ]);
    expect(pod.status(20_000)).toMatchObject({ ready: true, restartCount: 0 });
  });

  it('unready stays what it was: a readiness probe that never succeeds', () => {
    const pod = play({ readinessProbe: http() }, { 'drydock.dev/unready': 'true' });
    pod.until(20_000);
    expect(pod.status(20_000)).toMatchObject({ ready: false, started: true, state: 'running' });
    expect(pod.log).toHaveLength(4);
  });
});

describe('outcomes of probes', () => {
  it('are told in the words of each kind', () => {
    const container: Container = { name: 'c', ports: [{ name: 'web', containerPort: 80 }] };
    const told = (word: string, probe: object) => {
      const outcome = outcomeOf(word, container, probe as Probe, 'fd00::1');
      return outcome.result === 'success' ? 'well' : outcome.output;
    };
    const get = { httpGet: { port: 'web', scheme: 'HTTPS', path: 'x' }, timeoutSeconds: 2 };
    expect(told('204', get)).toBe('well');
    expect(told('399', get)).toBe('well');
    expect(told('404', get)).toBe('HTTP probe failed with statuscode: 404');
    expect(told('timeout', get)).toBe(
      'Get "https://[fd00::1]:80/x": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
    );
    expect(told('timeout', { tcpSocket: { port: 1 } })).toBe('dial tcp [fd00::1]:1: i/o timeout');
    expect(told('failure', { grpc: { port: 1 } })).toBe('service unhealthy (responded with "NOT_SERVING")');
    expect(told('refused', { grpc: { port: 1 }, timeoutSeconds: 2 })).toBe(
      'timeout: failed to connect service "[fd00::1]:1" within 2s: context deadline exceeded',
    );
    expect(told('timeout', { exec: { command: ['sleep', '9'] } })).toBe(
      'command "sleep 9" timed out after 1s',
    );
  });

  it('are scripted by time; what cannot be read is left out', () => {
    const text = ' failure@5s, nonsense@1s, success@1m,503@soon';
    expect(scripted(text, 0)).toEqual({ word: 'success', nextMs: 5_000 });
    expect(scripted(text, 5_000)).toEqual({ word: 'failure', nextMs: 60_000 });
    expect(scripted(text, 60_000)).toEqual({ word: 'success', nextMs: undefined });
  });
});
