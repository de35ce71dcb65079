import { afterEach, describe, expect, it } from 'vitest';
import { PersistentVolume, PersistentVolumeClaim } from '@drydock/api/core/v1';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { runKilled } from '../shared/killed.spec-support.ts';
import { createPersistentVolumeBinder } from '../persistentvolume-binder/index.ts';
import { createPersistentVolumeExpander } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster?.stop());

describe('persistentvolume-expander-controller', () => {
  it('makes volume and claim larger, though killed at any point', async () => {
    cluster = await startCluster();
    cluster.run((deps) => createPersistentVolumeBinder({ simulatedDefaultClass: true }, deps));
    const claims = cluster.client.resource(PersistentVolumeClaim).namespace('default');
    await claims.create({
      metadata: { name: 'c', namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    await cluster.until(async () => (await claims.get('c')).status?.phase === 'Bound');
    const loop = runKilled(cluster, createPersistentVolumeExpander, { seed: 51, limit: 8 });
    const capacity = async () => (await claims.get('c')).status?.capacity?.['storage'];
    for (const storage of ['2Gi', '3Gi', '5Gi']) {
      await claims.patch('c', { type: 'merge', body: { spec: { resources: { requests: { storage } } } } });
      await cluster.until(async () => (await capacity()) === storage);
      const [volume] = await cluster.list(PersistentVolume);
      expect(volume?.spec?.capacity).toEqual({ storage });
    }
    expect(loop.kills()).toBeGreaterThan(0);
    await loop.stop();
  });
});
