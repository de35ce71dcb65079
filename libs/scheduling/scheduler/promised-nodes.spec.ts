import { PersistentVolume, PersistentVolumeClaim } from '@drydock/api/core/v1';
import { StorageClass } from '@drydock/api/storage/v1';
import { describe, expect, it } from 'vitest';
import type { Plugin } from '../framework/index.ts';
import { start } from './scheduler.spec-support.ts';

const withPlugin = (plugin: Plugin) =>
  start({
    plugins: { [plugin.name]: () => plugin },
    configuration: {
      apiVersion: 'kubescheduler.config.k8s.io/v1',
      kind: 'KubeSchedulerConfiguration',
      profiles: [{ plugins: { multiPoint: { enabled: [{ name: plugin.name }] } } }],
    },
  });
type Cluster = Awaited<ReturnType<typeof start>>;
const promised = async ({ pods }: Cluster, name: string) => (await pods.get(name)).status?.nominatedNodeName;
const gang: Plugin = {
  name: 'Gang',
  permit: (_, { pod }) =>
    pod.metadata.name === 'held' ? { status: { code: 'Wait', reasons: [] }, timeoutMs: 60_000 } : undefined,
  events: [{ resource: 'Node', actions: ['Add'] }],
};

describe('the node that a Pod is on its way to', () => {
  it('is told while it waits for its permit, and no more once it is bound', async () => {
    const cluster = await withPlugin(gang);
    await cluster.addNode('n1');
    await cluster.add({ name: 'held' });
    expect(await promised(cluster, 'held')).toBe('n1');
    cluster.scheduler.waitingPods.get('default/held')?.allow('Gang');
    await cluster.settle();
    expect(await cluster.where('held')).toBe('n1');
    expect(await promised(cluster, 'held')).toBeUndefined();
  });

  it('is not told any more when it is refused; what happened meanwhile is not lost on it', async () => {
    const cluster = await withPlugin(gang);
    await cluster.addNode('n1');
    await cluster.add({ name: 'held' });
    await cluster.addNode('n2');
    cluster.scheduler.waitingPods.get('default/held')?.reject('Gang', 'too few');
    await cluster.settle();
    expect((await cluster.events('held'))[0]).toBe(
      'Warning FailedScheduling 0/1 nodes are available: 1 too few.',
    );
    // A node came while it waited: it is tried again at once, there being nobody else.
    expect(cluster.scheduler.waitingPods.get('default/held')).toBeDefined();
    cluster.scheduler.waitingPods.get('default/held')?.reject('Gang', 'too few');
    await cluster.settle();
    expect(await promised(cluster, 'held')).toBeUndefined();
    expect(cluster.scheduler.waitingPods.get('default/held')).toBeUndefined();
  });

  it('is free again when the Pod is deleted that was held back', async () => {
    const cluster = await withPlugin(gang);
    await cluster.addNode('n1', { allocatable: { cpu: '1', memory: '4Gi', pods: '10' } });
    await cluster.add({ name: 'held', requests: { cpu: '1' } });
    await cluster.add({ name: 'other', requests: { cpu: '1' } });
    expect(await cluster.where('other')).toBeUndefined();
    await cluster.pods.delete('held', { gracePeriodSeconds: 0 });
    await cluster.settle();
    await cluster.clock.advance(2_000);
    expect(await cluster.where('other')).toBe('n1');
  });

  it('is told while its volumes are made', async () => {
    const cluster = await start();
    await cluster.addNode('n1');
    await cluster.client.resource(StorageClass).create({
      metadata: { name: 'later' },
      provisioner: 'example.com/disks',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    const claims = cluster.client.resource(PersistentVolumeClaim).namespace('default');
    await claims.create({
      metadata: { name: 'c' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'later',
        resources: { requests: { storage: '1Gi' } },
      },
    } as PersistentVolumeClaim);
    await cluster.settle();
    await cluster.add({
      name: 'a',
      spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] },
    });
    expect(await promised(cluster, 'a')).toBe('n1');
    const claim = await claims.get('c');
    expect(claim.metadata.annotations?.['volume.kubernetes.io/selected-node']).toBe('n1');
    await cluster.client.resource(PersistentVolume).create({
      metadata: { name: 'pv' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        storageClassName: 'later',
        hostPath: { path: '/x' },
      },
    } as PersistentVolume);
    await claims.update({
      ...claim,
      metadata: {
        ...claim.metadata,
        annotations: { ...claim.metadata.annotations, 'pv.kubernetes.io/bind-completed': 'yes' },
      },
      spec: { ...claim.spec, volumeName: 'pv' },
    });
    await cluster.settle();
    expect(await cluster.where('a')).toBe('n1');
    expect(await promised(cluster, 'a')).toBeUndefined();
  });
});

describe('a place that a Pod was promised', () => {
  /** A node with room for one, promised to a Pod of some importance that cannot take it yet. */
  async function withGuest() {
    const cluster = await start();
    await cluster.addNode('n1', { allocatable: { cpu: '1', memory: '4Gi', pods: '10' } });
    const spec = { priority: 10, schedulingGates: [{ name: 'wait' }] };
    await cluster.add({ name: 'guest', requests: { cpu: '1' }, spec });
    const body = { status: { nominatedNodeName: 'n1' } };
    await cluster.pods.patch('guest', { type: 'merge', body }, { subresource: 'status' });
    await cluster.settle();
    return {
      ...cluster,
      next: (priority: number) =>
        cluster.add({ name: 'next', requests: { cpu: '1' }, spec: { priority, preemptionPolicy: 'Never' } }),
    };
  }

  it('is kept from the less important until it is given up', async () => {
    const cluster = await withGuest();
    await cluster.next(5);
    expect(await cluster.where('next')).toBeUndefined();
    await cluster.pods.delete('guest', { gracePeriodSeconds: 0 });
    await cluster.settle();
    await cluster.clock.advance(2_000);
    expect(await cluster.where('next')).toBe('n1');
  });

  it('is not kept from the more important', async () => {
    const cluster = await withGuest();
    await cluster.next(20);
    expect(await cluster.where('next')).toBe('n1');
  });
});
