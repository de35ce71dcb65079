import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKubectl,
  eventually,
  kubectlsToTest,
  removeDataDir,
  programOf,
  startClusterProcess,
  type ClusterProcess,
  type Kubectl,
} from '../support/index.ts';

const patient = { timeoutMs: 60_000, everyMs: 300 };

describe.each(kubectlsToTest().slice(-1))('autoscaling with kubectl $version', (binary) => {
  let cluster: ClusterProcess;
  let kubectl: Kubectl;

  beforeAll(async () => {
    cluster = await startClusterProcess({
      args: [
        ...['--store', 'memory', '--metric-resolution', '1s'],
        ...['--horizontal-pod-autoscaler-sync-period', '1s'],
        ...['--horizontal-pod-autoscaler-downscale-stabilization', '1s'],
      ],
    });
    kubectl = createKubectl(binary, cluster.kubeconfig);
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
  });

  const ok = (...args: readonly string[]) => kubectl(args);
  const topPods = async () => (await ok('top', 'pods', '-l', 'app=web', '--no-headers')).trim().split('\n');
  const cpuOf = (line: string) => line.split(/\s+/)[1];
  const replicas = () => ok('get', 'deployment', 'web', '-o', 'jsonpath={.status.readyReplicas}');
  const rescales = () =>
    ok(
      ...['get', 'events', '--field-selector', 'reason=SuccessfulRescale,involvedObject.name=web'],
      ...['-o', 'jsonpath={range .items[*]}{.message}{"\\n"}{end}'],
    );
  const load = (trace: string) =>
    ok('annotate', '--overwrite', 'service', 'web', `drydock.dev/cpu-load=${trace}`);

  const explain = (name: string, ...more: readonly string[]) =>
    spawnSync(
      process.execPath,
      [
        ...[programOf('drydock'), 'explain', 'hpa', name],
        ...['--grpc-address', `127.0.0.1:${cluster.grpcPort}`, ...more],
      ],
      { encoding: 'utf8' },
    );

  it('shows what nodes use, through the APIService of the metrics-server', async () => {
    await eventually(async () => /node-0 +\d+m/.test(await ok('top', 'nodes')), patient);
    expect(await ok('get', 'apiservice', 'v1beta1.metrics.k8s.io')).toMatch(
      /kube-system\/metrics-server +True/,
    );
    expect(await ok('api-resources', '--api-group', 'metrics.k8s.io')).toMatch(/PodMetrics/);
  });

  it('explains the kinds of the metrics-server, whose OpenAPI is that of the cluster', async () => {
    const explained = await ok('explain', '--api-version', 'metrics.k8s.io/v1beta1', 'pods.containers');
    expect(explained).toMatch(/KIND: +PodMetrics\n/);
    expect(explained).toMatch(/FIELD: containers <\[\]ContainerMetrics>/);
    expect(explained).toMatch(/ name\t<string> -required-/);
    const { paths, definitions } = JSON.parse(await ok('get', '--raw', '/openapi/v2')) as {
      paths: Record<string, object>;
      definitions: Record<string, object>;
    };
    expect(paths).toHaveProperty(['/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods']);
    expect(definitions).toHaveProperty(['io.k8s.metrics.pkg.apis.metrics.v1beta1.NodeMetrics']);
    // Both servers mean the same by it: it is there once.
    expect(Object.keys(definitions).filter((name) => /\.ObjectMeta/.test(name))).toHaveLength(1);
  });

  it('follows a load trace up and down with the numbers of the algorithm', async () => {
    await ok('create', 'deployment', 'web', '--image=nginx', '--replicas=2');
    await ok('set', 'resources', 'deployment', 'web', '--requests=cpu=200m');
    await ok('rollout', 'status', 'deployment', 'web', '--timeout=60s');
    await ok('expose', 'deployment', 'web', '--port=80');
    await load('seconds,cpu\n0,400m\n');
    // Two Pods share 400m, and idle at 1m each.
    await eventually(async () => {
      const lines = await topPods();
      return lines.length === 2 && lines.every((line) => cpuOf(line) === '201m');
    }, patient);
    await ok('autoscale', 'deployment', 'web', '--cpu-percent=50', '--min=1', '--max=8');
    // 201m of 200m are 100 %; 100 / 50 = 2, times 2 Pods.
    await eventually(async () => (await replicas()) === '4', patient);
    expect(await rescales()).toBe(
      'New size: 4; reason: cpu resource utilization (percentage of request) above target\n',
    );
    // Shared by four it is 101m each: 50 %, as wanted.
    await eventually(async () => /(cpu: )?50%\/50% +1 +8 +4/.test(await ok('get', 'hpa', 'web')), patient);
    expect(await ok('describe', 'hpa', 'web')).toMatch(
      /ScalingActive +True +ValidMetricFound +the HPA was able to successfully calculate a replica count from cpu resource utilization \(percentage of request\)/,
    );
    const told = explain('web', '--limit', '0').stdout;
    expect(told).toContain('Target:   Deployment/default/web, 2 replicas (min 1, max 8)');
    expect(told).toContain(
      [
        '  Metric:   cpu resource utilization (percentage of request)',
        '    - Pods: 2 counted',
        '    - use: 100 % of what the Pods ask for (201m a Pod); target 50 %',
        '    - use ÷ target = 2.000',
        '    - 2.000 × 2 Pods, rounded up = 4',
        '    = asks for 4',
        '  Outcome:  2 → 4 (cpu resource utilization (percentage of request) above target)',
      ].join('\n'),
    );
    expect(JSON.parse(explain('web', '-o', 'json').stdout)).toMatchObject([
      { target: 'Deployment/default/web', currentReplicas: 4, desiredReplicas: 4, rescaled: false },
    ]);
    expect(explain('nobody')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /^drydock: nothing was decided .* default\/nobody: there is none/,
      ) as string,
    });
    await load('0,100m');
    await eventually(async () => (await replicas()) === '1', patient);
    expect(await rescales()).toContain('New size: 1; reason: All metrics below target\n');
  });

  it('says which of its inputs is not there', async () => {
    await ok('create', 'deployment', 'bare', '--image=nginx');
    await ok('autoscale', 'deployment', 'bare', '--cpu-percent=50', '--max=3');
    await eventually(
      async () =>
        (await ok('describe', 'hpa', 'bare')).includes(
          'the HPA was unable to compute the replica count: failed to get cpu utilization: missing request for cpu in container nginx of Pod bare-',
        ),
      patient,
    );
  });
});
