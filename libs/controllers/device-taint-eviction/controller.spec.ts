import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Pod } from '@drydock/api/core/v1';
import {
  ResourceClaim,
  ResourceSlice,
  type DeviceTaint,
  type DeviceToleration,
} from '@drydock/api/resource/v1';
import { podTemplate, startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { createDeviceTaintEvictionController } from './index.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await startCluster();
  await cluster.client.resource(ResourceSlice).create({
    metadata: { name: 's' },
    spec: {
      driver: 'gpu.example.com',
      nodeName: 'n1',
      pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
      devices: [{ name: 'd1' }, { name: 'd2' }],
    },
  });
});
afterEach(() => cluster.stop());

const pods = () => cluster.client.resource(Pod).namespace('default');

/** A Pod on a node, with a claim that has a device. */
async function run(name: string, device: string, tolerations: DeviceToleration[] = []): Promise<void> {
  const claims = cluster.client.resource(ResourceClaim).namespace('default');
  const pod = await pods().create({
    metadata: { name, namespace: 'default' },
    spec: {
      ...podTemplate({}).spec,
      nodeName: 'n1',
      resourceClaims: [{ name: 'gpu', resourceClaimName: name }],
    },
  });
  const claim = await claims.create({
    metadata: { name, namespace: 'default' },
    spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] } },
  });
  const result = { request: 'r', driver: 'gpu.example.com', pool: 'p', device };
  await claims.updateStatus({
    ...claim,
    status: {
      allocation: { devices: { results: [{ ...result, ...(tolerations.length > 0 && { tolerations }) }] } },
      reservedFor: [{ resource: 'pods', name, uid: pod.metadata.uid ?? '' }],
    },
  });
}

async function taint(...taints: DeviceTaint[]): Promise<void> {
  const resource = cluster.client.resource(ResourceSlice);
  const slice = await resource.get('s');
  const devices = [{ name: 'd1', ...(taints.length > 0 && { taints }) }, { name: 'd2' }];
  await resource.update({ ...slice, spec: { ...slice.spec, devices } });
}

const isLeaving = async (name: string) => (await pods().get(name)).metadata.deletionTimestamp !== undefined;
const broken: DeviceTaint = { key: 'broken', value: 'fan', effect: 'NoExecute' };
const exists = { key: 'broken', operator: 'Exists' };

describe('device-taint-eviction-controller', () => {
  it('evicts the users of a device that is tainted, and nobody else', async () => {
    cluster.run(createDeviceTaintEvictionController);
    await run('a', 'd1');
    await run('b', 'd2');
    await run('c', 'd1', [exists]);
    await cluster.settle();
    await taint(broken);
    await cluster.until(() => isLeaving('a'));
    expect((await pods().get('a')).status?.conditions).toContainEqual(
      expect.objectContaining({
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'DeletionByDeviceTaintManager',
        message: 'Device Taint manager: deleting due to NoExecute taint',
      }),
    );
    expect(await cluster.events('a')).toEqual(['Normal DeviceTaintManagerEviction Marking for deletion']);
    await cluster.clock.advance(60_000);
    expect(await Promise.all(['b', 'c'].map(isLeaving))).toEqual([false, false]);
    expect(await cluster.events('b')).toEqual([]);
    expect(cluster.counted).toEqual({
      device_taint_eviction_controller_pod_deletions_total: 1,
      device_taint_eviction_controller_pod_deletion_duration_seconds: 1,
    });
  });

  it('lets Pods stay for as long as they tolerate it, and for good when the taint goes', async () => {
    await run('a', 'd1', [{ ...exists, tolerationSeconds: 60 }]);
    await taint(broken);
    const stop = cluster.run(createDeviceTaintEvictionController);
    await cluster.clock.advance(30_000);
    expect(await isLeaving('a')).toBe(false);
    await taint();
    await cluster.settle();
    expect(await cluster.events('a')).toEqual(['Normal DeviceTaintManagerEviction Cancelling deletion']);
    await taint(broken);
    await cluster.clock.advance(30_000);
    expect(await isLeaving('a')).toBe(false);
    await stop();
    cluster.run(createDeviceTaintEvictionController);
    await cluster.clock.advance(29_000);
    expect(await isLeaving('a')).toBe(false);
    await cluster.clock.advance(2_000);
    await cluster.settle();
    expect(await isLeaving('a')).toBe(true);
  });
});
