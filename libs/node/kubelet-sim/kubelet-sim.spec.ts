import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigMap, Node, Pod, Secret } from '@drydock/api/core/v1';
import type { TestCluster } from '../../controllers/shared/cluster.spec-support.ts';
import { createKubeletSim, type KubeletSim } from './index.ts';
import { podOnNode, startKubelet, type TestKubelet } from './kubelet.spec-support.ts';

describe('a simulated kubelet', () => {
  let cluster: TestCluster;
  let sim: KubeletSim;

  let kubelet: TestKubelet;
  beforeEach(async () => {
    kubelet = await startKubelet(1);
    ({ cluster, sim } = kubelet);
  });
  afterEach(async () => {
    // Another one may have taken its place.
    await sim.stop();
    await kubelet.stop();
  });

  const pods = () => cluster.client.resource(Pod).namespace('default');
  const create = (...pod: Parameters<typeof podOnNode>) => pods().create(podOnNode(...pod));
  const waiting = async (name: string) =>
    (await pods().get(name)).status?.containerStatuses?.[0]?.state?.waiting;
  const isReady = async (name: string) =>
    (await pods().get(name)).status?.containerStatuses?.[0]?.ready === true;
  const configMap = (name: string, data: Record<string, string>) =>
    cluster.client.resource(ConfigMap).namespace('default').create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name },
      data,
    });

  it('holds a container back until its environment can be made', async () => {
    const env = [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'a' } } }];
    await create('held', { env });
    await cluster.until(async () => (await waiting('held'))?.reason === 'CreateContainerConfigError');
    expect(await waiting('held')).toEqual({
      reason: 'CreateContainerConfigError',
      message: 'configmap "settings" not found',
    });
    expect((await pods().get('held')).status?.phase).toBe('Pending');
    await configMap('settings', { b: '1' });
    const key = "couldn't find key a in ConfigMap default/settings";
    await cluster.until(async () => (await waiting('held'))?.message === key);
    const body = { data: { a: '1' } };
    await cluster.client.resource(ConfigMap).namespace('default').patch('settings', { type: 'merge', body });
    await cluster.until(() => isReady('held'));
    const events = await cluster.events('held');
    expect(events).toContainEqual(
      expect.stringMatching(/^Warning Failed Error: configmap "settings" not found/),
    );
    expect(events).toContainEqual(
      expect.stringMatching(/^Warning Failed Error: couldn't find key a in ConfigMap/),
    );
    expect(events.at(-1)).toBe('Normal Started Started container c');
  });

  it('starts without what is optional', async () => {
    const missing = { name: 'none', optional: true };
    await create(
      'free',
      {
        envFrom: [{ configMapRef: missing }, { secretRef: missing }],
        env: [{ name: 'A', valueFrom: { secretKeyRef: { ...missing, key: 'a' } } }],
        volumeMounts: [{ name: 'v', mountPath: '/v' }],
      },
      { volumes: [{ name: 'v', secret: { secretName: 'none', optional: true } }] },
    );
    await cluster.until(() => isReady('free'), 1_000);
  });

  it('holds a Pod back until its volumes are there', async () => {
    await create(
      'mounts',
      { volumeMounts: [{ name: 'v', mountPath: '/v' }] },
      {
        volumes: [
          { name: 'v', configMap: { name: 'files', items: [{ key: 'k', path: 'k' }] } },
          {
            name: 'all',
            projected: { sources: [{ secret: { name: 's' } }, { configMap: { name: 'files' } }] },
          },
        ],
      },
    );
    await cluster.until(async () => (await cluster.events('mounts')).length >= 2);
    expect(await cluster.events('mounts')).toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          /^Warning FailedMount MountVolume.SetUp failed for volume "v" : configmap "files" not found/,
        ),
        expect.stringMatching(
          /^Warning FailedMount MountVolume.SetUp failed for volume "all" : \[secret "s" not found, configmap "files" not found\]/,
        ),
      ]),
    );
    expect(await waiting('mounts')).toEqual({ reason: 'ContainerCreating' });
    expect((await pods().get('mounts')).status?.podIP).toBeUndefined();
    await configMap('files', {});
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } } as Secret;
    await cluster.client.resource(Secret).namespace('default').create(secret);
    const key =
      'Warning FailedMount MountVolume.SetUp failed for volume "v" : references non-existent config key: k';
    await cluster.until(async () => (await cluster.events('mounts')).some((one) => one.startsWith(key)));
    const body = { data: { k: '1' } };
    await cluster.client.resource(ConfigMap).namespace('default').patch('files', { type: 'merge', body });
    await cluster.until(() => isReady('mounts'));
    expect((await pods().get('mounts')).status?.podIP).toMatch(/^10\.128\./);
  });

  it('tells after two minutes that volumes keep a Pod from starting', async () => {
    const volumes = [
      { name: 'b', secret: { secretName: 's' } },
      { name: 'a', configMap: { name: 'm' } },
      { name: 'c', emptyDir: {} },
    ];
    await create('stuck', {}, { volumes });
    const what =
      'Warning FailedMount Unable to attach or mount volumes: unmounted volumes=[a b], unattached volumes=[], failed to process volumes=[]: context deadline exceeded';
    await cluster.until(async () => (await cluster.events('stuck')).includes(what), 130_000);
    expect(cluster.clock.now() - Date.parse('2026-01-01T00:00:00Z')).toBeGreaterThanOrEqual(123_000);
  });

  it('does not run as root what must not be', async () => {
    await create('root', { securityContext: { runAsNonRoot: true } }, { securityContext: { runAsUser: 0 } });
    await cluster.until(async () => (await waiting('root'))?.reason === 'CreateContainerConfigError');
    const { uid } = (await pods().get('root')).metadata;
    expect((await waiting('root'))?.message).toBe(
      `container's runAsUser breaks non-root policy (pod: "root_default(${uid})", container: c)`,
    );
  });

  it('warns of pull secrets that are not there', async () => {
    await create('pulls', {}, { imagePullSecrets: [{ name: 'one' }, { name: 'two' }] });
    await cluster.until(() => isReady('pulls'));
    expect(await cluster.events('pulls')).toContain(
      'Warning FailedToRetrieveImagePullSecret Unable to retrieve some image pull secrets (one, two); attempting to pull the image may not succeed.',
    );
  });

  it('pulls an image once, and fails for one that it may not pull', async () => {
    await create('first', {});
    await cluster.until(() => isReady('first'));
    await create('second', {});
    await cluster.until(() => isReady('second'));
    const [pulling, pulled] = await cluster.events('first');
    expect(pulling).toBe('Normal Pulling Pulling image "nginx:1"');
    expect(pulled).toMatch(/^Normal Pulled Successfully pulled image "nginx:1" in /);
    expect((await cluster.events('second'))[0]).toBe(
      'Normal Pulled Container image "nginx:1" already present on machine',
    );
    await create('never', { image: 'mine:1', imagePullPolicy: 'Never' });
    await cluster.until(async () => (await waiting('never'))?.reason === 'ErrImageNeverPull');
    const body = { metadata: { annotations: { 'drydock.dev/images': 'other, mine:1' } } };
    await cluster.client.resource(Node).patch('node-0', { type: 'merge', body });
    await cluster.until(() => isReady('never'));
  });

  it('backs off from an image that cannot be had, and takes it when it can', async () => {
    await create('ghost', {}, {}, { 'drydock.dev/image-error': 'ErrImagePull' });
    await cluster.until(async () => (await waiting('ghost'))?.reason === 'ErrImagePull');
    await cluster.until(async () => (await waiting('ghost'))?.reason === 'ImagePullBackOff');
    expect((await waiting('ghost'))?.message).toMatch(
      /^Back-off pulling image "nginx:1": ErrImagePull: rpc error/,
    );
    const events = await cluster.events('ghost');
    expect(events.map((one) => one.replace(/: rpc.*/, ''))).toEqual([
      'Normal Pulling Pulling image "nginx:1"',
      'Warning Failed Failed to pull image "nginx:1"',
      'Warning Failed Error: ErrImagePull',
      'Normal BackOff Back-off pulling image "nginx:1"',
      'Warning Failed Error: ImagePullBackOff',
    ]);
    const body = { metadata: { annotations: { 'drydock.dev/image-error': null } } };
    await pods().patch('ghost', { type: 'merge', body } as never);
    await cluster.until(() => isReady('ghost'));
  });

  it('refuses a Pod that was bound beyond what the node has; it goes when it is deleted', async () => {
    await create('big', { resources: { requests: { cpu: '9' } } });
    await cluster.until(async () => (await pods().get('big')).status?.phase === 'Failed');
    const words = "Node didn't have enough resource: cpu, requested: 9000, used: 0, capacity: 8000";
    const { status } = await pods().get('big');
    expect(status).toMatchObject({
      phase: 'Failed',
      reason: 'OutOfcpu',
      message: `Pod was rejected: ${words}`,
    });
    expect(status?.containerStatuses).toBeUndefined();
    expect(await cluster.events('big')).toEqual([`Warning OutOfcpu ${words}`]);
    // A kubelet that starts anew leaves it as it is.
    await sim.stop();
    sim = createKubeletSim({ nodes: 1, startDelayMs: 0 }, cluster.deps);
    await sim.start();
    await cluster.settle();
    expect((await pods().get('big')).status).toEqual(status);
    await pods().delete('big');
    await cluster.until(async () => (await cluster.list(Pod)).length === 0);
  });

  it('looks at its labels once more before it refuses a Pod for them', async () => {
    const body = { metadata: { labels: { disk: 'ssd' } } };
    await cluster.client.resource(Node).patch('node-0', { type: 'merge', body });
    await create('fits', {}, { nodeSelector: { disk: 'ssd' } });
    await create('other', {}, { nodeSelector: { disk: 'tape' } });
    await cluster.until(() => isReady('fits'));
    await cluster.until(async () => (await pods().get('other')).status?.reason === 'NodeAffinity');
  });

  it('runs the commands of probes where the container runs its own', async () => {
    const exec = { exec: { command: ['cat', '/tmp/ready'] } };
    const probe = { ...exec, periodSeconds: 1, failureThreshold: 1 };
    const command = ['sh', '-c', 'sleep 5; touch /tmp/ready; sleep 5; rm /tmp/ready; sleep 1000'];
    await create('real', { command, readinessProbe: probe }, {}, { 'drydock.dev/run-command': 'true' });
    await create('simulated', { command, readinessProbe: probe });
    await cluster.until(() => isReady('simulated'));
    expect(await isReady('real')).toBe(false);
    await cluster.until(() => isReady('real'));
    await cluster.until(async () => !(await isReady('real')));
    expect(await cluster.events('real')).toContainEqual(
      expect.stringMatching(
        /^Warning Unhealthy Readiness probe failed: cat: .*\/tmp\/ready.*No such file or directory/,
      ),
    );
    expect(await isReady('simulated')).toBe(true);
  });

  it('a web server whose page was taken away is not ready', async () => {
    const readinessProbe = {
      httpGet: { path: '/index.html', port: 80 },
      periodSeconds: 1,
      failureThreshold: 1,
    };
    await create('web', { image: 'docker.io/library/httpd:2', readinessProbe });
    await cluster.until(() => isReady('web'));
    const { uid = '' } = (await pods().get('web')).metadata;
    const run = async (...command: string[]) => {
      const pod = { nodeName: 'node-0', namespace: 'default', name: 'web', uid };
      const session = await sim.exec(pod, { container: 'c', command, tty: false });
      return session.run({}, new AbortController().signal);
    };
    expect(await run('mv', '/usr/local/apache2/htdocs/index.html', '/tmp/')).toBe(0);
    await cluster.until(async () => !(await isReady('web')));
    expect(await cluster.events('web')).toContainEqual(
      expect.stringMatching(
        /^Warning Unhealthy Readiness probe failed: HTTP probe failed with statuscode: 404/,
      ),
    );
    expect(await run('mv', '/tmp/index.html', '/usr/local/apache2/htdocs/')).toBe(0);
    await cluster.until(() => isReady('web'));
  });

  const busybox = (script: string) => ({ image: 'busybox:1', command: ['sh', '-c', script] });
  const never = { restartPolicy: 'Never' };

  it('runs the command of an image whose programs are built in, to its end', async () => {
    const script = 'echo "hello $(WHO)"; id > /dev/termination-log; exit 3';
    const env = [{ name: 'WHO', value: 'you' }];
    await create(
      'own',
      { ...busybox(script), env },
      { ...never, securityContext: { runAsUser: 7, fsGroup: 8 } },
    );
    await create('foreign', busybox('wget http://example.org'), never);
    await create('foreign-init', {}, { initContainers: [{ name: 'i', ...busybox('awk 1 x') }] });
    await cluster.until(async () => (await pods().get('own')).status?.phase === 'Failed');
    expect((await pods().get('own')).status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode: 3,
      reason: 'Error',
      message: 'uid=7 gid=0(root) groups=0(root),8\n',
    });
    // What calls other programs is simulated as before: it runs on, and holds nobody up.
    await cluster.until(() => isReady('foreign-init'));
    expect(await isReady('foreign')).toBe(true);
  });

  it('finds that nothing listens in such a container', async () => {
    const readinessProbe = { httpGet: { path: '/', port: 80 }, periodSeconds: 1, failureThreshold: 1 };
    await create('deaf', { ...busybox('echo hello; sleep 1000'), readinessProbe });
    await create('serving', { ...busybox('python -m http.server 80'), readinessProbe });
    await cluster.until(() => isReady('serving'));
    await cluster.until(async () => (await cluster.events('deaf')).some((one) => one.includes('Unhealthy')));
    expect(await isReady('deaf')).toBe(false);
    expect(await cluster.events('deaf')).toContainEqual(
      expect.stringMatching(
        /^Warning Unhealthy Readiness probe failed: Get ".*:80\/": dial tcp .* connection refused/,
      ),
    );
  });

  it('runs hooks in such a container', async () => {
    const lifecycle = {
      postStart: { exec: { command: ['touch', '/v/started'] } },
      preStop: { exec: { command: ['sh', '-c', 'sleep 3; touch /v/stopped'] } },
    };
    const volumeMounts = [{ name: 'v', mountPath: '/v' }];
    const other = 'until [ -f /v/stopped ]; do sleep 1; done; ls /v > /dev/termination-log; sleep 9';
    await create(
      'hooked',
      { ...busybox('sleep 1000'), lifecycle, volumeMounts },
      {
        volumes: [{ name: 'v', emptyDir: {} }],
        containers: [
          { name: 'c', ...busybox('sleep 1000'), lifecycle, volumeMounts },
          { name: 'd', ...busybox(other), volumeMounts, lifecycle: { preStop: { sleep: { seconds: 5 } } } },
        ],
      },
    );
    await cluster.until(() => isReady('hooked'));
    await pods().patch('hooked', { type: 'merge', body: { metadata: { finalizers: ['a/b'] } } });
    await pods().delete('hooked');
    await cluster.until(
      async () =>
        (await pods().get('hooked')).status?.containerStatuses?.[1]?.state?.terminated !== undefined,
    );
    const ends = (await pods().get('hooked')).status?.containerStatuses?.map(
      ({ state }) => state?.terminated,
    );
    const [first = 0, second = 0] = ends?.map((end) => Date.parse(end?.finishedAt ?? '')) ?? [];
    expect(second - first).toBe(2_000);
    expect(ends?.map((end) => end?.exitCode)).toEqual([0, 0]);
  });

  it('a probe command that takes too long, or that is not there', async () => {
    const readinessProbe = { exec: { command: ['sleep', '9'] }, periodSeconds: 1, timeoutSeconds: 2 };
    const livenessProbe = { exec: { command: ['absent'] }, periodSeconds: 1 };
    const command = ['sleep', '1000'];
    await create(
      'slow',
      { command, readinessProbe, livenessProbe },
      {},
      { 'drydock.dev/run-command': 'true' },
    );
    await cluster.until(async () =>
      (await cluster.events('slow')).some((one) =>
        one.startsWith('Warning Unhealthy Readiness probe failed: command "sleep 9" timed out after 2s'),
      ),
    );
    expect(await cluster.events('slow')).toContainEqual(
      expect.stringMatching(
        /^Warning Unhealthy Liveness probe errored and resulted in unknown state: rpc error: .*exec: "absent": executable file not found in \$PATH: unknown/,
      ),
    );
    expect((await pods().get('slow')).status?.containerStatuses?.[0]).toMatchObject({
      ready: false,
      restartCount: 0,
    });
  });
});
