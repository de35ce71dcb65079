import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Node, Pod, Service } from '@drydock/api/core/v1';
import { EndpointSlice } from '@drydock/api/discovery/v1';
import { podTemplate, startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { createEndpointSliceController } from './index.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await startCluster();
  const node = { metadata: { name: 'node-1', labels: { 'topology.kubernetes.io/zone': 'west' } } };
  await cluster.client.resource(Node).create(node as Node);
});
afterEach(() => cluster.stop());

const service = (spec: object = {}, labels?: Record<string, string>): Service =>
  ({
    metadata: { name: 'web', namespace: 'default', labels },
    spec: {
      selector: { app: 'web' },
      ports: [{ name: 'http', port: 80, targetPort: 'http' }],
      clusterIP: '10.96.0.9',
      ...spec,
    },
  }) as Service;

async function createPod(
  name: string,
  ip: string,
  options: { ready?: boolean; port?: number; nodeName?: string } = {},
) {
  const { ready = true, port = 8080, nodeName = 'node-1' } = options;
  const spec = {
    nodeName,
    containers: [{ ...podTemplate({}).spec.containers[0], ports: [{ name: 'http', containerPort: port }] }],
  };
  const pods = cluster.client.resource(Pod).namespace('default');
  await pods.create({ metadata: { name, labels: { app: 'web' } }, spec } as Pod);
  await setReady(name, ready, ip);
}

function setReady(name: string, ready: boolean, ip?: string) {
  const condition = {
    type: 'Ready',
    status: ready ? 'True' : 'False',
    lastTransitionTime: '2026-01-01T00:00:05Z',
  };
  const status = {
    phase: 'Running',
    conditions: [condition],
    ...(ip ? { podIP: ip, podIPs: [{ ip }] } : {}),
  };
  const pods = cluster.client.resource(Pod).namespace('default');
  return pods.patch(name, { type: 'merge', body: { status } }, { subresource: 'status' });
}

const slices = () => cluster.list(EndpointSlice, 'default');
const addresses = async () =>
  (await slices()).flatMap(({ endpoints = [] }) => endpoints.flatMap((one) => one.addresses)).sort();

describe('endpointslice-controller', () => {
  it('publishes the Pods that a Service selects, with their state and zone', async () => {
    cluster.run(createEndpointSliceController);
    const owner = await cluster.client.resource(Service).create(service({}, { team: 'blue' }));
    await createPod('a', '10.0.0.1');
    await createPod('b', '10.0.0.2', { ready: false });
    await cluster.until(async () => (await addresses()).length === 2);
    const [slice, ...others] = await slices();
    expect(others).toEqual([]);
    expect(slice?.metadata.name).toMatch(/^web-[a-z0-9]{5}$/);
    expect(slice?.metadata.labels).toEqual({
      team: 'blue',
      'kubernetes.io/service-name': 'web',
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
    });
    expect(slice?.metadata.ownerReferences).toEqual([
      {
        apiVersion: 'v1',
        kind: 'Service',
        name: 'web',
        uid: owner.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
    expect(slice?.addressType).toBe('IPv4');
    expect(slice?.ports).toEqual([{ name: 'http', protocol: 'TCP', port: 8080 }]);
    const first = slice?.endpoints?.find((one) => one.targetRef?.name === 'a');
    expect(first).toEqual({
      addresses: ['10.0.0.1'],
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: 'Pod', namespace: 'default', name: 'a', uid: first?.targetRef?.uid },
      nodeName: 'node-1',
      zone: 'west',
    });
    expect(slice?.endpoints?.find((one) => one.targetRef?.name === 'b')?.conditions).toEqual({
      ready: false,
      serving: false,
      terminating: false,
    });
    expect(cluster.errors).toEqual([]);
  });

  it('keeps one empty slice for a Service without Pods and fills that one', async () => {
    cluster.run(createEndpointSliceController);
    await cluster.client.resource(Service).create(service());
    await cluster.until(async () => (await slices()).length === 1);
    const [empty] = await slices();
    expect(empty?.endpoints ?? []).toEqual([]);
    await createPod('a', '10.0.0.1');
    await cluster.until(async () => (await addresses()).length === 1);
    expect((await slices()).map((one) => one.metadata.uid)).toEqual([empty?.metadata.uid]);
  });

  it('shows a Pod on its way out as terminating, and drops it when it is gone', async () => {
    cluster.run(createEndpointSliceController);
    await cluster.client.resource(Service).create(service());
    await createPod('a', '10.0.0.1');
    await cluster.until(async () => (await addresses()).length === 1);
    const pods = cluster.client.resource(Pod).namespace('default');
    await pods.delete('a');
    const conditions = async () => (await slices())[0]?.endpoints?.[0]?.conditions;
    await cluster.until(async () => (await conditions())?.terminating === true);
    expect(await conditions()).toEqual({ ready: false, serving: true, terminating: true });
    await pods.delete('a', { gracePeriodSeconds: 0 });
    await cluster.until(async () => (await addresses()).length === 0);
  });

  it('gives Pods whose named port differs a slice of their own', async () => {
    cluster.run(createEndpointSliceController);
    await cluster.client.resource(Service).create(service({ clusterIP: 'None', ipFamilies: ['IPv4'] }));
    await createPod('a', '10.0.0.1');
    await createPod('b', '10.0.0.2', { port: 9090 });
    await cluster.until(async () => (await addresses()).length === 2);
    const all = await slices();
    expect(all.map(({ ports = [] }) => ports[0]?.port).sort()).toEqual([8080, 9090]);
    for (const slice of all)
      expect(slice.metadata.labels).toHaveProperty(['service.kubernetes.io/headless'], '');
  });

  it('waits for the Node of a Pod, and publishes Pods that are not ready where it is asked to', async () => {
    cluster.run(createEndpointSliceController);
    await cluster.client.resource(Service).create(service({ publishNotReadyAddresses: true }));
    await createPod('a', '10.0.0.1', { ready: false });
    await cluster.until(async () => (await addresses()).length === 1);
    expect((await slices())[0]?.endpoints?.[0]?.conditions).toEqual({
      ready: true,
      serving: false,
      terminating: false,
    });
    await cluster.client
      .resource(Service)
      .namespace('default')
      .patch('web', { type: 'merge', body: { spec: { publishNotReadyAddresses: false } } });
    await createPod('b', '10.0.0.2', { nodeName: 'node-2' });
    await cluster.settle();
    expect(await addresses()).toEqual(['10.0.0.1']);
    await cluster.client.resource(Node).create({ metadata: { name: 'node-2' } } as Node);
    await cluster.until(async () => (await addresses()).length === 2);
  });

  it('leaves Services without a selector, and slices of others, alone', async () => {
    cluster.run(createEndpointSliceController);
    await cluster.client.resource(Service).create(service({ selector: undefined }));
    const own = {
      metadata: { name: 'mine', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['192.0.2.1'], conditions: {} }],
      ports: [],
    };
    await cluster.client.resource(EndpointSlice).create(own as EndpointSlice);
    await cluster.settle();
    expect((await slices()).map((one) => one.metadata.name)).toEqual(['mine']);
  });

  it('makes no slice twice when it is killed and started again', async () => {
    await cluster.client.resource(Service).create(service());
    for (let index = 0; index < 5; index++) await createPod(`p${index}`, `10.0.0.${index + 1}`);
    for (let round = 0; round < 8; round++) {
      const stop = cluster.run(createEndpointSliceController);
      for (let turn = 0; turn < 20 * round; turn++) await undefined;
      await stop();
    }
    cluster.run(createEndpointSliceController);
    await cluster.until(async () => (await addresses()).length === 5);
    await cluster.settle();
    expect(await slices()).toHaveLength(1);
  });

  const services = () => cluster.client.resource(Service).namespace('default');
  const hints = async () =>
    (await slices()).flatMap(({ endpoints = [] }) =>
      endpoints.map(
        ({ zone, hints: given }) =>
          `${zone}: ${JSON.stringify([given?.forZones?.map(({ name }) => name), given?.forNodes?.map(({ name }) => name)])}`,
      ),
    );

  it('gives hints as trafficDistribution says, without writing them twice, and takes them away with it', async () => {
    cluster.run(createEndpointSliceController);
    await services().create(service({ trafficDistribution: 'PreferClose' }));
    await createPod('a', '10.0.0.1');
    await cluster.until(async () => String(await hints()) === 'west: [["west"],null]');
    const [before] = await slices();
    await services().patch('web', { type: 'merge', body: { metadata: { annotations: { touched: 'yes' } } } });
    await cluster.clock.advance(5_000);
    expect((await slices())[0]?.metadata.resourceVersion).toBe(before?.metadata.resourceVersion);
    const distribute = (trafficDistribution: string | null) =>
      services().patch('web', { type: 'merge', body: { spec: { trafficDistribution } } });
    await distribute('PreferSameNode');
    await cluster.until(async () => String(await hints()) === 'west: [["west"],["node-1"]]');
    await distribute(null);
    await cluster.until(async () => String(await hints()) === 'west: [null,null]');
    expect(cluster.errors).toEqual([]);
  });

  it('spreads the endpoints of a Service with topology-mode over the zones by their CPU, and says when it cannot', async () => {
    const nodes = cluster.client.resource(Node);
    const ready = (name: string, zone: string) =>
      nodes.patch(
        name,
        {
          type: 'strategic',
          body: {
            metadata: { labels: { 'topology.kubernetes.io/zone': zone } },
            status: { allocatable: { cpu: '2' }, conditions: [{ type: 'Ready', status: 'True' }] },
          },
        },
        { subresource: 'status' },
      );
    await ready('node-1', 'west');
    cluster.run(createEndpointSliceController);
    const annotations = { 'service.kubernetes.io/topology-mode': 'Auto' };
    const made = service();
    await services().create({ ...made, metadata: { ...made.metadata, annotations } });
    for (const [index, name] of ['a', 'b', 'c', 'd'].entries()) await createPod(name, `10.0.0.${index + 1}`);
    await cluster.until(async () => (await addresses()).length === 4);
    const refusal =
      'Warning TopologyAwareHintsDisabled Insufficient Node information: allocatable CPU or zone not specified on one or more nodes, addressType: IPv4';
    await cluster.until(async () => (await cluster.events('web')).some((one) => one.startsWith(refusal)));
    expect(new Set(await hints())).toEqual(new Set(['west: [null,null]']));

    await nodes.create({
      metadata: { name: 'node-2', labels: { 'topology.kubernetes.io/zone': 'east' } },
    } as unknown as Node);
    await ready('node-2', 'east');
    await cluster.clock.advance(100);
    await services().patch('web', { type: 'merge', body: { metadata: { labels: { look: 'again' } } } });
    await cluster.until(async () => (await hints()).filter((one) => one.includes('east')).length === 2);
    expect((await hints()).sort()).toEqual([
      ...Array.from({ length: 2 }, () => 'west: [["east"],null]'),
      ...Array.from({ length: 2 }, () => 'west: [["west"],null]'),
    ]);
    expect(await cluster.events('web')).toContain(
      'Normal TopologyAwareHintsEnabled Topology Aware Hints has been enabled, addressType: IPv4',
    );

    // With its zone gone, a hint for it leads nowhere: the Service is looked at again.
    await nodes.delete('node-2');
    await cluster.until(async () => (await hints()).every((one) => one === 'west: [null,null]'));
    expect(cluster.errors).toEqual([]);
  });
});
