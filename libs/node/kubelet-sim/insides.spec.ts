import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PersistentVolume, PersistentVolumeClaim, Pod } from '@drydock/api/core/v1';
import { createBytePipe, readAll } from '@drydock/base/streams';
import type { TestCluster } from '../../controllers/shared/cluster.spec-support.ts';
import type { KubeletSim } from './index.ts';
import { podOnNode, startKubelet, type TestKubelet } from './kubelet.spec-support.ts';

describe('the insides of simulated web servers', () => {
  let cluster: TestCluster;
  let sim: KubeletSim;

  let kubelet: TestKubelet;
  beforeEach(async () => {
    kubelet = await startKubelet(2);
    ({ cluster, sim } = kubelet);
  });
  afterEach(() => kubelet.stop());

  const pods = () => cluster.client.resource(Pod).namespace('default');
  const create = (
    name: string,
    container: object,
    spec: object = {},
    annotations: Record<string, string> = {},
  ) => pods().create(podOnNode(name, { image: 'httpd:2', ...container }, spec, annotations));
  const statusOf = async (name: string) => (await pods().get(name)).status?.containerStatuses?.[0];
  const isReady = async (name: string) => (await statusOf(name))?.ready === true;
  const isRunning = async (name: string) => (await statusOf(name))?.state?.running !== undefined;
  /** Runs a script in a Pod's container, to what it printed and its exit code. */
  async function run(name: string, script: string): Promise<[string, number]> {
    const { metadata, spec } = await pods().get(name);
    const pod = { nodeName: spec?.nodeName ?? '', namespace: 'default', name, uid: metadata.uid ?? '' };
    const command = ['sh', '-c', script];
    const session = await sim.exec(pod, { container: 'c', command, tty: false });
    const stdout = createBytePipe();
    const printed = readAll(stdout);
    let code: number | undefined;
    const ended = session.run({ stdout }, new AbortController().signal).then((exitCode) => (code = exitCode));
    await cluster.until(() => Promise.resolve(code !== undefined));
    stdout.end();
    return [new TextDecoder().decode(await printed), await ended];
  }
  const probe = (...command: string[]) => ({ exec: { command }, periodSeconds: 1, failureThreshold: 1 });
  /** Time in which a probe that fails would have been asked. */
  const aWhile = async () => {
    const endMs = cluster.clock.now() + 3_500;
    await cluster.until(() => Promise.resolve(cluster.clock.now() >= endMs));
  };

  async function claim(name: string, volumeName: string, source: object): Promise<void> {
    const accessModes = ['ReadWriteOnce'];
    const storage = { storage: '1Gi' };
    const volume = { metadata: { name: volumeName }, spec: { accessModes, capacity: storage, ...source } };
    await cluster.client.resource(PersistentVolume).create(volume as PersistentVolume);
    await cluster.client
      .resource(PersistentVolumeClaim)
      .namespace('default')
      .create({
        metadata: { name },
        spec: { accessModes, resources: { requests: storage }, volumeName },
      } as PersistentVolumeClaim);
  }
  const mounting = (claimName: string) => ({
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
  });
  const volumeMounts = [{ name: 'data', mountPath: '/data/' }];

  it('are ready when the file is there that their probe looks for, wherever its volume is mounted', async () => {
    const csi = { csi: { driver: 'd', volumeHandle: 'h' } };
    await claim('one', 'pv-1', csi);
    await claim('two', 'pv-2', csi);
    const readinessProbe = probe('test', '-f', '/data/statefulset-continue');
    const container = { volumeMounts, readinessProbe };
    await create('first', container, mounting('one'));
    await create('other', container, mounting('two'));
    await cluster.until(async () => (await isRunning('first')) && (await isRunning('other')));
    await aWhile();
    expect(await isReady('first')).toBe(false);
    expect(await cluster.events('first')).toContainEqual(
      expect.stringMatching(/^Warning Unhealthy Readiness probe failed: /),
    );
    const resume = 'dd if=/dev/zero of=/data/statefulset-continue bs=1 count=1 conv=fsync';
    expect(await run('first', resume)).toEqual(['', 0]);
    await cluster.until(() => isReady('first'));
    await create('second', container, { ...mounting('one'), nodeName: 'node-1' });
    await cluster.until(() => isReady('second'));
    expect(await isReady('other')).toBe(false);
    // A claim of that name that is bound to another volume begins with nothing.
    const claims = cluster.client.resource(PersistentVolumeClaim).namespace('default');
    await pods().delete('first', { gracePeriodSeconds: 0 });
    await claims.patch('one', { type: 'merge', body: { metadata: { finalizers: null } } } as never);
    await claims.delete('one');
    await claim('one', 'pv-3', csi);
    await create('third', container, mounting('one'));
    await cluster.until(() => isRunning('third'));
    await aWhile();
    expect(await isReady('third')).toBe(false);
  });

  it('see the paths of their node in its local volumes', async () => {
    await claim('local', 'pv-local', { hostPath: { path: '/mnt/disk' } });
    await create('writer', { volumeMounts }, mounting('local'));
    await create(
      'reader',
      { volumeMounts: [{ name: 'host', mountPath: '/host' }] },
      { volumes: [{ name: 'host', hostPath: { path: '/mnt' } }] },
    );
    await cluster.until(async () => (await isReady('writer')) && (await isReady('reader')));
    await run('writer', 'echo here > /data/file');
    expect(await run('reader', 'cat /host/disk/file')).toEqual(['here\n', 0]);
  });

  it('are restarted by their liveness probe, and keep what is in the volumes of the Pod', async () => {
    await create(
      'alive',
      {
        livenessProbe: { ...probe('sh', '-c', '[ ! -f /tmp/broken ]'), initialDelaySeconds: 1 },
        startupProbe: { ...probe('cat', '/cache/up'), failureThreshold: 60 },
        volumeMounts: [{ name: 'cache', mountPath: '/cache' }],
      },
      { volumes: [{ name: 'cache', emptyDir: {} }] },
    );
    await cluster.until(() => isRunning('alive'));
    await run('alive', 'touch /tmp/broken');
    await aWhile();
    // Nobody asks for its health before it has started up.
    expect(await statusOf('alive')).toMatchObject({ started: false, ready: false, restartCount: 0 });
    await run('alive', 'touch /cache/up');
    await cluster.until(async () => (await statusOf('alive'))?.restartCount === 1);
    await cluster.until(() => isReady('alive'));
    expect(await run('alive', 'ls /tmp /cache')).toEqual(['/tmp:\n\n/cache:\nup\n', 0]);
    expect(await cluster.events('alive')).toContain(
      'Normal Killing Container c failed liveness probe, will be restarted',
    );
  });

  it('are well where their probe cannot tell', async () => {
    const shared = { volumes: [{ name: 'data', emptyDir: {} }] };
    const filled = { readinessProbe: probe('test', '-f', '/data/index.html'), volumeMounts };
    const filler = (image: string, command?: string[]) => ({
      ...shared,
      containers: [
        { name: 'c', image: 'nginx:1', ...filled },
        { name: 'd', image, command, volumeMounts },
      ],
    });
    await create('unknown', { readinessProbe: probe('nginx', '-t') });
    await create('script', { readinessProbe: probe('/usr/local/bin/of-the-image.sh') });
    await create('shell', { readinessProbe: probe('sh', '/opt/of-the-image.sh') });
    await create('network', { readinessProbe: probe('curl', '-f', 'http://localhost:8081/') });
    await create('program', { command: ['sh', '-c', 'app'], readinessProbe: probe('cat', '/tmp/app') });
    await create('image', { image: 'app:1', readinessProbe: probe('cat', '/tmp/app') });
    await create('filled', {}, filler('git-sync:4'));
    await create('pid', { image: 'nginx:1', readinessProbe: probe('test', '-f', '/var/run/nginx.pid') });
    for (const name of ['unknown', 'script', 'shell', 'network', 'program', 'image', 'filled', 'pid'])
      await cluster.until(() => isReady(name));
    // Who else sees the volume is known to leave it as it is.
    await create('empty', {}, filler('busybox:1', ['sleep', '1000']));
    await create(
      'wanted',
      { image: 'app:1', readinessProbe: probe('cat', '/tmp/app') },
      {},
      {
        'drydock.dev/readiness-probe': 'run',
      },
    );
    await cluster.until(async () => (await isRunning('empty')) && (await isRunning('wanted')));
    await aWhile();
    expect(await isReady('empty')).toBe(false);
    expect(await isReady('wanted')).toBe(false);
    await run('empty', 'touch /data/index.html');
    await run('wanted', 'touch /tmp/app');
    await cluster.until(async () => (await isReady('empty')) && (await isReady('wanted')));
  });

  it('run the hooks that are built in', async () => {
    const postStart = { exec: { command: ['/bin/sh', '-c', 'echo Hello > /usr/share/message'] } };
    const preStop = { exec: { command: ['/bin/sh', '-c', 'nginx -s quit; sleep 20'] } };
    await create('hooked', { image: 'nginx', lifecycle: { postStart, preStop } });
    await cluster.until(() => isReady('hooked'));
    expect(await run('hooked', 'cat /usr/share/message')).toEqual(['Hello\n', 0]);
    const failing = { exec: { command: ['false'] } };
    await create('failing', { lifecycle: { postStart: failing } }, { restartPolicy: 'Never' });
    await cluster.until(async () => (await pods().get('failing')).status?.phase === 'Succeeded');
    expect(await cluster.events('failing')).toContainEqual(
      expect.stringMatching(/^Warning FailedPostStartHook PostStartHook failed/),
    );
    await pods().delete('hooked');
    await cluster.until(
      async () => !(await cluster.list(Pod)).some(({ metadata }) => metadata.name === 'hooked'),
      5_000,
    );
  });
});
