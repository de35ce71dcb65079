import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKubectl,
  createRawClient,
  eventually,
  kubectlsToTest,
  startProcessCluster,
  type Kubectl,
  type ProcessCluster,
} from '../support/index.ts';

const lease = [
  ...['--leader-elect-lease-duration', '3s'],
  ...['--leader-elect-renew-deadline', '2s'],
  ...['--leader-elect-retry-period', '300ms'],
];
const patient = { timeoutMs: 60_000, everyMs: 200 };

describe.each(kubectlsToTest().slice(-1))('processes that take over, with kubectl $version', (binary) => {
  let cluster: ProcessCluster;
  let kubectl: Kubectl;

  const holder = async (name: string) =>
    (await kubectl(`get lease -n kube-system kube-${name} -o jsonpath={.spec.holderIdentity}`)).trim();
  const leaderOtherThan = async (name: string, before: string): Promise<string> => {
    let now = '';
    await eventually(async () => (now = await holder(name)) !== '' && now !== before, patient);
    return now;
  };
  const rolledOut = () => kubectl('rollout status deployment/web --timeout=60s');
  const podsOf = async (app: string) => {
    const text = await kubectl(`get pods -l app=${app} -o json`);
    const { items } = JSON.parse(text) as {
      items: {
        metadata: { uid: string; name: string; deletionTimestamp?: string };
        spec: { nodeName?: string };
        status: { phase?: string; containerStatuses?: { restartCount: number }[] };
      }[];
    };
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  };

  beforeAll(async () => {
    cluster = await startProcessCluster({
      args: {
        'controller-manager': lease,
        scheduler: lease,
        'kubelet-sim': ['--nodes', '2'],
        'metrics-server': ['--metric-resolution', '1s'],
      },
    });
    kubectl = createKubectl(binary, cluster.kubeconfig);
    await eventually(() => kubectl('get --raw /readyz'), patient);
    // The first of each leads: the second comes when the Lease is taken.
    await Promise.all(['controller-manager', 'scheduler'].map((name) => leaderOtherThan(name, '')));
    await Promise.all([
      cluster.start('controller-manager-2', 'controller-manager', lease),
      cluster.start('scheduler-2', 'scheduler', lease),
      cluster.start('kubelet-sim-2', 'kubelet-sim', ['--nodes', '2', '--first-node', '2']),
    ]);
    await kubectl('create deployment web --image=nginx:1 --replicas=4');
    await rolledOut();
  }, 240_000);
  afterAll(() => cluster?.stop(), 60_000);

  it('nodes are split over processes: Pods run on all, logs and exec reach each, none is retired', async () => {
    const pods = await podsOf('web');
    expect(pods.map(({ spec }) => spec.nodeName).sort()).toEqual(['node-0', 'node-1', 'node-2', 'node-3']);
    for (const { metadata, spec } of pods) {
      expect(await kubectl(`logs ${metadata.name}`)).not.toBe('');
      expect(await kubectl(['exec', metadata.name, '--', 'hostname'])).toBe(`${metadata.name}\n`);
      expect(await kubectl(`get --raw /api/v1/nodes/${spec.nodeName}/proxy/stats/summary`)).toContain(
        metadata.uid,
      );
    }
    await eventually(
      async () => (await kubectl('top nodes --no-headers')).trim().split('\n').length === 4,
      patient,
    );
  });

  it('a controller-manager killed in the middle of a rollout: the other finishes it', async () => {
    const transitions = async () =>
      Number(
        await kubectl(
          'get lease -n kube-system kube-controller-manager -o jsonpath={.spec.leaseTransitions}',
        ),
      );
    const [before, terms] = [await holder('controller-manager'), await transitions()];
    await kubectl('set image deployment/web nginx=nginx:2');
    await cluster.kill('controller-manager');
    await leaderOtherThan('controller-manager', before);
    await rolledOut();
    expect(await podsOf('web')).toHaveLength(4);
    expect(await transitions()).toBe(terms + 1);
  });

  it('a leader that stands still for longer than its lease does nothing more when it goes on', async () => {
    await cluster.start('controller-manager');
    const before = await holder('controller-manager');
    const stopped = cluster.part('controller-manager-2');
    // In the middle of its work: the scale was seen, and is not done.
    await kubectl('scale deployment/web --replicas=12');
    stopped.signal('SIGSTOP');
    const after = await leaderOtherThan('controller-manager', before);
    await rolledOut();
    await kubectl('scale deployment/web --replicas=3');
    await eventually(async () => (await podsOf('web')).length === 3, patient);
    stopped.signal('SIGCONT');
    await kubectl('scale deployment/web --replicas=5');
    await rolledOut();
    expect(await podsOf('web')).toHaveLength(5);
    expect(await holder('controller-manager')).toBe(after);
  });

  it('a scheduler killed: the other places what waits', async () => {
    const before = await holder('scheduler');
    await cluster.kill('scheduler');
    await kubectl('scale deployment/web --replicas=8');
    await leaderOtherThan('scheduler', before);
    await rolledOut();
    expect(await podsOf('web')).toHaveLength(8);
  });

  it('a leader that is asked to stop hands over at once', async () => {
    await cluster.start('scheduler');
    const before = await holder('scheduler');
    const seen = kubectl.start([
      ...['get', 'lease', '-n', 'kube-system', 'kube-scheduler', '-w'],
      ...['-o', 'jsonpath={.spec.holderIdentity}|'],
    ]);
    try {
      await eventually(() => seen.stdout().includes(`${before}|`), patient);
      cluster.part('scheduler-2').signal('SIGTERM');
      expect(await cluster.part('scheduler-2').exited).toBe(0);
      const after = await leaderOtherThan('scheduler', before);
      await eventually(() => seen.stdout().includes(`${after}|`), patient);
      // It was given back, not waited for: nobody held it in between.
      expect(seen.stdout()).toContain(`${before}||${after}|`);
    } finally {
      await seen.stop();
    }
  });

  it('a kubelet-sim killed and started again takes its Pods up as they are', async () => {
    const before = await podsOf('web');
    await cluster.kill('kubelet-sim-2');
    const lost = before.find(({ spec }) => spec.nodeName === 'node-2');
    expect((await kubectl.try(`logs ${lost?.metadata.name}`)).stderr).toContain('error dialing backend');
    await cluster.start('kubelet-sim-2');
    await eventually(async () => (await kubectl.try(`logs ${lost?.metadata.name}`)).code === 0, patient);
    const after = await podsOf('web');
    const names = (pods: typeof before) =>
      pods
        .map(({ metadata, status }) => `${metadata.uid} ${status.containerStatuses?.[0]?.restartCount}`)
        .sort();
    expect(names(after)).toEqual(names(before));
  });

  it('an API server killed and started again: nothing acknowledged is lost, and all go on', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `kept-${index}`);
    const api = createRawClient(cluster.kubeconfig);
    const create = (name: string) =>
      api.ask('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name } });
    for (const name of names.slice(0, 20)) await create(name);
    await cluster.kill('apiserver');
    expect((await kubectl.try('get configmaps --request-timeout=2s')).code).not.toBe(0);
    await cluster.start('apiserver');
    await eventually(() => kubectl('get --raw /readyz'), patient);
    for (const name of names.slice(20)) await create(name);
    api.close();
    const found = (await kubectl('get configmaps -o name')).split('\n');
    for (const name of names) expect(found).toContain(`configmap/${name}`);
    await kubectl('set image deployment/web nginx=nginx:3');
    await rolledOut();
    expect(await podsOf('web')).toHaveLength(8);
  });
});
