import { afterEach, describe, expect, it } from 'vitest';
import { PersistentVolume } from '@drydock/api/core/v1';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { createPvProtectionController, shouldProtect } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster?.stop());
const finalizer = 'kubernetes.io/pv-protection';

describe('shouldProtect', () => {
  it.each([
    ['a new volume', undefined, undefined, true],
    ['an available volume', 'Available', undefined, true],
    ['a bound volume', 'Bound', undefined, true],
    ['a bound volume that is deleted', 'Bound', '2026-01-01T00:00:00Z', undefined],
    ['a volume that is deleted', undefined, '2026-01-01T00:00:00Z', false],
    ['an available volume that is deleted', 'Available', '2026-01-01T00:00:00Z', false],
    ['a released volume that is deleted', 'Released', '2026-01-01T00:00:00Z', false],
    ['a failed volume that is deleted', 'Failed', '2026-01-01T00:00:00Z', false],
  ])('%s', (_title, phase, deletionTimestamp, expected) => {
    const volume = {
      metadata: { name: 'v', ...(deletionTimestamp ? { deletionTimestamp } : {}) },
      ...(phase ? { status: { phase } } : {}),
    };
    expect(shouldProtect(volume)).toBe(expected);
  });
});

describe('persistentvolume-protection-controller', () => {
  const volumes = () => cluster.client.resource(PersistentVolume);
  const make = async (name: string, finalizers: string[], phase: string) => {
    const made = await volumes().create({
      metadata: { name, finalizers },
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        hostPath: { path: '/tmp/v' },
      },
    });
    await volumes().updateStatus({ ...made, status: { phase } });
  };
  const finalizers = async (name: string) => (await volumes().get(name)).metadata.finalizers ?? [];
  const names = async () => (await cluster.list(PersistentVolume)).map(({ metadata }) => metadata.name);

  it('keeps a bound volume that is deleted until it is let go, and leaves other finalizers alone', async () => {
    cluster = await startCluster();
    await make('bound', ['mine/one'], 'Bound');
    await make('free', [], 'Available');
    cluster.run(createPvProtectionController);
    await cluster.until(async () => (await finalizers('bound')).includes(finalizer));
    expect(await finalizers('bound')).toEqual(['mine/one', finalizer]);
    await cluster.until(async () => (await finalizers('free')).includes(finalizer));

    for (const name of ['bound', 'free']) await volumes().delete(name);
    await cluster.until(async () => !(await names()).includes('free'));
    await cluster.settle();
    expect(await finalizers('bound')).toEqual(['mine/one', finalizer]);

    await volumes().updateStatus({ ...(await volumes().get('bound')), status: { phase: 'Released' } });
    await cluster.until(async () => (await finalizers('bound')).length === 1);
    expect(await finalizers('bound')).toEqual(['mine/one']);
    expect(cluster.errors).toEqual([]);
  });

  it('sees to volumes that were deleted while it was away', async () => {
    cluster = await startCluster();
    await make('v', [finalizer], 'Available');
    await volumes().delete('v');
    cluster.run(createPvProtectionController);
    await cluster.until(async () => (await names()).length === 0);
  });
});
