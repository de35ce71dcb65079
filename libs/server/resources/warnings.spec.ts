import { describe, expect, it } from 'vitest';
import type { KubeObject } from '@drydock/base/apimachinery';
import type { ResourceDefinition } from '../registry/types.ts';
import { sample, workload } from './common/definition.spec-support.ts';
import { allDefinitions } from './index.ts';

function definitionOf(kind: string): ResourceDefinition {
  const found = allDefinitions.find((one) => one.kind === kind && one.storedAs === undefined);
  if (found === undefined) throw new Error(`no ${kind}`);
  return found;
}

type Meta = Readonly<Record<string, unknown>>;

/** What is said when the object is made. */
function onCreate(kind: string, fields: object, meta: Meta = {}): string[] {
  const definition = definitionOf(kind);
  return definition.strategy.warnings?.(sample(definition, fields, meta), undefined) ?? [];
}

/** What is said when the object is replaced, its spec changed or not. */
function onUpdate(kind: string, fields: object, changed: boolean, meta: Meta = {}): string[] {
  const definition = definitionOf(kind);
  const of = (generation: number): KubeObject => sample(definition, fields, { ...meta, generation });
  return definition.strategy.warnings?.(of(changed ? 2 : 1), of(1)) ?? [];
}

function onStatus(kind: string, status: object): string[] {
  const definition = definitionOf(kind);
  return definition.strategy.statusWarnings?.(sample(definition, { status })) ?? [];
}

const rfc5952 = 'should be in RFC 5952 canonical format';
const later = 'will be considered invalid in a future Kubernetes release';
const label = 'a DNS label is recommended';
const betaOs = 'beta.kubernetes.io/os';
const useOs = 'deprecated since v1.14; use "kubernetes.io/os" instead';
const pem = (kind: string): string => btoa(`-----BEGIN ${kind}-----\nTQ==\n-----END ${kind}-----\n`);

const cases: readonly (readonly [kind: string, fields: object, texts: readonly string[], meta?: Meta])[] = [
  // Services
  ['Service', { spec: { type: 'ClusterIP', clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'] } }, []],
  [
    'Service',
    {},
    [
      'annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead',
    ],
    { annotations: { 'service.kubernetes.io/topology-aware-hints': 'auto' } },
  ],
  [
    'Service',
    {
      spec: {
        type: 'ClusterIP',
        clusterIP: 'None',
        clusterIPs: ['None'],
        loadBalancerIP: '1.2.3.4',
        externalIPs: ['5.6.7.8'],
        sessionAffinity: 'ClientIP',
      },
    },
    [
      'spec.loadBalancerIP is ignored for headless services',
      'spec.externalIPs is ignored for headless services',
      'spec.SessionAffinity is ignored for headless services',
    ],
  ],
  [
    'Service',
    { spec: { type: 'LoadBalancer', externalIPs: ['2001:DB8::1'], loadBalancerIP: '2001:db8:0::2' } },
    [
      `spec.externalIPs[0]: IPv6 address "2001:DB8::1" ${rfc5952} ("2001:db8::1")`,
      'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
      `spec.loadBalancerIP: IPv6 address "2001:db8:0::2" ${rfc5952} ("2001:db8::2")`,
    ],
  ],
  [
    'Service',
    { spec: { type: 'ClusterIP', externalIPs: ['010.0.0.1', '::ffff:1.2.3.4'] } },
    [
      `spec.externalIPs[0]: non-standard IP address "010.0.0.1" ${later}: use "10.0.0.1"`,
      `spec.externalIPs[1]: non-standard IP address "::ffff:1.2.3.4" ${later}: use "1.2.3.4"`,
      'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
    ],
  ],
  [
    'Service',
    {
      spec: {
        type: 'LoadBalancer',
        loadBalancerSourceRanges: ['10.0.0.1/24', '2001:db8:0:0::/64', '192.012.2.0/24', '2001:db8::1/64'],
      },
    },
    [
      'spec.loadBalancerSourceRanges[0]: CIDR value "10.0.0.1/24" is ambiguous in this context (should be "10.0.0.0/24" or "10.0.0.1/32"?)',
      `spec.loadBalancerSourceRanges[1]: IPv6 CIDR value "2001:db8:0:0::/64" ${rfc5952} ("2001:db8::/64")`,
      `spec.loadBalancerSourceRanges[2]: non-standard CIDR value "192.012.2.0/24" ${later}: use "192.12.2.0/24"`,
      'spec.loadBalancerSourceRanges[3]: CIDR value "2001:db8::1/64" is ambiguous in this context (should be "2001:db8::/64" or "2001:db8::1/128"?)',
    ],
  ],
  [
    'Service',
    { spec: { type: 'ExternalName', externalName: 'a.example', externalIPs: ['1.2.3.4'] } },
    ['spec.externalIPs is ignored when spec.type is "ExternalName"'],
  ],
  [
    'Service',
    { spec: { type: 'NodePort', externalName: 'a.example', trafficDistribution: 'PreferClose' } },
    [
      'spec.externalName is ignored when spec.type is not "ExternalName"',
      'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
    ],
  ],
  // Volumes
  [
    'PersistentVolume',
    {
      spec: {
        persistentVolumeReclaimPolicy: 'Recycle',
        storageos: {},
        rbd: {},
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: betaOs }] }] } },
      },
    },
    [
      'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
      `spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: ${betaOs} is ${useOs}`,
      'spec.storageOS: deprecated in v1.22, non-functional in v1.25+',
      'spec.rbd: deprecated in v1.28, non-functional in v1.31+',
    ],
    { annotations: { 'volume.beta.kubernetes.io/storage-class': 'a' } },
  ],
  [
    'PersistentVolumeClaim',
    { spec: { resources: { requests: { storage: '200Mi' }, limits: { storage: '1500m' } } } },
    ['spec.resources.limits[storage]: fractional byte value "1500m" is invalid, must be an integer'],
  ],
  [
    'StorageClass',
    { allowedTopologies: [{ matchLabelExpressions: [{ key: 'a' }, { key: betaOs }] }] },
    [`allowedTopologies[0].matchLabelExpressions[1]: ${useOs}`],
  ],
  [
    'CSIStorageCapacity',
    {
      nodeTopology: {
        matchExpressions: [{ key: betaOs, operator: 'Exists' }],
        matchLabels: { [betaOs]: 'x' },
      },
    },
    [
      `nodeTopology.matchExpressions[0].key: ${betaOs} is ${useOs}`,
      `nodeTopology.matchLabels.${betaOs}: ${useOs}`,
    ],
  ],
  [
    'RuntimeClass',
    { scheduling: { nodeSelector: { [betaOs]: 'x' } } },
    [`scheduling.nodeSelector: ${useOs}`],
  ],
  // Addresses
  [
    'Node',
    { spec: { configSource: {}, externalID: 'x', podCIDRs: ['10.0.0.0/24', 'FD00::/64'] } },
    [
      'spec.configSource: the feature is removed',
      'spec.externalID: this field is deprecated, and is unused by Kubernetes',
      `spec.podCIDRs[1]: IPv6 CIDR value "FD00::/64" ${rfc5952} ("fd00::/64")`,
    ],
  ],
  [
    'Endpoints',
    {
      subsets: [
        { addresses: [{ ip: '1.2.3.4' }, { ip: 'FD00::1' }], notReadyAddresses: [{ ip: 'fd00:0::1' }] },
      ],
    },
    [
      `subsets[0].addresses[1].ip: IPv6 address "FD00::1" ${rfc5952} ("fd00::1")`,
      `subsets[0].notReadyAddresses[0].ip: IPv6 address "fd00:0::1" ${rfc5952} ("fd00::1")`,
    ],
  ],
  [
    'Endpoints',
    { subsets: [{ addresses: [{ ip: 'FD00::1' }] }] },
    [],
    { labels: { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' } },
  ],
  [
    'EndpointSlice',
    { addressType: 'IPv6', endpoints: [{ addresses: ['fd00::1'] }, { addresses: ['FD00::1'] }] },
    [`endpoints[1].addresses[0]: IPv6 address "FD00::1" ${rfc5952} ("fd00::1")`],
  ],
  [
    'EndpointSlice',
    { addressType: 'FQDN', endpoints: [{ addresses: ['a.example'] }] },
    ['spec.addressType: FQDN endpoints are deprecated'],
  ],
  [
    'EndpointSlice',
    { addressType: 'IPv6', endpoints: [{ addresses: ['FD00::1'] }] },
    [],
    { labels: { 'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io' } },
  ],
  [
    'NetworkPolicy',
    {
      spec: {
        ingress: [{ from: [{ podSelector: {} }, { ipBlock: { cidr: 'FD00::/32' } }] }],
        egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/16', '10.1.0.1/16'] } }] }],
      },
    },
    [
      `spec.ingress[0].from[1].ipBlock.cidr: IPv6 CIDR value "FD00::/32" ${rfc5952} ("fd00::/32")`,
      'spec.egress[0].to[0].ipBlock.except[1]: CIDR value "10.1.0.1/16" is ambiguous in this context (should be "10.1.0.0/16" or "10.1.0.1/32"?)',
    ],
  ],
  // Accounts and secrets
  [
    'ServiceAccount',
    {},
    [
      'metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets',
    ],
    { annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
  ],
  ['Secret', { type: 'Opaque', data: { 'tls.crt': '' } }, []],
  ...(
    [
      [pem('CERTIFICATE'), pem('RSA PRIVATE KEY'), undefined],
      ['', '', 'tls: failed to find any PEM data in certificate input'],
      [
        pem('PRIVATE KEY'),
        '',
        'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched',
      ],
      [
        pem('PUBLIC KEY'),
        '',
        'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [PUBLIC KEY]',
      ],
      [pem('CERTIFICATE'), '', 'tls: failed to find any PEM data in key input'],
      [
        pem('CERTIFICATE'),
        pem('CERTIFICATE'),
        'tls: found a certificate rather than a key in the PEM for the private key',
      ],
      [
        pem('CERTIFICATE'),
        pem('EC PARAMETERS'),
        'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [EC PARAMETERS]',
      ],
    ] as const
  ).map(
    ([crt, key, text]) =>
      [
        'Secret',
        { type: 'kubernetes.io/tls', data: { 'tls.crt': crt, 'tls.key': key } },
        text === undefined ? [] : [text],
      ] as const,
  ),
  // Workloads
  [
    'StatefulSet',
    {
      spec: {
        ...workload,
        revisionHistoryLimit: -1,
        volumeClaimTemplates: [{ spec: { resources: { requests: { storage: '500m' } } } }],
      },
    },
    [
      'spec.volumeClaimTemplates[0].resources.requests[storage]: fractional byte value "500m" is invalid, must be an integer',
      'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
    ],
  ],
  [
    'Job',
    { spec: { completionMode: 'Indexed', completions: 100_001, parallelism: 10_001 } },
    [
      'spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail',
    ],
  ],
  ['Job', { spec: { completionMode: 'Indexed', completions: 100_000, parallelism: 10_001 } }, []],
  [
    'PodTemplate',
    { template: { spec: { nodeSelector: { [betaOs]: 'x' } } } },
    [`template.spec.nodeSelector[${betaOs}]: ${useOs}`],
  ],
  [
    'Ingress',
    {},
    [`annotation "kubernetes.io/ingress.class" is deprecated, please use 'spec.ingressClassName' instead`],
    { annotations: { 'kubernetes.io/ingress.class': 'a' } },
  ],
  [
    'Ingress',
    { spec: { ingressClassName: 'a' } },
    [],
    { annotations: { 'kubernetes.io/ingress.class': 'a' } },
  ],
];

describe('advice', () => {
  it.each(cases.map(([kind, fields, texts, meta]) => ({ kind, fields, texts, meta })))(
    'on a $kind $fields $meta',
    ({ kind, fields, texts, meta }) => {
      expect(onCreate(kind, fields, meta)).toEqual(texts);
    },
  );

  it.each(['ReplicationController', 'ReplicaSet', 'Deployment', 'Job', 'CronJob', 'Pod'])(
    'on the name of a %s when it is made',
    (kind) => {
      const used = kind === 'Pod' ? "the Pod's hostname" : 'Pod names and hostnames';
      const told = `metadata.name: this is used in ${used}, which can result in surprising behavior; ${label}: [`;
      expect(onCreate(kind, {}, { name: 'a.b' }).join()).toContain(told);
      expect(onUpdate(kind, {}, true, { name: 'a.b' })).toEqual([]);
    },
  );

  it('on a name is not given for DaemonSets', () => {
    expect(onCreate('DaemonSet', { spec: workload }, { name: 'a.b' })).toEqual([]);
  });

  it('on a template is given again when the object changes, and only then', () => {
    const template = { ...workload.template, spec: { nodeSelector: { [betaOs]: 'x' } } };
    const told = [`spec.template.spec.nodeSelector[${betaOs}]: ${useOs}`];
    for (const kind of [
      'ReplicationController',
      'ReplicaSet',
      'Deployment',
      'DaemonSet',
      'StatefulSet',
      'Job',
    ]) {
      expect(onUpdate(kind, { spec: { template } }, true)).toEqual(told);
      expect(onUpdate(kind, { spec: { template } }, false)).toEqual([]);
    }
  });

  it('on claims of a StatefulSet that changes names their path as Kubernetes does', () => {
    const volumeClaimTemplates = [{ spec: { resources: { requests: { storage: '500m' } } } }];
    expect(onUpdate('StatefulSet', { spec: { ...workload, volumeClaimTemplates } }, false)).toEqual([
      'spec.volumeClaimTemplates[0].Spec.resources.requests[storage]: fractional byte value "500m" is invalid, must be an integer',
    ]);
  });

  it('on addresses in a status', () => {
    const point = { ip: 'FD00::1' };
    const loadBalancer = { ingress: [{ hostname: 'a' }, point] };
    const told = `IPv6 address "FD00::1" ${rfc5952} ("fd00::1")`;
    expect(onStatus('Service', { loadBalancer })).toEqual([`status.loadBalancer.ingress[1]: ${told}`]);
    expect(onStatus('Ingress', { loadBalancer })).toEqual([`status.loadBalancer.ingress[1].ip: ${told}`]);
    expect(onStatus('Pod', { podIPs: [point], hostIPs: [{ ip: '1.1.1.1' }, point] })).toEqual([
      `status.podIPs[0].ip: ${told}`,
      `status.hostIPs[1].ip: ${told}`,
    ]);
  });
});
