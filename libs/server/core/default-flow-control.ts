import type { FlowSchema, PriorityLevelConfiguration } from '@drydock/api/flowcontrol/v1';
import { mandatoryFlowSchemas } from '../resources/flowcontrol/mandatory.ts';

const apiVersion = 'flowcontrol.apiserver.k8s.io/v1';
const annotations = { 'apf.kubernetes.io/autoupdate-spec': 'true' };

function level(name: string, shares: number, queues?: number, handSize?: number): PriorityLevelConfiguration {
  const queuing = queues === undefined ? undefined : { queues, handSize, queueLengthLimit: 50 };
  return {
    apiVersion,
    kind: 'PriorityLevelConfiguration',
    metadata: { name, annotations },
    spec: {
      type: 'Limited',
      limited: {
        nominalConcurrencyShares: shares,
        lendablePercent: lendable[name] ?? 0,
        limitResponse: queuing === undefined ? { type: 'Reject' } : { type: 'Queue', queuing },
      },
    },
  } as PriorityLevelConfiguration;
}

/** How much of its share a level lends to others that need it. */
const lendable: Readonly<Record<string, number>> = {
  system: 33,
  'node-high': 25,
  'leader-election': 0,
  'workload-high': 50,
  'workload-low': 90,
  'global-default': 50,
};

/** The priority levels of every cluster. */
export const defaultPriorityLevels: readonly PriorityLevelConfiguration[] = [
  {
    apiVersion,
    kind: 'PriorityLevelConfiguration',
    metadata: { name: 'exempt', annotations },
    spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  },
  level('catch-all', 5),
  level('system', 30, 64, 6),
  level('node-high', 40, 64, 6),
  level('leader-election', 10, 16, 4),
  level('workload-high', 40, 128, 6),
  level('workload-low', 100, 128, 6),
  level('global-default', 20, 128, 6),
];

const group = (name: string) => ({ kind: 'Group', group: { name } });
const user = (name: string) => ({ kind: 'User', user: { name } });
const account = (namespace: string, name = '*') => ({
  kind: 'ServiceAccount',
  serviceAccount: { namespace, name },
});
const everybody = [group('system:unauthenticated'), group('system:authenticated')];
const anything = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true };
const anyPath = { verbs: ['*'], nonResourceURLs: ['*'] };
const all = { resourceRules: [anything], nonResourceRules: [anyPath] };
const leases = (namespaces: string[]) => ({
  resourceRules: [
    {
      verbs: ['get', 'create', 'update'],
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
      namespaces,
    },
  ],
});

function flow(
  name: string,
  matchingPrecedence: number,
  priorityLevel: string,
  by: string | undefined,
  ...rules: readonly object[]
): FlowSchema {
  return {
    apiVersion,
    kind: 'FlowSchema',
    metadata: { name, annotations },
    spec: {
      matchingPrecedence,
      priorityLevelConfiguration: { name: priorityLevel },
      ...(by === undefined ? {} : { distinguisherMethod: { type: by } }),
      rules,
    },
  } as unknown as FlowSchema;
}

function mandatory(name: string): FlowSchema {
  return {
    apiVersion,
    kind: 'FlowSchema',
    metadata: { name, annotations },
    spec: mandatoryFlowSchemas[name]!,
  };
}

/** The flow schemas of every cluster, which say of what level a request is. */
export const defaultFlowSchemas: readonly FlowSchema[] = [
  mandatory('exempt'),
  flow('probes', 2, 'exempt', undefined, {
    subjects: everybody,
    nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
  }),
  flow('system-leader-election', 100, 'leader-election', 'ByUser', {
    subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler'), account('kube-system')],
    ...leases(['kube-system']),
  }),
  flow('endpoint-controller', 150, 'workload-high', 'ByUser', {
    subjects: [
      user('system:kube-controller-manager'),
      account('kube-system', 'endpoint-controller'),
      account('kube-system', 'endpointslicemirroring-controller'),
    ],
    resourceRules: [
      { verbs: ['get', 'create', 'update'], apiGroups: [''], resources: ['endpoints'], namespaces: ['*'] },
    ],
  }),
  flow('workload-leader-election', 200, 'leader-election', 'ByUser', {
    subjects: [account('kube-system')],
    ...leases(['*']),
  }),
  flow('system-node-high', 400, 'node-high', 'ByUser', {
    subjects: [group('system:nodes')],
    resourceRules: [
      {
        verbs: ['*'],
        apiGroups: [''],
        resources: ['nodes', 'nodes/status'],
        namespaces: ['*'],
        clusterScope: true,
      },
      { verbs: ['*'], apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] },
    ],
  }),
  flow('system-nodes', 500, 'system', 'ByUser', { subjects: [group('system:nodes')], ...all }),
  flow('kube-controller-manager', 800, 'workload-high', 'ByNamespace', {
    subjects: [user('system:kube-controller-manager')],
    ...all,
  }),
  flow('kube-scheduler', 800, 'workload-high', 'ByNamespace', {
    subjects: [user('system:kube-scheduler')],
    ...all,
  }),
  flow('kube-system-service-accounts', 900, 'workload-high', 'ByNamespace', {
    subjects: [account('kube-system')],
    ...all,
  }),
  flow('service-accounts', 9_000, 'workload-low', 'ByUser', {
    subjects: [group('system:serviceaccounts')],
    ...all,
  }),
  flow('global-default', 9_900, 'global-default', 'ByUser', { subjects: everybody, ...all }),
  mandatory('catch-all'),
];
