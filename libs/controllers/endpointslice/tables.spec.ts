import { afterEach, describe, expect, it } from 'vitest';
import { Node, Pod, Service } from '@drydock/api/core/v1';
import { EndpointSlice } from '@drydock/api/discovery/v1';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { belongsInEndpoints, createTriggerTimes, familiesOf } from '../shared-services/index.ts';
import { desiredEndpoints } from './desired-endpoints.ts';
import { createEndpointSliceController } from './index.ts';

// The facts of kube-controller-manager's own tables about EndpointSlices.

const service = (spec: object = {}, metadata: object = {}): Service => ({
  metadata: { name: 'foo', namespace: 'default', ...metadata },
  spec: { selector: { app: 'foo' }, ports: [{ port: 80, targetPort: 8080 }], ...spec } as never,
});
const pod = (status: object, spec: object = {}, metadata: object = {}): Pod => ({
  metadata: { name: 'p', namespace: 'default', uid: 'u', labels: { app: 'foo' }, ...metadata },
  spec: { containers: [{ name: 'c' }], ...spec },
  status: { phase: 'Running', podIP: '1.2.3.5', podIPs: [{ ip: '1.2.3.5' }], ...status },
});
const going = { deletionTimestamp: '2026-01-01T00:00:00Z' };

describe('whether a Pod belongs', () => {
  it.each<[string, Pod, includeTerminating: boolean, expected: boolean]>([
    ['failed, never to be restarted', pod({ phase: 'Failed' }, { restartPolicy: 'Never' }), true, false],
    ['failed, always restarted', pod({ phase: 'Failed' }, { restartPolicy: 'Always' }), true, false],
    ['succeeded', pod({ phase: 'Succeeded' }, { restartPolicy: 'OnFailure' }), true, false],
    ['without an address', pod({ podIP: '', podIPs: [] }), true, false],
    ['on its way out', pod({}, {}, going), false, false],
    ['on its way out, where that counts', pod({}, {}, going), true, true],
    ['pending with an address', pod({ phase: 'Pending' }, { restartPolicy: 'Never' }), false, true],
    ['unknown', pod({ phase: 'Unknown' }), false, true],
    ['running', pod({}), false, true],
  ])('%s', (_title, one, includeTerminating, expected) => {
    expect(belongsInEndpoints(one, includeTerminating)).toBe(expected);
  });
});

describe('the families of a Service', () => {
  it.each<[string, object, string[]]>([
    ['by its IPv4 address', { clusterIP: '10.0.0.10' }, ['IPv4']],
    ['by its IPv6 address', { clusterIP: '2000::1' }, ['IPv6']],
    ['as it says', { ipFamilies: ['IPv6', 'IPv4'] }, ['IPv6', 'IPv4']],
    ['headless and says', { clusterIP: 'None', ipFamilies: ['IPv6'] }, ['IPv6']],
    ['headless and says nothing', { clusterIP: 'None' }, ['IPv4', 'IPv6']],
  ])('%s', (_title, spec, expected) => expect(familiesOf(service(spec))).toEqual(expected));
});

describe('the endpoint of a Pod', () => {
  const ready = { conditions: [{ type: 'Ready', status: 'True' }] };
  const node: Node = {
    metadata: {
      name: 'node-1',
      labels: { 'topology.kubernetes.io/zone': 'a', 'topology.kubernetes.io/region': 'r' },
    },
  };
  const both = { podIPs: [{ ip: '1.2.3.4' }, { ip: '1234::5678:0:0:9abc:def0' }] };
  const host = { hostname: 'example', subdomain: 'foo' };
  it.each<[string, Pod, spec: object, family: 'IPv4' | 'IPv6', address: string, state: string, more: object]>(
    [
      ['ready', pod(ready), {}, 'IPv4', '1.2.3.5', 'ready serving', {}],
      [
        'ready, published anyhow',
        pod(ready),
        { publishNotReadyAddresses: true },
        'IPv4',
        '1.2.3.5',
        'ready serving',
        {},
      ],
      ['not ready', pod({}), {}, 'IPv4', '1.2.3.5', '', {}],
      [
        'not ready, published anyhow',
        pod({}),
        { publishNotReadyAddresses: true },
        'IPv4',
        '1.2.3.5',
        'ready',
        {},
      ],
      ['ready, on its way out', pod(ready, {}, going), {}, 'IPv4', '1.2.3.5', 'serving terminating', {}],
      ['not ready, on its way out', pod({}, {}, going), {}, 'IPv4', '1.2.3.5', 'terminating', {}],
      [
        'on its way out, published anyhow',
        pod(ready, {}, going),
        { publishNotReadyAddresses: true },
        'IPv4',
        '1.2.3.5',
        'ready serving terminating',
        {},
      ],
      [
        'on a node',
        pod(ready, { nodeName: 'node-1' }),
        {},
        'IPv4',
        '1.2.3.5',
        'ready serving',
        { nodeName: 'node-1', zone: 'a' },
      ],
      ['of two families, IPv4', pod({ ...ready, ...both }), {}, 'IPv4', '1.2.3.4', 'ready serving', {}],
      [
        'of two families, IPv6',
        pod({ ...ready, ...both }),
        {},
        'IPv6',
        '1234::5678:0:0:9abc:def0',
        'ready serving',
        {},
      ],
      ['with a host name', pod(ready, host), {}, 'IPv4', '1.2.3.5', 'ready serving', { hostname: 'example' }],
      [
        'with a host name elsewhere',
        pod(ready, { ...host, subdomain: 'bar' }),
        {},
        'IPv4',
        '1.2.3.5',
        'ready serving',
        {},
      ],
    ],
  )('%s', (_title, one, spec, family, address, state, more) => {
    const groups = desiredEndpoints(service(spec), [one], family, () => node);
    const [endpoint] = [...groups.values()].flatMap(({ endpoints }) => [...endpoints.values()]);
    const is = (word: string) => state.split(' ').includes(word);
    const { nodeName: _node, zone: _zone, ...bare } = endpoint ?? { addresses: [] };
    const found = one.spec?.nodeName === undefined ? bare : endpoint;
    expect(found).toEqual({
      addresses: [address],
      conditions: { ready: is('ready'), serving: is('serving'), terminating: is('terminating') },
      targetRef: { kind: 'Pod', namespace: 'default', name: 'p', uid: 'u' },
      ...more,
    });
  });

  it('has the ports that it has, with what they speak', () => {
    const ports = [
      { name: 'http', port: 80, targetPort: 80 },
      { name: 'https', port: 443, targetPort: 'https', appProtocol: 'https' },
      { name: 'dns', port: 53, targetPort: 'https', protocol: 'UDP' },
      { name: 'side', port: 90, targetPort: 'side', appProtocol: 'example.com/custom' },
    ];
    const spec = {
      containers: [{ name: 'c', ports: [{ name: 'https', containerPort: 443 }] }],
      initContainers: [
        { name: 'once', ports: [{ name: 'side', containerPort: 1 }] },
        { name: 'sidecar', restartPolicy: 'Always', ports: [{ name: 'side', containerPort: 2 }] },
      ],
    };
    const groups = desiredEndpoints(service({ ports }), [pod({}, spec)], 'IPv4', () => node);
    expect([...groups.values()].map((group) => group.ports)).toEqual([
      [
        { name: 'http', port: 80, protocol: 'TCP' },
        { name: 'https', port: 443, protocol: 'TCP', appProtocol: 'https' },
        { name: 'side', port: 2, protocol: 'TCP', appProtocol: 'example.com/custom' },
      ],
    ]);
  });
});

describe('when the change happened', () => {
  const t = (second: number) => `2026-01-01T00:00:0${second}Z`;
  type Look = [service: number, pods: Record<string, number>, expected: number | undefined];
  it.each<[string, Look[]]>([
    ['a new Service', [[2, {}, 2]]],
    ['a new Service of older and newer Pods', [[3, { a: 0, b: 1, c: 5 }, 3]]],
    [
      'Pods come',
      [
        [0, {}, 0],
        [0, { a: 2, b: 1 }, 1],
      ],
    ],
    [
      'Pods change',
      [
        [0, { a: 1, b: 2, c: 3 }, 0],
        [0, { a: 5, b: 4, c: 3 }, 4],
      ],
    ],
    [
      'nothing changes',
      [
        [0, { a: 1, b: 2 }, 0],
        [0, { a: 1, b: 2 }, undefined],
      ],
    ],
    [
      'a Pod goes and comes',
      [
        [0, { a: 1, b: 2 }, 0],
        [0, { a: 1 }, undefined],
        [0, { a: 1, b: 4 }, 4],
      ],
    ],
    [
      'a Service that is another one',
      [
        [0, { a: 1 }, 0],
        [3, { a: 1 }, 3],
      ],
    ],
  ])('%s', (_title, looks) => {
    const times = createTriggerTimes();
    for (const [created, pods, expected] of looks) {
      const one = service({}, { creationTimestamp: t(created) });
      const list = Object.entries(pods).map(([name, at]) =>
        pod({ conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: t(at) }] }, {}, { name }),
      );
      expect(times.since(one, list)).toBe(expected === undefined ? undefined : t(expected));
    }
  });
});

let cluster: TestCluster | undefined;
afterEach(() => cluster?.stop());

describe('slices that are there', () => {
  const labels = {
    'kubernetes.io/service-name': 'foo',
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
  };
  const start = async (spec: object = {}, metadata: object = {}) => {
    const running = (cluster = await startCluster());
    await running.client.resource(Node).create({ metadata: { name: 'n' } } as Node);
    const made = await running.client
      .resource(Service)
      .create(service({ clusterIP: '10.0.0.1', ...spec }, metadata));
    const bare = pod({}, { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] });
    const { uid: _uid, ...named } = bare.metadata;
    await running.client.resource(Pod).create({ metadata: named, spec: bare.spec } as Pod);
    await running.client
      .resource(Pod)
      .namespace('default')
      .patch('p', { type: 'merge', body: { status: bare.status } }, { subresource: 'status' });
    return { running, uid: made.metadata.uid ?? '' };
  };
  const slice = (name: string, uid: string, more: object = {}): EndpointSlice => ({
    metadata: {
      name,
      namespace: 'default',
      labels,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: 'foo', uid, controller: true }],
    },
    addressType: 'IPv4',
    endpoints: [],
    ports: [],
    ...more,
  });
  const names = async (running: TestCluster) =>
    (await running.list(EndpointSlice)).map(({ metadata }) => metadata.name ?? '');

  it('are filled where they are its own, and replaced where they are of a Service that is gone', async () => {
    const { running, uid } = await start();
    const slices = running.client.resource(EndpointSlice);
    await slices.create(slice('own', uid));
    await slices.create(slice('old', 'another'));
    running.run(createEndpointSliceController);
    await running.until(async () => String(await names(running)) === 'own');
    expect((await running.list(EndpointSlice))[0]?.endpoints).toHaveLength(1);
  });

  it('are not reused for another Service’s', async () => {
    const { running, uid } = await start();
    await running.client.resource(EndpointSlice).create(slice('old', 'another'));
    running.run(createEndpointSliceController);
    await running.until(async () => !String(await names(running)).includes('old'));
    const [made, ...others] = await running.list(EndpointSlice);
    expect([made?.metadata.ownerReferences?.[0]?.uid, others]).toEqual([uid, []]);
  });

  it('follow the Pods of a Service that is on its way out, but get no company', async () => {
    const { running, uid } = await start({}, { finalizers: ['example.com/hold'] });
    const services = running.client.resource(Service).namespace('default');
    await running.client.resource(EndpointSlice).create(slice('own', uid));
    await services.delete('foo');
    running.run(createEndpointSliceController);
    await running.until(async () => (await running.list(EndpointSlice))[0]?.endpoints?.length === 1);
    await running.client.resource(EndpointSlice).namespace('default').delete('own');
    await running.settle();
    expect(await names(running)).toEqual([]);
  });

  it.each<[string, object, Record<string, string>]>([
    ['its labels', { foo: 'bar' }, { foo: 'bar' }],
    [
      'none of those that say whose the slice is',
      {
        foo: 'bar',
        'kubernetes.io/service-name': 'bad',
        'endpointslice.kubernetes.io/managed-by': 'actor',
        'service.kubernetes.io/headless': 'invalid',
      },
      { foo: 'bar' },
    ],
  ])('have of a Service %s', async (_title, given, expected) => {
    const { running } = await start({}, { labels: given });
    running.run(createEndpointSliceController);
    await running.until(async () => (await names(running)).length === 1);
    expect((await running.list(EndpointSlice))[0]?.metadata.labels).toEqual({ ...expected, ...labels });
  });
});
