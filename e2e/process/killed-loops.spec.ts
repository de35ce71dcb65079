import { loadCertificateMaker } from '@drydock/http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKubectl,
  eventually,
  kubectlsToTest,
  startProcessCluster,
  type Kubectl,
  type ProcessCluster,
} from '../support/index.ts';

const patient = { timeoutMs: 120_000, everyMs: 250 };
const loops = [
  ...['--leader-elect', 'false', '--allocate-node-cidrs', '--cluster-cidr', '10.244.0.0/16'],
  ...['--horizontal-pod-autoscaler-sync-period', '1s', '--node-monitor-grace-period', '15s'],
];

const container = { name: 'c', image: 'nginx:1' };
const podOf = (app: string, more: object = {}, annotations: object = {}) => ({
  metadata: { labels: { app }, annotations },
  spec: { containers: [container], ...more },
});
const selecting = (app: string, more: object = {}) => ({
  selector: { matchLabels: { app } },
  template: podOf(app, more),
});
const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
const object = (
  apiVersion: string,
  kind: string,
  name: string,
  body: object = {},
  metadata: object = {},
) => ({
  apiVersion,
  kind,
  metadata: { name, ...metadata },
  ...body,
});
const spec = (apiVersion: string, kind: string, name: string, of: object) =>
  object(apiVersion, kind, name, { spec: of });

/** Devices of a node, of which the first may have broken. */
const slice = (...taints: object[]) => ({
  driver: 'gpu.example.com',
  nodeName: 'node-0',
  pool: { name: 'node-0', generation: 1, resourceSliceCount: 1 },
  devices: ['a', 'b', 'c'].map((name) => ({
    name,
    ...(name === 'a' && taints.length > 0 ? { taints } : {}),
  })),
});
const devicesInUse = 'get resourceclaims -o jsonpath={.items[*].status.allocation.devices.results[*].device}';

/** Work for every loop that reacts to what a person applies. */
const first = (signingRequest: string) => [
  spec('apps/v1', 'Deployment', 'web', { replicas: 4, ...selecting('web') }),
  spec('v1', 'Service', 'web', { selector: { app: 'web' }, ports: [{ port: 80 }] }),
  spec('policy/v1', 'PodDisruptionBudget', 'web', {
    minAvailable: 3,
    selector: { matchLabels: { app: 'web' } },
  }),
  spec('v1', 'ReplicationController', 'old', {
    replicas: 2,
    selector: { app: 'old' },
    template: podOf('old'),
  }),
  spec('apps/v1', 'DaemonSet', 'each', selecting('each')),
  spec('apps/v1', 'StatefulSet', 'db', {
    replicas: 2,
    serviceName: 'db',
    ...selecting('db'),
    volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claim }],
  }),
  spec('batch/v1', 'Job', 'count', {
    completions: 5,
    parallelism: 2,
    template: podOf('count', { restartPolicy: 'Never' }, { 'drydock.dev/exit-after': '300ms' }),
  }),
  spec('batch/v1', 'Job', 'brief', {
    ttlSecondsAfterFinished: 1,
    template: podOf('brief', { restartPolicy: 'Never' }, { 'drydock.dev/exit-after': '100ms' }),
  }),
  object('v1', 'Pod', 'own-volume', {
    spec: {
      containers: [container],
      volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: claim } } }],
    },
  }),
  spec('resource.k8s.io/v1', 'DeviceClass', 'gpu', {}),
  spec('resource.k8s.io/v1', 'ResourceSlice', 'gpus', slice()),
  spec('resource.k8s.io/v1', 'ResourceClaimTemplate', 'gpu', {
    spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu' } }] } },
  }),
  spec('apps/v1', 'Deployment', 'gpus', {
    replicas: 2,
    ...selecting('gpus', { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'gpu' }] }),
  }),
  spec('v1', 'ResourceQuota', 'some', { hard: { configmaps: '20', 'count/jobs.batch': '9' } }),
  spec('apps/v1', 'Deployment', 'load', { replicas: 1, ...selecting('load') }),
  spec('autoscaling/v2', 'HorizontalPodAutoscaler', 'load', {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'load' },
    minReplicas: 3,
    maxReplicas: 5,
    metrics: [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'AverageValue', averageValue: '1' } } },
    ],
  }),
  spec('batch/v1', 'CronJob', 'minutely', {
    schedule: '* * * * *',
    jobTemplate: {
      spec: {
        template: podOf('minutely', { restartPolicy: 'Never' }, { 'drydock.dev/exit-after': '100ms' }),
      },
    },
  }),
  object('v1', 'Namespace', 'fresh'),
  object('v1', 'Namespace', 'doomed'),
  object('v1', 'ConfigMap', 'inside', {}, { namespace: 'doomed' }),
  spec('v1', 'Service', 'outside', { ports: [{ port: 80 }] }),
  object('v1', 'Endpoints', 'outside', {
    subsets: [{ addresses: [{ ip: '192.0.2.1' }, { ip: '192.0.2.2' }], ports: [{ port: 80 }] }],
  }),
  object('v1', 'ServiceAccount', 'robot'),
  object(
    'v1',
    'Secret',
    'robot-token',
    { type: 'kubernetes.io/service-account-token' },
    { annotations: { 'kubernetes.io/service-account.name': 'robot' } },
  ),
  object('rbac.authorization.k8s.io/v1', 'ClusterRole', 'sum', {
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'sum' } }] },
  }),
  ...['get', 'list'].map((verb) =>
    object(
      'rbac.authorization.k8s.io/v1',
      'ClusterRole',
      `part-${verb}`,
      { rules: [{ apiGroups: [''], resources: ['pods'], verbs: [verb] }] },
      { labels: { part: 'sum' } },
    ),
  ),
  spec('certificates.k8s.io/v1', 'CertificateSigningRequest', 'jane', {
    request: Buffer.from(signingRequest).toString('base64'),
    signerName: 'kubernetes.io/kube-apiserver-client',
    usages: ['client auth'],
  }),
];

// Much of it is waiting: for the minute of a CronJob, and for how long a lost node and its Pods are kept.
const timeout = 300_000;

describe.each(kubectlsToTest().slice(-1))(
  'loops killed at work, with kubectl $version',
  { timeout },
  (binary) => {
    let cluster: ProcessCluster;
    let kubectl: Kubectl;
    const apply = (objects: readonly object[]) =>
      kubectl('apply -f -', { stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) });
    const becomes = (args: string, expected: string | RegExp) =>
      eventually(
        async () => {
          const answer = (await kubectl(args)).trim();
          if (typeof expected === 'string' ? answer === expected : expected.test(answer)) return true;
          throw new Error(`${args}: ${answer}, not ${String(expected)}`);
        },
        { ...patient, what: `${String(expected)} from kubectl ${args}` },
      );

    /** One after the other: all of it comes about meanwhile, and many kubectls at once would only be in its way. */
    async function become(...wanted: readonly (readonly [args: string, expected: string | RegExp])[]) {
      for (const [args, expected] of wanted) await becomes(args, expected);
    }

    /** Kills the controller-manager again and again, each time a little later in its work, while `work` is done. */
    async function killing(times: number, work: () => Promise<unknown>): Promise<void> {
      const working = work();
      for (let round = 0; round < times; round++) {
        await new Promise((resolve) => setTimeout(resolve, 40 + 100 * round));
        await cluster.kill('controller-manager');
        await cluster.start('controller-manager');
      }
      await working;
    }

    beforeAll(async () => {
      cluster = await startProcessCluster({
        args: {
          'controller-manager': loops,
          'kubelet-sim': ['--nodes', '3', '--allocate-node-cidrs'],
          'metrics-server': ['--metric-resolution', '1s'],
        },
      });
      kubectl = createKubectl(binary, cluster.kubeconfig);
      await eventually(() => kubectl('get --raw /readyz'), patient);
      // Pods are refused before there is an account for them.
      await eventually(() => kubectl('get serviceaccount default'), patient);
    }, 120_000);
    afterAll(() => cluster?.stop(), 60_000);

    it('what is begun under kills is brought to its end', async () => {
      const { createSigningRequest } = await loadCertificateMaker();
      const { request } = await createSigningRequest({ commonName: 'jane', organizations: ['devs'] });
      await killing(5, async () => {
        await apply(first(request));
        await kubectl('certificate approve jane');
      });
      await become(
        ['get deployment web -o jsonpath={.status.availableReplicas}', '4'],
        ['get endpoints web -o jsonpath={.subsets[0].addresses[*].ip}', /^(\S+ ){3}\S+$/],
        ['get pdb web -o jsonpath={.status.disruptionsAllowed}', '1'],
        ['get rc old -o jsonpath={.status.readyReplicas}', '2'],
        ['get daemonset each -o jsonpath={.status.numberReady}', '3'],
        ['get statefulset db -o jsonpath={.status.readyReplicas}', '2'],
        ['get job count -o jsonpath={.status.succeeded}', '5'],
        ['get job brief --ignore-not-found', ''],
        ['get pvc own-volume-scratch -o jsonpath={.status.phase}', 'Bound'],
        ['get pod own-volume -o jsonpath={.status.phase}', 'Running'],
        ['get deployment load -o jsonpath={.status.readyReplicas}', '3'],
        ['get deployment gpus -o jsonpath={.status.readyReplicas}', '2'],
        [devicesInUse, /^(a b|b a)$/],
        ['get serviceaccount default -n fresh -o name', 'serviceaccount/default'],
        ['get configmap kube-root-ca.crt -n fresh -o name', 'configmap/kube-root-ca.crt'],
        ['get secret robot-token -o jsonpath={.data.token}', /^\S{100,}$/],
        ['get clusterrole sum -o jsonpath={.rules[*].verbs[0]}', 'get list'],
        ['get csr jane -o jsonpath={.status.certificate}', /^\S{100,}$/],
        ['get nodes -o jsonpath={.items[*].spec.podCIDR}', /^(10\.244\.\d\.0\/24 ?){3}$/],
        [
          'get endpointslices -l kubernetes.io/service-name=outside -o jsonpath={.items[*].endpoints[*].addresses[0]}',
          '192.0.2.1 192.0.2.2',
        ],
        ['get quota some -o jsonpath={.status.used}', /^{"configmaps":"1","count\/jobs.batch":"[1-4]"}$/],
        ['get volumeattachments -o jsonpath={.items[*].status.attached}', 'true true true'],
      );
      const cidrs = (await kubectl('get nodes -o jsonpath={.items[*].spec.podCIDR}')).trim().split(' ');
      expect(new Set(cidrs).size).toBe(3);
    });

    it('what is changed under kills is brought to its end', async () => {
      await kubectl('create configmap owner');
      const uid = (await kubectl('get configmap owner -o jsonpath={.metadata.uid}')).trim();
      const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }];
      await apply(
        ['one', 'two', 'three'].map((name) => object('v1', 'ConfigMap', name, {}, { ownerReferences })),
      );
      await killing(5, async () => {
        await Promise.all([
          kubectl('delete namespace doomed --wait=false'),
          kubectl('delete configmap owner'),
          kubectl('set image deployment/web c=nginx:2'),
          kubectl('set image daemonset/each c=nginx:2'),
          kubectl('set image statefulset/db c=nginx:2'),
          kubectl('scale rc/old --replicas=5'),
          kubectl('delete pod own-volume --wait=false'),
          kubectl(['patch', 'hpa', 'load', '-p', '{"spec":{"minReplicas":4}}']),
          kubectl([
            ...['patch', 'pvc', 'data-db-0', '-p'],
            '{"spec":{"resources":{"requests":{"storage":"3Gi"}}}}',
          ]),
          apply([
            spec(
              'resource.k8s.io/v1',
              'ResourceSlice',
              'gpus',
              slice({ key: 'broken', effect: 'NoExecute' }),
            ),
          ]),
          kubectl('delete clusterrole part-get'),
          kubectl('delete serviceaccount robot'),
          kubectl('taint node node-2 gone=yes:NoExecute'),
        ]);
      });
      await become(
        ['get namespace doomed --ignore-not-found', ''],
        ['get configmaps --no-headers -o name', 'configmap/kube-root-ca.crt'],
        ['get rc old -o jsonpath={.status.readyReplicas}', '5'],
        ['get deployment load -o jsonpath={.status.readyReplicas}', '4'],
        [devicesInUse, /^(b c|c b)$/],
        ['get deployment gpus -o jsonpath={.status.readyReplicas}', '2'],
        ['get pvc own-volume-scratch --ignore-not-found', ''],
        ['get pvc data-db-0 -o jsonpath={.status.capacity.storage}', '3Gi'],
        ['get clusterrole sum -o jsonpath={.rules[*].verbs[0]}', 'list'],
        ['get secret robot-token --ignore-not-found', ''],
        ['get pods --field-selector spec.nodeName=node-2 -o name', ''],
      );
      await kubectl('rollout status deployment/web --timeout=60s');
      await kubectl('rollout status daemonset/each --timeout=60s');
      await kubectl('rollout status statefulset/db --timeout=60s');
      const images = async (app: string) =>
        (await kubectl(`get pods -l app=${app} -o jsonpath={.items[*].spec.containers[*].image}`)).trim();
      expect(await images('web')).toBe('nginx:2 nginx:2 nginx:2 nginx:2');
      expect(await images('db')).toBe('nginx:2 nginx:2');
      expect(await images('each')).toBe('nginx:2 nginx:2');
      await becomes('get pdb web -o jsonpath={.status.currentHealthy}', '4');
      await becomes('get endpoints web -o jsonpath={.subsets[0].addresses[*].ip}', /^(\S+ ){3}\S+$/);
    });

    it('a lost node is emptied, what was on it is forgotten with it, and CronJobs run once a minute', async () => {
      const unreachable = {
        key: 'node.kubernetes.io/unreachable',
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 1,
      };
      const lonely = { nodeSelector: { 'kubernetes.io/hostname': 'node-3' } };
      await cluster.start('kubelet-sim-2', 'kubelet-sim', [
        ...['--nodes', '1', '--first-node', '3', '--allocate-node-cidrs'],
      ]);
      await apply([
        spec('apps/v1', 'ReplicaSet', 'there', {
          replicas: 2,
          ...selecting('there', { ...lonely, tolerations: [unreachable] }),
        }),
      ]);
      await becomes('get replicaset there -o jsonpath={.status.readyReplicas}', '2');
      const before = (await kubectl('get pods -l app=there -o jsonpath={.items[*].metadata.name}'))
        .trim()
        .split(' ');
      await cluster.kill('kubelet-sim-2');
      await becomes('get node node-3 -o jsonpath={.status.conditions[?(@.type=="Ready")].status}', 'Unknown');
      await killing(4, () =>
        becomes('get node node-3 -o jsonpath={.spec.taints[*].key}', /unreachable.*unreachable/),
      );
      // Evicted: others wait in their stead, and they wait for a kubelet that is away.
      await becomes('get replicaset there -o jsonpath={.status.replicas}', '2');
      for (const name of before)
        await becomes(`get pod ${name} -o jsonpath={.metadata.deletionTimestamp}`, /^\d{4}-.*Z$/);
      await kubectl('delete node node-3');
      await killing(3, async () => {
        await becomes(`get pod ${before.join(' ')} --ignore-not-found`, '');
      });
      await becomes('get pods -l app=there -o jsonpath={.items[*].status.phase}', 'Pending Pending');
      await becomes('get cronjob minutely -o jsonpath={.status.lastSuccessfulTime}', /Z$/);
      const times = (
        await kubectl(
          'get jobs -o jsonpath={.items[*].metadata.annotations.batch\\.kubernetes\\.io/cronjob-scheduled-timestamp}',
        )
      )
        .trim()
        .split(' ');
      expect(times.length).toBeGreaterThan(0);
      expect(new Set(times).size).toBe(times.length);
    });
  },
);
