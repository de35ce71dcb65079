import { afterEach, describe, expect, it } from 'vitest';
import { Endpoints, Service } from '@drydock/api/core/v1';
import { EndpointSlice } from '@drydock/api/discovery/v1';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { runKilled } from '../shared/killed.spec-support.ts';
import { createEndpointSliceMirroringController } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster?.stop());

const endpoints = () => cluster.client.resource(Endpoints).namespace('default');
const slices = () => cluster.list(EndpointSlice, 'default');
const summary = async () =>
  (await slices())
    .map(
      ({ addressType, ports, endpoints: list }) =>
        `${addressType} ${ports?.map(({ port }) => port)} ${(list ?? []).map(({ addresses, conditions }) => `${addresses[0]}${conditions?.ready ? '' : '!'}`)}`,
    )
    .sort();
const subset = (port: number, addresses: string[], notReady: string[] = []) => ({
  addresses: addresses.map((ip) => ({ ip })),
  ...(notReady.length > 0 ? { notReadyAddresses: notReady.map((ip) => ({ ip })) } : {}),
  ports: [{ name: 'p', port }],
});
const create = async (subsets: object[], selector?: Record<string, string>) => {
  await cluster.client
    .resource(Service)
    .namespace('default')
    .create({
      metadata: { name: 's', namespace: 'default' },
      spec: { ports: [{ name: 'p', port: 80 }], ...(selector ? { selector } : {}) },
    });
  await endpoints().create({
    metadata: { name: 's', namespace: 'default', labels: { a: 'b' }, annotations: { c: 'd' } },
    subsets,
  } as Endpoints);
};

describe('endpointslice-mirroring-controller', () => {
  it('mirrors by ports and family, follows changes, and cleans up', async () => {
    cluster = await startCluster();
    cluster.run(createEndpointSliceMirroringController);
    await create([subset(80, ['10.0.0.1', 'fd00::1'], ['10.0.0.2']), subset(81, ['10.0.0.3'])]);
    await cluster.until(async () => (await slices()).length === 3);
    expect(await summary()).toEqual(['IPv4 80 10.0.0.1,10.0.0.2!', 'IPv4 81 10.0.0.3', 'IPv6 80 fd00::1']);
    const [slice] = await slices();
    expect(slice?.metadata).toMatchObject({
      generateName: 's-',
      annotations: { c: 'd' },
      labels: {
        a: 'b',
        'kubernetes.io/service-name': 's',
        'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
      },
      ownerReferences: [{ kind: 'Endpoints', name: 's', controller: true }],
    });
    await endpoints().patch('s', { type: 'merge', body: { subsets: [subset(80, ['10.0.0.9'])] } });
    await cluster.until(async () => String(await summary()) === 'IPv4 80 10.0.0.9');
    const label = { metadata: { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } } };
    await endpoints().patch('s', { type: 'merge', body: label });
    await cluster.until(async () => (await slices()).length === 0);
    expect(cluster.errors).toEqual([]);
  });

  it('leaves Services with a selector alone', async () => {
    cluster = await startCluster();
    cluster.run(createEndpointSliceMirroringController);
    await create([subset(80, ['10.0.0.1'])], { app: 'web' });
    await cluster.settle();
    expect(await slices()).toEqual([]);
  });

  it.each([41, 42, 43])('makes no slice twice though killed at any point (seed %d)', async (seed) => {
    cluster = await startCluster();
    const loop = runKilled(cluster, createEndpointSliceMirroringController, { seed });
    await create([subset(80, ['10.0.0.1']), subset(81, ['10.0.0.2']), subset(82, ['10.0.0.3'])]);
    await cluster.until(async () => (await slices()).length === 3);
    await endpoints().patch('s', {
      type: 'merge',
      body: { subsets: [subset(80, ['10.0.0.4']), subset(83, ['10.0.0.5'])] },
    });
    await cluster.until(async () => String(await summary()) === 'IPv4 80 10.0.0.4,IPv4 83 10.0.0.5');
    await loop.stop();
  });
});
