import { join } from 'node:path';
import type { StoreSnapshot } from '@drydock/port/store';
import { restoreLmdbStore } from '@drydock/store-lmdb';
import { etcdStoreOptions } from '../api-server/open-store.ts';
import type { StoreOptions } from '../store-flags.ts';

/**
 * Fills an empty store with a snapshot. The store goes on `bumpRevision` above the snapshot's revision: what was written after the
 * snapshot and is lost now may have been seen, and no revision is given out twice. Throws where the store holds anything.
 */
export async function restoreSnapshot(
  snapshot: StoreSnapshot,
  options: StoreOptions,
  bumpRevision: number,
): Promise<number> {
  const revision = snapshot.revision + bumpRevision;
  if (options.store === 'memory')
    throw new Error('a store in memory keeps nothing: restore into lmdb or etcd');
  if (options.store === 'lmdb') {
    await restoreLmdbStore(join(options.dataDir, 'store'), { ...snapshot, revision });
    return revision;
  }
  const { restoreEtcdStore } = await import('@drydock/store-etcd');
  return restoreEtcdStore(etcdStoreOptions(options), { ...snapshot, revision });
}
