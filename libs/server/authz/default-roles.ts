import type { ClusterRole, ClusterRoleBinding, PolicyRule } from '@drydock/api/rbac/v1';

const apiVersion = 'rbac.authorization.k8s.io/v1';
const reading = ['get', 'list', 'watch'];
const writing = ['create', 'delete', 'deletecollection', 'patch', 'update'];

const withStatus = (...resources: string[]): string[] => resources.flatMap((one) => [one, `${one}/status`]);
const withScale = (...resources: string[]): string[] => resources.flatMap((one) => [one, `${one}/scale`]);
const rule = (apiGroup: string, resources: readonly string[], verbs: readonly string[]): PolicyRule => ({
  apiGroups: [apiGroup],
  resources: [...resources],
  verbs: [...verbs],
});

const scalable = withScale('deployments', 'replicasets', 'statefulsets');
const workloads = ['daemonsets', ...scalable];

const viewRules: PolicyRule[] = [
  rule(
    '',
    [
      ...['configmaps', 'endpoints', ...withStatus('persistentvolumeclaims'), 'pods'],
      ...[...withScale('replicationcontrollers'), 'serviceaccounts', ...withStatus('services')],
      ...['bindings', 'events', 'limitranges', 'namespaces/status', 'pods/log', 'pods/status'],
      ...['replicationcontrollers/status', ...withStatus('resourcequotas'), 'namespaces'],
    ],
    reading,
  ),
  rule('discovery.k8s.io', ['endpointslices'], reading),
  rule(
    'apps',
    [
      'controllerrevisions',
      ...workloads,
      ...['daemonsets', 'deployments', 'replicasets', 'statefulsets'].map((one) => `${one}/status`),
    ],
    reading,
  ),
  rule('autoscaling', withStatus('horizontalpodautoscalers'), reading),
  rule('batch', withStatus('cronjobs', 'jobs'), reading),
  rule('policy', withStatus('poddisruptionbudgets'), reading),
  rule('networking.k8s.io', [...withStatus('ingresses'), 'networkpolicies'], reading),
];

const editRules: PolicyRule[] = [
  rule(
    '',
    ['pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'secrets', 'services/proxy'],
    reading,
  ),
  rule('', ['serviceaccounts'], ['impersonate']),
  rule('', ['pods', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy'], writing),
  rule('', ['pods/eviction', 'serviceaccounts/token'], ['create']),
  rule(
    '',
    [
      ...['configmaps', 'events', 'persistentvolumeclaims', ...withScale('replicationcontrollers')],
      ...['secrets', 'serviceaccounts', 'services', 'services/proxy'],
    ],
    writing,
  ),
  rule('apps', ['deployments/rollback', ...workloads], writing),
  rule('autoscaling', ['horizontalpodautoscalers'], writing),
  rule('batch', ['cronjobs', 'jobs'], writing),
  rule('policy', ['poddisruptionbudgets'], writing),
  rule('networking.k8s.io', ['ingresses', 'networkpolicies'], writing),
  rule('coordination.k8s.io', ['leases'], [...reading, ...writing]),
];

const adminRules: PolicyRule[] = [
  rule('authorization.k8s.io', ['localsubjectaccessreviews'], ['create']),
  rule('rbac.authorization.k8s.io', ['rolebindings', 'roles'], [...reading, ...writing]),
];

const discoveryPaths = ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*'];
const publicPaths = ['/healthz', '/livez', '/readyz', '/version', '/version/'];

const labels = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' };

function role(name: string, rules: PolicyRule[], more: Record<string, string> = {}): ClusterRole {
  return {
    apiVersion,
    kind: 'ClusterRole',
    metadata: { name, labels: { ...labels, ...more }, annotations },
    rules,
  };
}

/** A role whose rules are those of others, found by label; they stand here too, so that it is whole from the start. */
function aggregated(
  name: string,
  from: string,
  rules: PolicyRule[],
  more: Record<string, string> = {},
): ClusterRole {
  return {
    ...role(name, rules, more),
    aggregationRule: {
      clusterRoleSelectors: [{ matchLabels: { [`rbac.authorization.k8s.io/aggregate-to-${from}`]: 'true' } }],
    },
  };
}

const aggregates = (to: string) => ({ [`rbac.authorization.k8s.io/aggregate-to-${to}`]: 'true' });

/** The cluster roles that users of Kubernetes find in every cluster. */
export const defaultRoles: readonly ClusterRole[] = [
  role('cluster-admin', [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ]),
  aggregated('admin', 'admin', [...adminRules, ...editRules, ...viewRules]),
  aggregated('edit', 'edit', [...editRules, ...viewRules], aggregates('admin')),
  aggregated('view', 'view', [...viewRules], aggregates('edit')),
  role('system:aggregate-to-admin', adminRules, aggregates('admin')),
  role('system:aggregate-to-edit', editRules, aggregates('edit')),
  role('system:aggregate-to-view', viewRules, aggregates('view')),
  role('system:discovery', [{ nonResourceURLs: [...discoveryPaths, ...publicPaths], verbs: ['get'] }]),
  role('system:public-info-viewer', [{ nonResourceURLs: publicPaths, verbs: ['get'] }]),
  role('system:basic-user', [
    rule('authorization.k8s.io', ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], ['create']),
    rule('authentication.k8s.io', ['selfsubjectreviews'], ['create']),
  ]),
  role('system:monitoring', [
    {
      nonResourceURLs: [
        ...['/healthz', '/healthz/*', '/livez', '/livez/*', '/metrics', '/metrics/slis'],
        ...['/readyz', '/readyz/*'],
      ],
      verbs: ['get'],
    },
  ]),
  role('system:service-account-issuer-discovery', [
    {
      nonResourceURLs: [
        '/.well-known/openid-configuration',
        '/.well-known/openid-configuration/',
        '/openid/v1/jwks',
        '/openid/v1/jwks/',
      ],
      verbs: ['get'],
    },
  ]),
  role('system:auth-delegator', [
    rule('authentication.k8s.io', ['tokenreviews'], ['create']),
    rule('authorization.k8s.io', ['subjectaccessreviews'], ['create']),
  ]),
];

function binding(name: string, ...groups: string[]): ClusterRoleBinding {
  return {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: { name, labels, annotations },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: groups.map((group) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group })),
  };
}

export const defaultBindings: readonly ClusterRoleBinding[] = [
  binding('cluster-admin', 'system:masters'),
  binding('system:discovery', 'system:authenticated'),
  binding('system:basic-user', 'system:authenticated'),
  binding('system:public-info-viewer', 'system:authenticated', 'system:unauthenticated'),
  binding('system:monitoring', 'system:monitoring'),
  binding('system:service-account-issuer-discovery', 'system:serviceaccounts'),
];
