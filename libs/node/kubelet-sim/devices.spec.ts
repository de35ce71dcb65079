import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Node, Pod } from '@drydock/api/core/v1';
import { ResourceClaim, ResourceSlice } from '@drydock/api/resource/v1';
import { startCluster, type TestCluster } from '../../controllers/shared/cluster.spec-support.ts';
import { createKubeletSim, type KubeletSim } from './index.ts';

let cluster: TestCluster;
let sim: KubeletSim;

beforeEach(async () => {
  cluster = await startCluster();
  sim = createKubeletSim({ nodes: 1, startDelayMs: 0 }, cluster.deps);
  const starting = sim.start();
  await cluster.settle();
  await starting;
});
afterEach(async () => {
  await sim.stop();
  await cluster.stop();
});

describe('the devices of a simulated node', () => {
  const annotate = (devices: string | null) =>
    cluster.client.resource(Node).patch('node-0', {
      type: 'merge',
      body: { metadata: { annotations: { 'drydock.dev/devices': devices } } },
    });
  const published = async () =>
    (await cluster.list(ResourceSlice)).map(
      ({ metadata, spec }) =>
        `${metadata.name} ${spec.pool.generation} ${spec.devices?.map(({ name }) => name).join(',')}`,
    );
  const until = (expected: string[]) =>
    cluster.until(async () => String((await published()).sort()) === String(expected));

  it('are published as its annotation says, change with it and go with it', async () => {
    expect(await published()).toEqual([]);
    await annotate('gpu.example.com=2,nic.example.com=1');
    await until(['node-0-gpu.example.com 1 gpu-0,gpu-1', 'node-0-nic.example.com 1 nic-0']);
    const [slice] = await cluster.list(ResourceSlice);
    const node = await cluster.client.resource(Node).get('node-0');
    expect(slice?.metadata.ownerReferences?.[0]?.uid).toBe(node.metadata.uid);
    await annotate('gpu.example.com=1');
    await until(['node-0-gpu.example.com 2 gpu-0']);
    await cluster.client.resource(ResourceSlice).delete('node-0-gpu.example.com');
    await until(['node-0-gpu.example.com 1 gpu-0']);
    await annotate(null);
    await until([]);
  });
});

describe('a Pod with resource claims', () => {
  it('starts when its claims are reserved for it, and says what it waits for', async () => {
    const pods = cluster.client.resource(Pod).namespace('default');
    const claims = cluster.client.resource(ResourceClaim).namespace('default');
    const pod = await pods.create({
      metadata: { name: 'p' },
      spec: {
        nodeName: 'node-0',
        containers: [{ name: 'c', image: 'nginx:1' }],
        resourceClaims: [{ name: 'gpu', resourceClaimName: 'c' }],
      },
    });
    const words = 'Warning FailedPrepareDynamicResources Failed to prepare dynamic resources: ';
    const said = async (what: string) =>
      (await cluster.events('p')).some((event) =>
        event.startsWith(`${words}prepare dynamic resources: ${what}`),
      );
    await cluster.until(() => said('fetch ResourceClaim c: resourceclaims.resource.k8s.io "c" not found'));
    const claim = await claims.create({
      metadata: { name: 'c' },
      spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] } },
    });
    await cluster.until(() =>
      said(`pod p (${pod.metadata.uid}) is not allowed to use ResourceClaim c (${claim.metadata.uid})`),
    );
    expect((await pods.get('p')).status?.phase).toBe('Pending');
    expect((await pods.get('p')).status?.podIP).toBeUndefined();
    await claims.updateStatus({
      ...claim,
      status: {
        allocation: {
          devices: { results: [{ request: 'r', driver: 'gpu.example.com', pool: 'p', device: 'd' }] },
        },
        reservedFor: [{ resource: 'pods', name: 'p', uid: pod.metadata.uid ?? '' }],
      },
    });
    await cluster.until(async () => (await pods.get('p')).status?.phase === 'Running');
  });

  it('waits for the claim that stands for its extended resources, too', async () => {
    const pods = cluster.client.resource(Pod).namespace('default');
    const status = { extendedResourceClaimStatus: { resourceClaimName: 'x', requestMappings: [] } };
    await pods.create({
      metadata: { name: 'q' },
      spec: { containers: [{ name: 'c', image: 'nginx:1' }], schedulerName: 'none' },
    });
    await pods.patch('q', { type: 'merge', body: { status } }, { subresource: 'status' });
    await pods.createSubresource('q', 'binding', {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'q' },
      target: { kind: 'Node', name: 'node-0' },
    } as never);
    await cluster.until(async () =>
      (await cluster.events('q')).some((event) =>
        event.includes('fetch ResourceClaim x: resourceclaims.resource.k8s.io "x" not found'),
      ),
    );
    expect((await pods.get('q')).status?.phase).toBe('Pending');
  });
});
