// The smallest valid object of each kind that can be created, for tests that treat all kinds alike.

export interface Sample {
  /** As kubectl takes it: `deployments.apps`. */
  readonly resource: string;
  readonly name: string;
  readonly namespaced: boolean;
  readonly object: Readonly<Record<string, unknown>>;
}

/** Where the samples expect to be: an Event names the namespace of what it is about. */
export const sampleNamespace = 'kinds';

const labels = { app: 'sample' };
const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } };
const job = { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } };
const storage = { resources: { requests: { storage: '1Gi' } }, accessModes: ['ReadWriteOnce'] };
const webhook = {
  name: 'hook.example.org',
  admissionReviewVersions: ['v1'],
  sideEffects: 'None',
  failurePolicy: 'Ignore',
  clientConfig: { url: 'https://127.0.0.1:1/hook' },
  rules: [{ apiGroups: ['example.org'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['things'] }],
};
const deviceClaim = { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'sample' } }] } };
const matchNothing = {
  resourceRules: [
    { apiGroups: ['example.org'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['things'] },
  ],
};

function sample(
  apiVersion: string,
  kind: string,
  plural: string,
  namespaced: boolean,
  fields: Readonly<Record<string, unknown>> = {},
  name = 'sample',
): Sample {
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : undefined;
  return {
    resource: group === undefined ? plural : `${plural}.${group}`,
    name,
    namespaced,
    object: { apiVersion, kind, metadata: { name, ...(plural === 'nodes' ? { labels } : {}) }, ...fields },
  };
}

/** A certificate signing request for CN=sample, O=samples; PEM in base64. */
const signingRequest = [
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIZE1JR0ZBZ0VBTUNNeER6QU5CZ05WQkFNTUJuTm',
  'hiWEJzWlRFUU1BNEdBMVVFQ2d3SGMyRnRjR3hsY3pCWgpNQk1HQnlxR1NNNDlBZ0VHQ0NxR1NNNDlBd0VIQTBJQUJG',
  'amhOSmNwSHlTdEVpZExJbk4vSXB4YXhRMHgyYklmCnRLZmdaeTcwaW9aem1DUGd5SUhqNGJqODNNancrL2NaQ2ltOF',
  'l3NXRsZ1hGUFg0aWpYVHBOU0tnQURBS0JnZ3EKaGtqT1BRUURBZ05IQURCRUFpQmJyc0wxSVV2U2JRSFR2MWRWREVu',
  'aUZmZ3h6aERCeU1GdzF5OS83aDdXYUFJZwphT3VxU1BrN2lSQW1RWWRKNjBXM2VpSE12c0RPQ0pXbTdaNkE1Wi9YaW',
  'pVPQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K',
].join('');

/** In an order in which they can be created one after the other in one namespace. */
export const samples: readonly Sample[] = [
  sample('v1', 'ConfigMap', 'configmaps', true, { data: { key: 'value' } }),
  sample('v1', 'Endpoints', 'endpoints', true, {
    subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80 }] }],
  }),
  sample('v1', 'Event', 'events', true, {
    involvedObject: { kind: 'ConfigMap', apiVersion: 'v1', name: 'sample', namespace: sampleNamespace },
    reason: 'Sampled',
    message: 'one was taken',
    type: 'Normal',
  }),
  sample('v1', 'LimitRange', 'limitranges', true, {
    spec: { limits: [{ type: 'Container', default: { memory: '64Mi' } }] },
  }),
  sample('v1', 'Namespace', 'namespaces', false, {}, 'sample-namespace'),
  sample('v1', 'PersistentVolume', 'persistentvolumes', false, {
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/data' } },
  }),
  sample('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', true, { spec: storage }),
  sample('v1', 'Pod', 'pods', true, { spec: template.spec }),
  sample('v1', 'PodTemplate', 'podtemplates', true, { template }),
  sample('v1', 'ReplicationController', 'replicationcontrollers', true, {
    spec: {
      replicas: 1,
      selector: { app: 'rc' },
      template: { ...template, metadata: { labels: { app: 'rc' } } },
    },
  }),
  sample('v1', 'ResourceQuota', 'resourcequotas', true, { spec: { hard: { pods: '50' } } }),
  sample('v1', 'Secret', 'secrets', true, { stringData: { key: 'value' } }),
  sample('v1', 'ServiceAccount', 'serviceaccounts', true),
  sample('v1', 'Service', 'services', true, { spec: { selector: labels, ports: [{ port: 80 }] } }, 'service'),
  sample('v1', 'Node', 'nodes', false),
  sample(
    'admissionregistration.k8s.io/v1',
    'MutatingWebhookConfiguration',
    'mutatingwebhookconfigurations',
    false,
    {
      webhooks: [webhook],
    },
  ),
  sample(
    'admissionregistration.k8s.io/v1',
    'ValidatingWebhookConfiguration',
    'validatingwebhookconfigurations',
    false,
    { webhooks: [webhook] },
  ),
  sample(
    'admissionregistration.k8s.io/v1',
    'ValidatingAdmissionPolicy',
    'validatingadmissionpolicies',
    false,
    {
      spec: { matchConstraints: matchNothing, validations: [{ expression: 'true' }] },
    },
  ),
  sample(
    'admissionregistration.k8s.io/v1',
    'ValidatingAdmissionPolicyBinding',
    'validatingadmissionpolicybindings',
    false,
    { spec: { policyName: 'sample', validationActions: ['Deny'] } },
  ),
  sample(
    'apiextensions.k8s.io/v1',
    'CustomResourceDefinition',
    'customresourcedefinitions',
    false,
    {
      spec: {
        group: 'example.org',
        scope: 'Namespaced',
        names: { plural: 'samples', singular: 'sample', kind: 'Sample', listKind: 'SampleList' },
        versions: [
          { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
        ],
      },
    },
    'samples.example.org',
  ),
  sample('apps/v1', 'ControllerRevision', 'controllerrevisions', true, { revision: 1, data: { a: 'b' } }),
  sample('apps/v1', 'DaemonSet', 'daemonsets', true, {
    spec: { selector: { matchLabels: labels }, template },
  }),
  sample('apps/v1', 'Deployment', 'deployments', true, {
    spec: { selector: { matchLabels: labels }, template },
  }),
  sample(
    'apps/v1',
    'ReplicaSet',
    'replicasets',
    true,
    {
      spec: { replicas: 1, selector: { matchLabels: labels }, template },
    },
    'set',
  ),
  sample('apps/v1', 'StatefulSet', 'statefulsets', true, {
    spec: { serviceName: 'service', selector: { matchLabels: labels }, template },
  }),
  sample('autoscaling/v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', true, {
    spec: {
      maxReplicas: 3,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'sample' },
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
        },
      ],
    },
  }),
  sample('batch/v1', 'CronJob', 'cronjobs', true, {
    spec: { schedule: '@yearly', jobTemplate: { spec: job } },
  }),
  sample('batch/v1', 'Job', 'jobs', true, { spec: job }),
  sample('coordination.k8s.io/v1', 'Lease', 'leases', true, { spec: { holderIdentity: 'me' } }),
  sample('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', true, {
    addressType: 'IPv4',
    endpoints: [{ addresses: ['192.0.2.1'] }],
    ports: [{ port: 80 }],
  }),
  sample(
    'flowcontrol.apiserver.k8s.io/v1',
    'PriorityLevelConfiguration',
    'prioritylevelconfigurations',
    false,
    {
      spec: { type: 'Limited', limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' } } },
    },
  ),
  sample('flowcontrol.apiserver.k8s.io/v1', 'FlowSchema', 'flowschemas', false, {
    spec: { priorityLevelConfiguration: { name: 'sample' }, matchingPrecedence: 1000 },
  }),
  sample('networking.k8s.io/v1', 'IngressClass', 'ingressclasses', false, {
    spec: { controller: 'example.org/controller' },
  }),
  sample('networking.k8s.io/v1', 'Ingress', 'ingresses', true, {
    spec: { defaultBackend: { service: { name: 'service', port: { number: 80 } } } },
  }),
  sample('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', true, { spec: { podSelector: {} } }),
  sample('node.k8s.io/v1', 'RuntimeClass', 'runtimeclasses', false, { handler: 'sample' }),
  sample('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', true, {
    spec: { minAvailable: 1, selector: { matchLabels: labels } },
  }),
  sample('rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles', false, {
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  }),
  sample('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings', false, {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'sample' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }],
  }),
  sample('rbac.authorization.k8s.io/v1', 'Role', 'roles', true, {
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  }),
  sample('rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings', true, {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'sample' },
    subjects: [{ kind: 'ServiceAccount', name: 'sample' }],
  }),
  sample('scheduling.k8s.io/v1', 'PriorityClass', 'priorityclasses', false, { value: 1000 }),
  sample('storage.k8s.io/v1', 'CSIDriver', 'csidrivers', false, { spec: {} }),
  sample('storage.k8s.io/v1', 'CSINode', 'csinodes', false, { spec: { drivers: [] } }),
  sample('storage.k8s.io/v1', 'CSIStorageCapacity', 'csistoragecapacities', true, {
    storageClassName: 'sample',
  }),
  sample('storage.k8s.io/v1', 'StorageClass', 'storageclasses', false, { provisioner: 'example.org/none' }),
  sample('storage.k8s.io/v1', 'VolumeAttachment', 'volumeattachments', false, {
    spec: { attacher: 'example.org', nodeName: 'sample', source: { persistentVolumeName: 'sample' } },
  }),
  sample('resource.k8s.io/v1', 'DeviceClass', 'deviceclasses', false, {
    spec: { selectors: [{ cel: { expression: "device.driver == 'gpu.example.org'" } }] },
  }),
  sample('resource.k8s.io/v1', 'ResourceClaim', 'resourceclaims', true, { spec: deviceClaim }),
  sample('resource.k8s.io/v1', 'ResourceClaimTemplate', 'resourceclaimtemplates', true, {
    spec: { spec: deviceClaim },
  }),
  sample('resource.k8s.io/v1', 'ResourceSlice', 'resourceslices', false, {
    spec: {
      driver: 'gpu.example.org',
      pool: { name: 'pool', generation: 1, resourceSliceCount: 1 },
      allNodes: true,
      devices: [
        { name: 'gpu-0', attributes: { model: { string: 'a' } }, capacity: { memory: { value: '8Gi' } } },
      ],
    },
  }),
  sample('admissionregistration.k8s.io/v1', 'MutatingAdmissionPolicy', 'mutatingadmissionpolicies', false, {
    spec: {
      matchConstraints: matchNothing,
      reinvocationPolicy: 'Never',
      mutations: [
        {
          patchType: 'JSONPatch',
          jsonPatch: { expression: '[JSONPatch{op: "add", path: "/metadata/labels/a", value: "b"}]' },
        },
      ],
    },
  }),
  sample(
    'admissionregistration.k8s.io/v1',
    'MutatingAdmissionPolicyBinding',
    'mutatingadmissionpolicybindings',
    false,
    { spec: { policyName: 'sample' } },
  ),
  sample(
    'apiregistration.k8s.io/v1',
    'APIService',
    'apiservices',
    false,
    { spec: { group: 'local.example.org', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10 } },
    'v1.local.example.org',
  ),
  sample(
    'autoscaling/v1',
    'HorizontalPodAutoscaler',
    'horizontalpodautoscalers',
    true,
    {
      spec: {
        maxReplicas: 3,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'sample' },
        targetCPUUtilizationPercentage: 50,
      },
    },
    'older',
  ),
  sample('certificates.k8s.io/v1', 'CertificateSigningRequest', 'certificatesigningrequests', false, {
    spec: { request: signingRequest, signerName: 'example.org/signer', usages: ['client auth'] },
  }),
  sample(
    'events.k8s.io/v1',
    'Event',
    'events',
    true,
    {
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'example.org/controller',
      reportingInstance: 'controller-0',
      action: 'Sampling',
      reason: 'Sampled',
      regarding: { kind: 'ConfigMap', apiVersion: 'v1', name: 'sample', namespace: sampleNamespace },
      note: 'one was taken',
      type: 'Normal',
    },
    'newer',
  ),
  sample(
    'networking.k8s.io/v1',
    'IPAddress',
    'ipaddresses',
    false,
    { spec: { parentRef: { resource: 'services', namespace: sampleNamespace, name: 'service' } } },
    '192.0.2.9',
  ),
  sample('networking.k8s.io/v1', 'ServiceCIDR', 'servicecidrs', false, {
    spec: { cidrs: ['192.0.2.0/24'] },
  }),
  sample('storage.k8s.io/v1', 'VolumeAttributesClass', 'volumeattributesclasses', false, {
    driverName: 'csi.example.org',
    parameters: { iops: '100' },
  }),
];
