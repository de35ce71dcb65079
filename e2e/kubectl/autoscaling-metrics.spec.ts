import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKubectl,
  eventually,
  kubectlsToTest,
  removeDataDir,
  startClusterProcess,
  type ClusterProcess,
  type Kubectl,
} from '../support/index.ts';

const patient = { timeoutMs: 60_000, everyMs: 300 };

describe.each(kubectlsToTest().slice(-1))('metrics of all kinds with kubectl $version', (binary) => {
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
  const apply = (text: string) => kubectl(['apply', '-f', '-'], { stdin: text });
  const raw = async (path: string) => JSON.parse(await ok('get', '--raw', path)) as Record<string, unknown>;
  const ready = (name: string) => ok('get', 'deployment', name, '-o', 'jsonpath={.status.readyReplicas}');
  const rescales = async (name: string) =>
    (
      await ok(
        ...['get', 'events', '--field-selector', `reason=SuccessfulRescale,involvedObject.name=${name}`],
        ...['-o', 'jsonpath={range .items[*]}{.message}{"\\n"}{end}'],
      )
    )
      .trim()
      .split('\n');
  const lastRescale = async (name: string) => (await rescales(name)).at(-1);
  const run = async (name: string, replicas: number) => {
    await ok('create', 'deployment', name, '--image=nginx', `--replicas=${replicas}`);
    await ok('set', 'resources', 'deployment', name, '--requests=cpu=200m');
    await ok('rollout', 'status', 'deployment', name, '--timeout=60s');
  };
  const autoscaler = (name: string, metric: string, more = '') => `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: ${name} }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: ${name} }
  minReplicas: 1
  maxReplicas: 10
  metrics: [${metric}]
${more}`;

  it('reads what nodes and containers use from the kubelets', async () => {
    await ok('run', 'busy', '--image=nginx', '--annotations=drydock.dev/cpu-usage=250m');
    await ok('wait', '--for=condition=Ready', 'pod/busy', '--timeout=60s');
    const node = await ok('get', 'pod', 'busy', '-o', 'jsonpath={.spec.nodeName}');
    const text = await ok('get', '--raw', `/api/v1/nodes/${node}/proxy/metrics/resource`);
    expect(text).toMatch(
      /^container_cpu_usage_seconds_total\{container="busy",namespace="default",pod="busy"\} \S+ \d+$/m,
    );
    expect(text).toMatch(/^node_memory_working_set_bytes \d+ \d+$/m);
    const summary = await raw(`/api/v1/nodes/${node}/proxy/stats/summary`);
    expect(summary).toMatchObject({ node: { nodeName: node } });
    const pod = (summary['pods'] as { podRef: { name: string }; containers: unknown[] }[]).find(
      ({ podRef }) => podRef.name === 'busy',
    );
    expect(pod?.containers).toMatchObject([{ name: 'busy', cpu: { usageNanoCores: 250_000_000 } }]);
    await eventually(async () => /^busy +250m/m.test(await ok('top', 'pods', 'busy')), patient);
  });

  it('scales by external metrics: declared ones, and what is asked of them', async () => {
    await apply(`apiVersion: v1
kind: ConfigMap
metadata: { name: queues, labels: { metrics.drydock.dev/declare: "true" } }
data:
  all: |
    queue_length{queue="orders"} 40
    queue_length{queue="mail"} 20
    backlog = sum(queue_length) / 2
`);
    const external = '/apis/external.metrics.k8s.io/v1beta1';
    const orders = `${external}/namespaces/default/queue_length?labelSelector=queue%3Dorders`;
    await eventually(async () => ((await raw(orders))['items'] as unknown[]).length === 1, patient);
    expect(await raw(orders)).toMatchObject({
      kind: 'ExternalMetricValueList',
      items: [{ metricName: 'queue_length', metricLabels: { queue: 'orders' }, value: '40' }],
    });
    expect(JSON.stringify(await raw(external))).toContain('"name":"backlog"');
    await run('worker', 1);
    const target = 'target: { type: AverageValue, averageValue: "10" }';
    await apply(
      autoscaler('worker', `{ type: External, external: { metric: { name: queue_length }, ${target} } }`),
    );
    // 60 / 10 is six, but at first no more than four: for a second, which a look may miss. What was done is kept.
    await eventually(async () => (await ready('worker')) === '6', patient);
    const above = 'reason: external metric queue_length(nil) above target';
    expect(await rescales('worker')).toEqual([`New size: 4; ${above}`, `New size: 6; ${above}`]);
    await eventually(async () => /10\/10 \(avg\) +1 +10 +6/.test(await ok('get', 'hpa', 'worker')), patient);
    await apply(
      autoscaler('worker', `{ type: External, external: { metric: { name: backlog }, ${target} } }`),
    );
    await eventually(async () => (await ready('worker')) === '3', patient);
    expect(await lastRescale('worker')).toBe('New size: 3; reason: All metrics below target');
    expect(await ok('describe', 'apiservice', 'v1beta1.external.metrics.k8s.io')).toMatch(/Status: +True/);
  });

  it('scales by metrics of Pods and of objects', async () => {
    await run('api', 2);
    await ok('expose', 'deployment', 'api', '--port=80');
    await ok('annotate', 'service', 'api', 'load.metrics.drydock.dev/requests=100');
    await ok('annotate', 'service', 'api', 'metrics.drydock.dev/connections=90');
    const custom = '/apis/custom.metrics.k8s.io/v1beta2/namespaces/default';
    await eventually(async () => {
      const { items } = await raw(`${custom}/pods/*/requests?labelSelector=app%3Dapi`);
      return JSON.stringify((items as { value: string }[]).map(({ value }) => value)) === '["50","50"]';
    }, patient);
    expect(await raw(`${custom}/services/api/connections`)).toMatchObject({
      items: [
        { describedObject: { kind: 'Service', name: 'api' }, metric: { name: 'connections' }, value: '90' },
      ],
    });
    const missing = await kubectl.try(['get', '--raw', `${custom}/services/api/nothing`]);
    expect(missing.stderr).toContain('the server could not find the metric nothing for services api');
    await apply(
      autoscaler(
        'api',
        '{ type: Pods, pods: { metric: { name: requests }, target: { type: AverageValue, averageValue: "25" } } }',
      ),
    );
    // 50 of 25 are twice as many; shared by four it is as wanted.
    await eventually(async () => (await ready('api')) === '4', patient);
    expect(await lastRescale('api')).toBe('New size: 4; reason: pods metric requests above target');
    await eventually(async () => /25\/25 +1 +10 +4/.test(await ok('get', 'hpa', 'api')), patient);
    await apply(
      autoscaler(
        'api',
        '{ type: Object, object: { metric: { name: connections }, describedObject: { apiVersion: v1, kind: Service, name: api }, target: { type: Value, value: "60" } } }',
      ),
    );
    // What is not shared goes on asking for more: six are there for a second.
    const more = 'New size: 6; reason: Service metric connections above target';
    await eventually(async () => (await rescales('api')).includes(more), patient);
  });

  it('keeps to the policies of a behaviour', async () => {
    await run('slow', 2);
    await ok('expose', 'deployment', 'slow', '--port=80');
    await ok('annotate', 'service', 'slow', 'load.metrics.drydock.dev/requests=100');
    const metric =
      '{ type: Pods, pods: { metric: { name: requests }, target: { type: AverageValue, averageValue: "10" } } }';
    await apply(
      autoscaler(
        'slow',
        metric,
        `  behavior:
    scaleUp: { policies: [{ type: Pods, value: 1, periodSeconds: 1800 }] }
    scaleDown: { selectPolicy: Disabled, policies: [{ type: Percent, value: 100, periodSeconds: 15 }] }
`,
      ),
    );
    const limited = async () => /ScalingLimited +True +(\w+)/.exec(await ok('describe', 'hpa', 'slow'))?.[1];
    await eventually(async () => (await ready('slow')) === '3', patient);
    await eventually(async () => (await limited()) === 'ScaleUpLimit', patient);
    await ok('annotate', '--overwrite', 'service', 'slow', 'load.metrics.drydock.dev/requests=1');
    await eventually(async () => (await limited()) === 'ScaleDownLimit', patient);
    expect(await ready('slow')).toBe('3');
  });

  it('knows autoscaling/v1, and targets of any kind that can be scaled', async () => {
    await apply(`apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: fleets.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { plural: fleets, singular: fleet, kind: Fleet }
  versions:
  - name: v1
    served: true
    storage: true
    schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
    subresources:
      status: {}
      scale:
        specReplicasPath: .spec.replicas
        statusReplicasPath: .status.replicas
        labelSelectorPath: .status.selector
`);
    await ok('wait', '--for=condition=Established', 'crd/fleets.example.com', '--timeout=60s');
    for (const name of ['ship-1', 'ship-2'])
      await apply(`apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { fleet: blue }, annotations: { drydock.dev/cpu-usage: 150m } }
spec: { containers: [{ name: c, image: nginx, resources: { requests: { cpu: 100m } } }] }
`);
    await ok('wait', '--for=condition=Ready', 'pod', '-l', 'fleet=blue', '--timeout=60s');
    await apply('apiVersion: example.com/v1\nkind: Fleet\nmetadata: { name: blue }\nspec: { replicas: 2 }\n');
    const status = '{"status":{"replicas":2,"selector":"fleet=blue"}}';
    await ok('patch', 'fleets', 'blue', '--subresource=status', '--type=merge', '-p', status);
    await apply(`apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: { name: blue }
spec:
  scaleTargetRef: { apiVersion: example.com/v1, kind: Fleet, name: blue }
  minReplicas: 1
  maxReplicas: 10
  targetCPUUtilizationPercentage: 50
`);
    const replicas = () => ok('get', 'fleet', 'blue', '-o', 'jsonpath={.spec.replicas}');
    // 150 % of 50 % by two Pods are six; nobody makes more of them.
    await eventually(async () => (await replicas()) === '6', patient);
    await eventually(
      async () =>
        (await ok(
          'get',
          'horizontalpodautoscalers.v1.autoscaling',
          'blue',
          '-o',
          'jsonpath={.status.currentCPUUtilizationPercentage}',
        )) === '150',
      patient,
    );
    const v2 = '{.spec.metrics[0].resource.target.averageUtilization}';
    expect(await ok('get', 'horizontalpodautoscalers.v2.autoscaling', 'blue', '-o', `jsonpath=${v2}`)).toBe(
      '50',
    );
  });
});
