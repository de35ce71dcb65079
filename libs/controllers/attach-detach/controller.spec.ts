import { afterEach, describe, expect, it } from 'vitest';
import { Node, PersistentVolumeClaim, Pod } from '@drydock/api/core/v1';
import { VolumeAttachment } from '@drydock/api/storage/v1';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { runKilled } from '../shared/killed.spec-support.ts';
import { createPersistentVolumeBinder } from '../persistentvolume-binder/index.ts';
import { createAttachDetachController } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster?.stop());

describe('persistentvolume-attach-detach-controller', () => {
  it.each([71, 72, 73])(
    'attaches once for all Pods of a node, and detaches with the last (seed %d)',
    async (seed) => {
      cluster = await startCluster();
      cluster.run((deps) => createPersistentVolumeBinder({ simulatedDefaultClass: true }, deps));
      const loop = runKilled(cluster, createAttachDetachController, { seed, limit: 10 });
      const annotations = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' };
      await cluster.client.resource(Node).create({ metadata: { name: 'n', annotations } });
      const claims = cluster.client.resource(PersistentVolumeClaim).namespace('default');
      await claims.create({
        metadata: { name: 'c', namespace: 'default' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      });
      const pods = cluster.client.resource(Pod).namespace('default');
      for (const name of ['p', 'q'])
        await pods.create({
          metadata: { name, namespace: 'default' },
          spec: {
            nodeName: 'n',
            containers: [{ name: 'c', image: 'i' }],
            volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }],
          },
        });
      const attached = async () =>
        (await cluster.client.resource(Node).get('n')).status?.volumesAttached ?? [];
      await cluster.until(async () => (await attached()).length === 1);
      const [attachment, ...others] = await cluster.list(VolumeAttachment);
      expect(others).toEqual([]);
      const { volumeName } = (await claims.get('c')).spec ?? {};
      expect(attachment?.spec).toEqual({
        attacher: 'simulated.drydock.dev',
        nodeName: 'n',
        source: { persistentVolumeName: volumeName },
      });
      expect((await attached())[0]?.name).toBe(`kubernetes.io/csi/simulated.drydock.dev^${volumeName}`);
      await pods.delete('p', { gracePeriodSeconds: 0 });
      await cluster.settle();
      expect((await attached()).length).toBe(1);
      await pods.patch(
        'q',
        { type: 'merge', body: { status: { phase: 'Succeeded' } } },
        { subresource: 'status' },
      );
      await cluster.until(async () => (await attached()).length === 0);
      expect(await cluster.list(VolumeAttachment)).toEqual([]);
      await loop.stop();
    },
  );
});
