import { describe, expect, it } from 'vitest';
import type { KubeObject } from '@drydock/base/apimachinery';
import type { ResourceQuotaSpec } from '../gen/core/v1.ts';
import { quotaEvaluator, quotaUsage, resourceList } from './index.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const pod = (spec: object, status: object = {}, metadata: object = {}) =>
  ({ metadata: { name: 'p', namespace: 'n', ...metadata }, spec, status }) as KubeObject;
const container = (requests: object, limits: object = {}) => ({ name: 'c', resources: { requests, limits } });
const used = (
  spec: ResourceQuotaSpec,
  resource: { group: string; resource: string },
  objects: KubeObject[],
) => resourceList(quotaUsage(spec, [quotaEvaluator(resource)], () => objects, nowMs));
const pods = { group: '', resource: 'pods' };
const hard = (...names: string[]) => ({ hard: Object.fromEntries(names.map((name) => [name, '10'])) });

describe('quotaUsage of Pods', () => {
  it.each<[string, ResourceQuotaSpec, KubeObject[], Record<string, string>]>([
    ['nothing there', hard('pods', 'cpu'), [], { pods: '0', cpu: '0' }],
    [
      'requests under both names, limits, and the greatest init container',
      hard('cpu', 'requests.cpu', 'limits.memory', 'pods'),
      [
        pod({
          containers: [container({ cpu: '100m' }, { memory: '1Gi' }), container({ cpu: '1' })],
          initContainers: [container({ cpu: '2' }, { memory: '512Mi' })],
        }),
      ],
      { cpu: '2', 'requests.cpu': '2', 'limits.memory': '1Gi', pods: '1' },
    ],
    [
      'sidecars beside the containers, overhead on top',
      hard('cpu'),
      [
        pod({
          containers: [container({ cpu: '1' })],
          initContainers: [
            { ...container({ cpu: '500m' }), restartPolicy: 'Always' },
            container({ cpu: '1' }),
          ],
          overhead: { cpu: '100m' },
        }),
      ],
      { cpu: '1600m' },
    ],
    [
      'hugepages and extended resources',
      hard('requests.hugepages-2Mi', 'hugepages-2Mi', 'requests.vendor.com/gpu', 'vendor.com/gpu'),
      [pod({ containers: [container({ 'hugepages-2Mi': '4Mi', 'vendor.com/gpu': '2' })] })],
      { 'requests.hugepages-2Mi': '4Mi', 'hugepages-2Mi': '4Mi', 'requests.vendor.com/gpu': '2' },
    ],
    [
      'ended Pods are objects still, and no more',
      hard('pods', 'count/pods', 'cpu'),
      [
        pod({ containers: [container({ cpu: '1' })] }, { phase: 'Succeeded' }),
        pod({ containers: [container({ cpu: '1' })] }, { phase: 'Running' }),
        pod(
          { containers: [container({ cpu: '1' })] },
          {},
          { deletionTimestamp: '2025-12-31T23:00:00Z', deletionGracePeriodSeconds: 30 },
        ),
      ],
      { pods: '1', 'count/pods': '3', cpu: '1' },
    ],
    [
      'scopes',
      { ...hard('pods'), scopes: ['NotTerminating', 'BestEffort'] },
      [
        pod({ containers: [container({})] }),
        pod({ containers: [container({})], activeDeadlineSeconds: 0 }),
        pod({ containers: [container({ cpu: '1' })] }),
      ],
      { pods: '1' },
    ],
    [
      'priority classes',
      {
        ...hard('pods'),
        scopeSelector: {
          matchExpressions: [{ scopeName: 'PriorityClass', operator: 'NotIn', values: ['high'] }],
        },
      },
      [
        pod({ containers: [], priorityClassName: 'high' }),
        pod({ containers: [], priorityClassName: 'low' }),
        pod({ containers: [] }),
      ],
      { pods: '2' },
    ],
    [
      'affinity across namespaces',
      { ...hard('pods'), scopes: ['CrossNamespacePodAffinity'] },
      [
        pod({ containers: [] }),
        pod({
          containers: [],
          affinity: {
            podAntiAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'a', namespaces: ['b'] }],
            },
          },
        }),
      ],
      { pods: '1' },
    ],
  ])('%s', (_, spec, objects, expected) => expect(used(spec, pods, objects)).toEqual(expected));
});

describe('quotaUsage of other resources', () => {
  it('counts node ports and load balancers', () => {
    const service = (spec: object) => ({ metadata: { name: 's' }, spec }) as KubeObject;
    expect(
      used(
        hard('services', 'services.nodeports', 'services.loadbalancers', 'count/services'),
        { group: '', resource: 'services' },
        [
          service({ type: 'ClusterIP', ports: [{ port: 1 }] }),
          service({ type: 'NodePort', ports: [{ port: 1 }, { port: 2 }] }),
          service({ type: 'LoadBalancer', ports: [{ port: 1 }] }),
          service({
            type: 'LoadBalancer',
            allocateLoadBalancerNodePorts: false,
            ports: [{ port: 1, nodePort: 30000 }, { port: 2 }],
          }),
        ],
      ),
    ).toEqual({
      services: '4',
      'services.nodeports': '4',
      'services.loadbalancers': '2',
      'count/services': '4',
    });
  });

  it('adds up storage, of all claims and of each class', () => {
    const claim = (storage: string, storageClassName?: string) =>
      ({
        metadata: { name: 'c' },
        spec: { resources: { requests: { storage } }, storageClassName },
      }) as KubeObject;
    expect(
      used(
        hard(
          'persistentvolumeclaims',
          'requests.storage',
          'gold.storageclass.storage.k8s.io/requests.storage',
          'gold.storageclass.storage.k8s.io/persistentvolumeclaims',
        ),
        { group: '', resource: 'persistentvolumeclaims' },
        [claim('1Gi', 'gold'), claim('512Mi'), claim('2Gi', 'silver')],
      ),
    ).toEqual({
      persistentvolumeclaims: '3',
      'requests.storage': '3584Mi',
      'gold.storageclass.storage.k8s.io/requests.storage': '1Gi',
      'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
    });
  });

  it('counts resource claims by the devices of each class that they may come to', () => {
    const exactly = (deviceClassName: string, more: object) => ({ exactly: { deviceClassName, ...more } });
    const wish = (deviceClassName: string, count: number) => ({
      name: `${deviceClassName}-${count}`,
      deviceClassName,
      allocationMode: 'ExactCount',
      count,
    });
    const claim = (...requests: object[]) =>
      ({ metadata: { name: 'c' }, spec: { devices: { requests } } }) as KubeObject;
    const devices = (name: string) => `${name}.deviceclass.resource.k8s.io/devices`;
    const usage = (...requests: object[]) =>
      used(
        hard('count/resourceclaims.resource.k8s.io', devices('gpu'), devices('nic')),
        { group: 'resource.k8s.io', resource: 'resourceclaims' },
        [claim(...requests)],
      );
    const count = { 'count/resourceclaims.resource.k8s.io': '1' };
    const exact = { allocationMode: 'ExactCount', count: 3 };
    expect(usage(exactly('gpu', exact), exactly('gpu', { ...exact, count: 1 }))).toEqual({
      ...count,
      [devices('gpu')]: '4',
      [devices('nic')]: '0',
    });
    expect(usage(exactly('gpu', { allocationMode: 'All' }))).toMatchObject({ [devices('gpu')]: '32' });
    // Of alternatives, the most of each class.
    expect(usage({ firstAvailable: [wish('gpu', 2), wish('gpu', 5), wish('nic', 1)] })).toEqual({
      ...count,
      [devices('gpu')]: '5',
      [devices('nic')]: '1',
    });
  });

  it('counts anything by its group and resource, some by their bare name', () => {
    const object = { metadata: { name: 'x' } };
    expect(
      used(hard('count/deployments.apps', 'deployments'), { group: 'apps', resource: 'deployments' }, [
        object,
      ]),
    ).toEqual({ 'count/deployments.apps': '1' });
    expect(
      used(hard('count/secrets', 'secrets'), { group: '', resource: 'secrets' }, [object, object]),
    ).toEqual({ 'count/secrets': '2', secrets: '2' });
  });

  it('finds nothing in Pod scopes but Pods', () => {
    const spec = { ...hard('count/secrets'), scopes: ['NotBestEffort'] };
    expect(used(spec, { group: '', resource: 'secrets' }, [{ metadata: { name: 'x' } }])).toEqual({
      'count/secrets': '0',
    });
  });
});
