import { afterEach, describe, expect, it } from 'vitest';
import { forbidden } from '@drydock/base/apimachinery';
import { PersistentVolumeClaim, Pod, type Volume } from '@drydock/api/core/v1';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { createEphemeralVolumeController } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

const spec = {
  accessModes: ['ReadWriteOnce'],
  resources: { requests: { storage: '1Gi' } },
  storageClassName: 'gold',
};
const ephemeral = (name: string, metadata: object = {}): Volume => ({
  name,
  ephemeral: { volumeClaimTemplate: { metadata, spec } },
});
const pods = () => cluster.client.resource(Pod).namespace('default');
const claims = () => cluster.client.resource(PersistentVolumeClaim).namespace('default');
const make = (name: string, volumes: Volume[]) =>
  pods().create({
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'c', image: 'i' }], volumes },
  });
const names = async () =>
  (await cluster.list(PersistentVolumeClaim)).map(({ metadata }) => metadata.name).sort();

describe('ephemeral-volume-controller', () => {
  it('makes the claims of a Pod, with what their templates say and the Pod as their owner', async () => {
    cluster = await startCluster();
    cluster.run(createEphemeralVolumeController);
    const pod = await make('web', [
      ephemeral('data', { labels: { a: 'b' }, annotations: { c: 'd' } }),
      { name: 'other', emptyDir: {} },
      ephemeral('more'),
    ]);
    await make('plain', [{ name: 'other', emptyDir: {} }]);
    await cluster.until(async () => (await names()).length === 2);
    expect(await names()).toEqual(['web-data', 'web-more']);
    const claim = await claims().get('web-data');
    expect(claim.metadata).toMatchObject({
      labels: { a: 'b' },
      annotations: { c: 'd' },
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'Pod',
          name: 'web',
          uid: pod.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    });
    expect(claim.spec).toMatchObject(spec);
    expect(cluster.errors).toEqual([]);
  });

  it('makes a claim anew that was deleted, as long as its Pod is there', async () => {
    cluster = await startCluster();
    cluster.run(createEphemeralVolumeController);
    await make('web', [ephemeral('data')]);
    await cluster.until(async () => (await names()).length === 1);
    const first = (await claims().get('web-data')).metadata.uid;
    await claims().delete('web-data');
    await cluster.until(
      async () => (await names()).length === 1 && (await claims().get('web-data')).metadata.uid !== first,
    );
    await pods().patch('web', { type: 'merge', body: { metadata: { finalizers: ['mine/one'] } } });
    await pods().delete('web', { gracePeriodSeconds: 0 });
    await claims().delete('web-data');
    await cluster.settle();
    expect(await names()).toEqual([]);
  });

  it('takes no claim that is not the Pod’s, and says so', async () => {
    cluster = await startCluster();
    await claims().create({ metadata: { name: 'web-data', namespace: 'default' }, spec });
    cluster.run(createEphemeralVolumeController);
    await make('web', [ephemeral('data')]);
    await cluster.settle();
    const [claim] = await cluster.list(PersistentVolumeClaim);
    expect(claim?.metadata.ownerReferences).toBeUndefined();
    expect((await cluster.events('web'))[0]).toMatch(
      /^Warning FailedBinding ephemeral volume data: PVC default\/web-data was not created for pod default\/web \(pod is not owner\)/,
    );
  });

  it('says why a claim cannot be made, and tries again', async () => {
    let refuse = true;
    cluster = await startCluster({
      transport: (real) => ({
        ...real,
        create: (ref, object, options) =>
          refuse && ref.resource === 'persistentvolumeclaims'
            ? Promise.reject(
                forbidden({ group: '', resource: 'persistentvolumeclaims' }, 'web-data', 'no room'),
              )
            : real.create(ref, object, options),
      }),
    });
    cluster.run(createEphemeralVolumeController);
    await make('web', [ephemeral('data')]);
    await cluster.settle();
    expect((await cluster.events('web'))[0]).toMatch(
      /^Warning FailedBinding ephemeral volume data: create PVC web-data: persistentvolumeclaims "web-data" is forbidden: no room/,
    );
    refuse = false;
    await cluster.until(async () => (await names()).length === 1);
  });

  it('makes the claims of Pods that came while it was away', async () => {
    cluster = await startCluster();
    await make('web', [ephemeral('data')]);
    const stop = cluster.run(createEphemeralVolumeController);
    await stop();
    cluster.run(createEphemeralVolumeController);
    await cluster.until(async () => (await names()).length === 1);
  });
});
