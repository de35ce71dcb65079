import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Pod } from '@drydock/api/core/v1';
import type { TestCluster } from '../../controllers/shared/cluster.spec-support.ts';
import { startKubelet, type TestKubelet } from './kubelet.spec-support.ts';

describe('the end of containers that run their own command', () => {
  let cluster: TestCluster;

  let kubelet: TestKubelet;
  beforeEach(async () => {
    kubelet = await startKubelet(1);
    ({ cluster } = kubelet);
  });
  afterEach(() => kubelet.stop());

  const pods = () => cluster.client.resource(Pod).namespace('default');
  const shell = (script: string, more: object = {}) => ({
    name: 'c',
    image: 'busybox:1',
    command: ['sh', '-c', script],
    ...more,
  });
  /** With a finalizer, so that its end is to be seen. */
  const create = (name: string, spec: object) =>
    pods().create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, finalizers: ['a/b'] },
      spec: { nodeName: 'node-0', serviceAccountName: 'default', ...spec },
    } as Pod);
  const statusOf = async (name: string) => (await pods().get(name)).status;
  const isReady = async (name: string) =>
    (await statusOf(name))?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ===
    true;
  /** How each container ended, and how many seconds after `sinceMs`; `undefined` for one that runs. */
  async function ends(name: string, sinceMs: number) {
    const { containerStatuses = [], initContainerStatuses = [] } = (await statusOf(name)) ?? {};
    const told = [...containerStatuses, ...initContainerStatuses].map(({ name: of, state }) => {
      const { exitCode, finishedAt = '' } = state?.terminated ?? {};
      const after =
        exitCode === undefined ? undefined : Math.round((Date.parse(finishedAt) - sinceMs) / 1_000);
      return [of, after === undefined ? undefined : { exitCode, after }];
    });
    return Object.fromEntries(told) as Record<string, { exitCode: number; after: number } | undefined>;
  }
  const hasEnded = async (name: string) =>
    Object.values(await ends(name, 0)).every((end) => end !== undefined);
  async function remove(name: string): Promise<number> {
    await pods().delete(name);
    return cluster.clock.now();
  }

  it('is theirs where they catch the signal; a readiness probe is asked until then, and no other', async () => {
    const exec = (path: string) => ({
      exec: { command: ['cat', path] },
      initialDelaySeconds: 1,
      periodSeconds: 1,
      failureThreshold: 1,
    });
    const script =
      'quit() { rm /tmp/ready /tmp/live; sleep 10; exit 7; }; trap quit TERM; touch /tmp/ready /tmp/live; while true; do sleep 2; done';
    await create('graceful', {
      containers: [shell(script, { readinessProbe: exec('/tmp/ready'), livenessProbe: exec('/tmp/live') })],
    });
    await cluster.until(() => isReady('graceful'));
    const since = await remove('graceful');
    await cluster.until(async () => !(await isReady('graceful')), 5_000);
    expect(await ends('graceful', since)).toEqual({ c: undefined });
    await cluster.until(() => hasEnded('graceful'));
    const { c } = await ends('graceful', since);
    expect(c?.exitCode).toBe(7);
    expect(c?.after).toBeGreaterThanOrEqual(10);
    expect(c?.after).toBeLessThanOrEqual(13);
    expect(await statusOf('graceful')).toMatchObject({ phase: 'Failed' });
    const events = await cluster.events('graceful');
    expect(events.filter((one) => one.includes('iveness'))).toEqual([]);
    expect(events.filter((one) => one.startsWith('Normal Killing'))).toHaveLength(1);
  });

  it('comes when their time is over where they do not end, and at once where they catch nothing', async () => {
    const loop = 'while true; do sleep 1; done';
    await create('stubborn', {
      terminationGracePeriodSeconds: 5,
      containers: [shell(`trap '' TERM; ${loop}`), shell(loop, { name: 'd' })],
    });
    await cluster.until(() => isReady('stubborn'));
    const since = await remove('stubborn');
    await cluster.until(() => hasEnded('stubborn'));
    expect(await ends('stubborn', since)).toEqual({
      c: { exitCode: 137, after: 5 },
      d: { exitCode: 0, after: 0 },
    });
  });

  it('comes after the hook, which counts for their time', async () => {
    const preStop = { sleep: { seconds: 3 } };
    const script = 'trap "exit 1" TERM; while true; do sleep 1; done';
    await create('hooked', { containers: [shell(script, { lifecycle: { preStop } })] });
    await cluster.until(() => isReady('hooked'));
    const since = await remove('hooked');
    await cluster.until(() => hasEnded('hooked'));
    const { c } = await ends('hooked', since);
    expect(c?.exitCode).toBe(1);
    expect(c?.after).toBeGreaterThanOrEqual(3);
    expect(c?.after).toBeLessThanOrEqual(4);
  });

  it('a liveness probe that fails sends the signal, too', async () => {
    const livenessProbe = {
      exec: { command: ['test', '-f', '/tmp/live'] },
      periodSeconds: 1,
      failureThreshold: 1,
    };
    const script = 'trap "sleep 4; exit 9" TERM; while true; do sleep 1; done';
    await create('restarted', { containers: [shell(script, { livenessProbe })] });
    await cluster.until(
      async () => (await statusOf('restarted'))?.containerStatuses?.[0]?.restartCount === 1,
    );
    const last = (await statusOf('restarted'))?.containerStatuses?.[0]?.lastState?.terminated;
    expect(last?.exitCode).toBe(9);
    const ran = Date.parse(last?.finishedAt ?? '') - Date.parse(last?.startedAt ?? '');
    expect(ran).toBeGreaterThanOrEqual(4_000);
  });

  const catching = (name: string, seconds: number) =>
    shell(`trap "sleep ${seconds}; exit 0" TERM; while true; do sleep 1; done`, { name });
  const beside = (name: string, seconds: number) => ({ ...catching(name, seconds), restartPolicy: 'Always' });

  it('of sidecars comes after that of the others, one after another, the last one first', async () => {
    await create('together', {
      initContainers: [beside('first', 1), beside('second', 2)],
      containers: [catching('c', 3)],
    });
    await cluster.until(() => isReady('together'));
    const since = await remove('together');
    await cluster.until(() => hasEnded('together'));
    const { c, first, second } = await ends('together', since);
    expect(c?.after).toBeGreaterThanOrEqual(3);
    expect((second?.after ?? 0) - (c?.after ?? 0)).toBeGreaterThanOrEqual(2);
    expect((first?.after ?? 0) - (second?.after ?? 0)).toBeGreaterThanOrEqual(1);
    expect([c, first, second].map((end) => end?.exitCode)).toEqual([0, 0, 0]);
  });

  it('of sidecars comes when the others are done, and the Pod is done after that', async () => {
    await create('job', {
      restartPolicy: 'Never',
      initContainers: [beside('log', 2), { ...shell('sleep 1000'), name: 'quiet', restartPolicy: 'Always' }],
      containers: [shell('sleep 1')],
    });
    await cluster.until(async () => (await ends('job', 0))['c'] !== undefined);
    expect(await statusOf('job')).toMatchObject({ phase: 'Running' });
    await cluster.until(async () => (await statusOf('job'))?.phase === 'Succeeded', 10_000);
    const since = Date.parse(
      (await statusOf('job'))?.containerStatuses?.[0]?.state?.terminated?.finishedAt ?? '',
    );
    const { log, quiet } = await ends('job', since);
    expect(quiet).toEqual({ exitCode: 0, after: 0 });
    expect(log?.after).toBeGreaterThanOrEqual(2);
    expect((await statusOf('job'))?.initContainerStatuses?.map(({ restartCount }) => restartCount)).toEqual([
      0, 0,
    ]);
  });
});
