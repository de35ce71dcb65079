import { describe, expect, it } from 'vitest';
import type { KubeObject } from '@drydock/base/apimachinery';
import type { ResourceDefinition } from '../../registry/types.ts';
import { createErrors, sample, testContext, updateErrors } from '../common/definition.spec-support.ts';
import { coreDefinitions } from './index.ts';

function definition(kind: string): ResourceDefinition {
  const found = coreDefinitions.find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return found;
}

const errorsOf = (kind: string, fields: object): string[] => createErrors(definition(kind), fields);
const changeErrors = (kind: string, after: object, before: object): string[] =>
  updateErrors(definition(kind), after, before);

describe('a Service', () => {
  const ports = [{ port: 80 }];

  it('is refused by type', () => {
    expect(errorsOf('Service', { spec: {} })).toEqual(['spec.ports: Required value']);
    expect(errorsOf('Service', { spec: { type: 'ExternalName' } })).toEqual([
      'spec.externalName: Required value',
    ]);
    expect(
      errorsOf('Service', { spec: { type: 'NodePort', clusterIP: 'None', clusterIPs: ['None'], ports } }),
    ).toEqual([`spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for NodePort services`]);
    expect(errorsOf('Service', { spec: { type: 'Nope', ports } })).toEqual([
      'spec.type: Unsupported value: "Nope": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ]);
    expect(
      errorsOf('Service', {
        spec: {
          ports,
          loadBalancerSourceRanges: ['10.0.0.0/8'],
          loadBalancerClass: 'example.com/lb',
          allocateLoadBalancerNodePorts: true,
          externalTrafficPolicy: 'Local',
          healthCheckNodePort: 30_000,
          trafficDistribution: 'Near',
        },
      }),
    ).toEqual([
      "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
      "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'",
      "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
      'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
      "spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      'spec.trafficDistribution: Unsupported value: "Near": supported values: "PreferClose", "PreferSameNode", "PreferSameZone"',
    ]);
  });

  it('is refused by its ports and addresses', () => {
    expect(
      errorsOf('Service', {
        spec: {
          ports: [
            { port: 80, name: 'A' },
            { port: 80, nodePort: 3 },
          ],
          sessionAffinity: 'ClientIP',
          sessionAffinityConfig: { clientIP: { timeoutSeconds: 0 } },
          externalIPs: ['127.0.0.1', 'x'],
          selector: { a: '-' },
        },
      }),
    ).toEqual([
      expect.stringMatching(/^spec\.ports\[0\]\.name: Invalid value: "A": a lowercase RFC 1123 label/),
      'spec.ports[1].name: Required value',
      expect.stringMatching(/^spec\.selector: Invalid value: "-": a valid label/),
      'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be greater than 0 and less than 86400',
      'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      'spec.externalIPs[1]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      "spec.ports[1].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
      'spec.ports[1]: Duplicate value: {"AppProtocol":null,"Name":"","NodePort":0,"Port":80,"Protocol":"TCP","TargetPort":0}',
    ]);
  });

  it('loses what its old type needed, and keeps its class', () => {
    const balancer = { type: 'LoadBalancer', ports, loadBalancerClass: 'example.com/lb' };
    const kind = definition('Service');
    const old = sample(kind, {
      spec: { ...balancer, externalTrafficPolicy: 'Local', healthCheckNodePort: 9 },
    });
    const now = sample(kind, { spec: { ...(old as { spec?: object }).spec, type: 'ClusterIP' } });
    kind.strategy.prepareForUpdate?.(now, old, testContext());
    expect(kind.strategy.validate?.(now, testContext())).toEqual([]);
    expect(
      changeErrors('Service', { spec: { ...balancer, loadBalancerClass: 'b' } }, { spec: balancer }),
    ).toEqual(['spec.loadBalancerClass: Invalid value: "b": may not change once set']);
  });
});

describe('volumes and claims', () => {
  const claim = (fields: object = {}) => ({
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '5Gi' } }, ...fields },
  });
  const volume = (fields: object = {}) => ({
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '5Gi' },
      hostPath: { path: '/data' },
      ...fields,
    },
  });

  it('of a claim name a size, modes and a class', () => {
    expect(errorsOf('PersistentVolumeClaim', claim())).toEqual([]);
    expect(
      errorsOf(
        'PersistentVolumeClaim',
        claim({
          accessModes: ['ReadWriteOncePod', 'Often'],
          resources: { requests: { storage: '0' } },
          volumeMode: 'Tape',
          dataSourceRef: { kind: 'Pod', name: 'x' },
        }),
      ),
    ).toEqual([
      'spec.accessModes: Unsupported value: "Often": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
      'spec.resources[storage]: Invalid value: "0": must be greater than zero',
      'spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"',
      `spec.dataSource: Invalid value: "Pod": must be 'PersistentVolumeClaim' when referencing the default apiGroup`,
      `spec.dataSourceRef: Invalid value: "Pod": must be 'PersistentVolumeClaim' when referencing the default apiGroup`,
    ]);
  });

  it('of a claim change in nothing but a bound size', () => {
    const refused = [expect.stringMatching(/^spec: Forbidden: spec is immutable after creation except/)];
    const grown = claim({ resources: { requests: { storage: '9Gi' } } });
    expect(changeErrors('PersistentVolumeClaim', claim({ volumeName: 'pv' }), claim())).toEqual([]);
    expect(changeErrors('PersistentVolumeClaim', claim({ storageClassName: 'a' }), claim())).toEqual([]);
    expect(changeErrors('PersistentVolumeClaim', grown, claim())).toEqual(refused);
    const kind = definition('PersistentVolumeClaim');
    const status = { phase: 'Bound', capacity: { storage: '5Gi' } };
    const change = (after: object) =>
      kind.strategy.validateUpdate?.(
        { ...sample(kind, after), status } as unknown as KubeObject,
        { ...sample(kind, claim()), status } as unknown as KubeObject,
        testContext(),
      );
    expect(change(grown)).toEqual([]);
    expect(change(claim({ resources: { requests: { storage: '1Gi' } } }))).toMatchObject([
      { field: 'spec.resources.requests.storage', detail: 'field can not be less than status.capacity' },
    ]);
  });

  it('have one source, which stays', () => {
    expect(errorsOf('PersistentVolume', volume())).toEqual([]);
    expect(errorsOf('PersistentVolume', volume({ hostPath: undefined }))).toEqual([
      'spec: Required value: must specify a volume type',
    ]);
    expect(
      errorsOf(
        'PersistentVolume',
        volume({
          accessModes: [],
          hostPath: { path: '/' },
          nfs: { server: 's', path: '/' },
          persistentVolumeReclaimPolicy: 'Recycle',
        }),
      ),
    ).toEqual([
      'spec.accessModes: Required value',
      'spec.nfs: Forbidden: may not specify more than 1 volume type',
      "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
    ]);
    expect(errorsOf('PersistentVolume', volume({ hostPath: undefined, local: { path: '/a' } }))).toEqual([
      'spec.nodeAffinity: Required value: Local volume requires node affinity',
    ]);
    expect(changeErrors('PersistentVolume', volume({ hostPath: { path: '/b' } }), volume())).toEqual([
      'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation',
    ]);
  });
});

describe('a ResourceQuota', () => {
  it('limits what can be counted within its scopes', () => {
    const quota = (spec: object) => errorsOf('ResourceQuota', { spec });
    expect(
      quota({
        hard: { pods: '3', 'requests.cpu': '1', 'count/jobs.batch': '2', 'requests.example.com/gpu': 1 },
      }),
    ).toEqual([]);
    expect(quota({ hard: { pods: '1500m', storage: '1', apples: '-1' } })).toEqual([
      'spec.hard[pods]: Invalid value: "1500m": must be an integer',
      'spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota',
      'spec.hard[apples]: Invalid value: "apples": must be a standard resource type or fully qualified',
      'spec.hard[apples]: Invalid value: "apples": must be a standard resource for quota',
      'spec.hard[apples]: Invalid value: "-1": must be greater than or equal to 0',
    ]);
    expect(quota({ hard: { 'limits.cpu': '1' }, scopes: ['BestEffort', 'NotBestEffort'] })).toEqual([
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: unsupported scope applied to resource',
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes',
    ]);
    const matchExpressions = [{ scopeName: 'PriorityClass', operator: 'In' }];
    expect(quota({ hard: { pods: '1' }, scopeSelector: { matchExpressions } })).toEqual([
      "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
    ]);
    const scoped = (scopes?: string[]) => ({ spec: { hard: { pods: '1' }, scopes } });
    expect(changeErrors('ResourceQuota', scoped(['BestEffort']), scoped())).toEqual([
      'spec.scopes: Invalid value: ["BestEffort"]: field is immutable',
    ]);
  });
});

describe('Endpoints', () => {
  it('hold addresses that can be reached', () => {
    expect(
      errorsOf('Endpoints', {
        subsets: [{}, { addresses: [{ ip: '169.254.0.1' }, { ip: 'x' }], ports: [{ port: 0 }, { port: 1 }] }],
      }),
    ).toEqual([
      'subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`',
      expect.stringMatching(
        /^subsets\[1\]\.addresses\[0\]\.ip: Invalid value: "169\.254\.0\.1": may not be in the link-local/,
      ),
      expect.stringMatching(
        /^subsets\[1\]\.addresses\[1\]\.ip: Invalid value: "x": must be a valid IP address/,
      ),
      'subsets[1].addresses[1].ip: Invalid value: "x": must be a valid IP address',
      'subsets[1].ports[0].name: Required value',
      'subsets[1].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
      'subsets[1].ports[1].name: Required value',
    ]);
  });
});
