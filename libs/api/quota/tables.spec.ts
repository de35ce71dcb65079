import { describe, expect, it } from 'vitest';
import type { KubeObject } from '@drydock/base/apimachinery';
import { quotaEvaluator, resourceList } from './index.ts';

// The facts of Kubernetes' own tables about what objects cost.

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const cost = (resource: string, object: object) =>
  resourceList(quotaEvaluator({ group: '', resource }).usage(object as KubeObject, nowMs));
const sorted = (list: object) => Object.fromEntries(Object.entries(list).sort());

const container = (requests: object, limits: object = {}, more: object = {}) => ({
  resources: { requests, limits },
  ...more,
});
const pod = (containers: object[], initContainers: object[] = [], more: object = {}) => ({
  metadata: {},
  spec: { containers, initContainers },
  ...more,
});
const counted = { pods: '1', 'count/pods': '1' };
const cpu = { cpu: '1m', 'requests.cpu': '1m', 'limits.cpu': '2m' };
const memory = { memory: '1m', 'requests.memory': '1m', 'limits.memory': '2m' };
const scratch = {
  'ephemeral-storage': '32Mi',
  'requests.ephemeral-storage': '32Mi',
  'limits.ephemeral-storage': '64Mi',
};
const pages = { 'hugepages-2Mi': '100Mi', 'requests.hugepages-2Mi': '100Mi' };
const dongles = { 'requests.example.com/dongle': '3' };

describe('a Pod costs', () => {
  it.each<[string, object, object]>([
    ['CPU', container({ cpu: '1m' }, { cpu: '2m' }), cpu],
    ['memory', container({ memory: '1m' }, { memory: '2m' }), memory],
    ['scratch space', container({ 'ephemeral-storage': '32Mi' }, { 'ephemeral-storage': '64Mi' }), scratch],
    ['huge pages', container({ 'hugepages-2Mi': '100Mi' }), pages],
    ['what vendors have', container({ 'example.com/dongle': '3' }, { 'example.com/dongle': '3' }), dongles],
  ])('%s, whether an init container asks or another', (_title, one, expected) => {
    expect(sorted(cost('pods', pod([one])))).toEqual(sorted({ ...expected, ...counted }));
    expect(sorted(cost('pods', pod([], [one])))).toEqual(sorted({ ...expected, ...counted }));
  });

  const all = (amount: [string, string, string], limit: [string, string]) =>
    container(
      { cpu: amount[0], memory: amount[1], 'example.com/dongle': amount[2] },
      { cpu: limit[0], memory: limit[1], 'example.com/dongle': amount[2] },
    );
  it('the greatest init container where that is more than the others together', () => {
    const inits = [all(['4', '100M', '4'], ['8', '200M']), all(['1', '50M', '2'], ['2', '100M'])];
    const others = [all(['1', '50M', '1'], ['2', '100M']), all(['2', '25M', '2'], ['5', '50M'])];
    expect(sorted(cost('pods', pod(others, inits)))).toEqual(
      sorted({
        ...counted,
        cpu: '4',
        'requests.cpu': '4',
        'limits.cpu': '8',
        memory: '100M',
        'requests.memory': '100M',
        'limits.memory': '200M',
        'requests.example.com/dongle': '4',
      }),
    );
  });

  const going = (secondsAgo: number, deletionGracePeriodSeconds: number) => ({
    metadata: {
      deletionTimestamp: new Date(nowMs - secondsAgo * 1000).toISOString(),
      deletionGracePeriodSeconds,
    },
  });
  const one = [container({ cpu: '1m' }, { cpu: '2m' })];
  it.each<[string, object, object]>([
    [
      'nothing but a place once it has ended',
      pod(one, [], { status: { phase: 'Succeeded' } }),
      { 'count/pods': '1' },
    ],
    ['nothing but a place when it should be gone', pod(one, [], going(60, 30)), { 'count/pods': '1' }],
    ['what it asks for while it is on its way out', pod(one, [], going(10, 30)), { ...cpu, ...counted }],
  ])('%s', (_title, given, expected) => expect(sorted(cost('pods', given))).toEqual(sorted(expected)));

  const status = (requests: object, allocatedResources: object, reason?: string) => ({
    status: {
      containerStatuses: [{ name: 'c', resources: { requests }, allocatedResources }],
      conditions: reason === undefined ? [] : [{ type: 'PodResizePending', status: 'True', reason }],
    },
  });
  const named = [container({ cpu: '4' }, {}, { name: 'c' })];
  it.each<[string, object, string]>([
    ['what it wants more of', status({ cpu: '1' }, { cpu: '2' }), '4'],
    ['what it still has', status({ cpu: '6' }, { cpu: '2' }), '6'],
    ['what it was promised', status({ cpu: '1' }, { cpu: '5' }), '5'],
    ['what it wants and may get later', status({ cpu: '1' }, { cpu: '2' }, 'Deferred'), '4'],
    ['not what it wants and will never get', status({ cpu: '1' }, { cpu: '2' }, 'Infeasible'), '2'],
    [
      'what it wants where nothing is known of what it has',
      { status: { containerStatuses: [{ name: 'c', allocatedResources: { cpu: '9' } }] } },
      '4',
    ],
  ])('while it is resized, %s', (_title, more, expected) => {
    expect(cost('pods', pod(named, [], more))['requests.cpu']).toBe(expected);
  });
});

describe('a claim costs', () => {
  const claim = (storage: string, storageClassName?: string, allocated?: string) => ({
    metadata: {},
    spec: { resources: { requests: { storage } }, storageClassName },
    status: allocated === undefined ? {} : { allocatedResources: { storage: allocated } },
  });
  const base = { persistentvolumeclaims: '1', 'count/persistentvolumeclaims': '1' };
  const gold = 'gold.storageclass.storage.k8s.io';
  it.each<[string, object, object]>([
    ['its size', claim('10Gi'), { 'requests.storage': '10Gi' }],
    [
      'its size of its class',
      claim('10Gi', 'gold'),
      {
        'requests.storage': '10Gi',
        [`${gold}/requests.storage`]: '10Gi',
        [`${gold}/persistentvolumeclaims`]: '1',
      },
    ],
    ['whole bytes', claim('1001m'), { 'requests.storage': '2' }],
    [
      'whole bytes of its class',
      claim('1001m', 'gold'),
      { 'requests.storage': '2', [`${gold}/requests.storage`]: '2', [`${gold}/persistentvolumeclaims`]: '1' },
    ],
    [
      'what was allocated, where that is more',
      claim('5Gi', undefined, '10Gi'),
      { 'requests.storage': '10Gi' },
    ],
    [
      'what it asks for, where that is more',
      claim('15Gi', undefined, '10Gi'),
      { 'requests.storage': '15Gi' },
    ],
  ])('%s', (_title, given, expected) =>
    expect(sorted(cost('persistentvolumeclaims', given))).toEqual(sorted({ ...base, ...expected })),
  );
});

describe('a Service costs', () => {
  const service = (type: string, ports: object[], more: object = {}) => ({
    metadata: {},
    spec: { type, ports, ...more },
  });
  const [plain, fixed] = [{ port: 27443 }, { port: 27444, nodePort: 32001 }];
  it.each<[string, object, nodePorts: string, balancers: string]>([
    ['a balancer and its node ports', service('LoadBalancer', [plain]), '1', '1'],
    ['a balancer', service('LoadBalancer', []), '0', '1'],
    ['a place', service('ClusterIP', [plain]), '0', '0'],
    ['a node port', service('NodePort', [plain]), '1', '0'],
    ['two node ports', service('NodePort', [plain, fixed]), '2', '0'],
    [
      'a balancer without node ports',
      service('LoadBalancer', [plain], { allocateLoadBalancerNodePorts: false }),
      '0',
      '1',
    ],
    [
      'a balancer and the node port that it names',
      service('LoadBalancer', [plain, fixed], { allocateLoadBalancerNodePorts: false }),
      '1',
      '1',
    ],
  ])('%s', (_title, given, nodePorts, balancers) =>
    expect(cost('services', given)).toEqual({
      services: '1',
      'count/services': '1',
      'services.nodeports': nodePorts,
      'services.loadbalancers': balancers,
    }),
  );
});
