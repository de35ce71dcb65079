import { StoreError, type StoreSnapshot } from '@drydock/port/store';
import { keyspaceOf, openEtcdStore, type EtcdStoreOptions } from './etcd-store.ts';

const lanes = 32;
const encoder = new TextEncoder();

/**
 * Writes a snapshot's entries into an etcd that holds nothing of a cluster; resolves with the revision at which it goes on. Entries
 * get new revisions, all above `snapshot.revision`. Rejects with a StoreError where something is there already; begun and not
 * ended, it leaves an etcd that is refused the next time.
 */
export async function restoreEtcdStore(options: EtcdStoreOptions, snapshot: StoreSnapshot): Promise<number> {
  const { baseKey } = keyspaceOf(options);
  const raw = await openEtcdStore(options);
  try {
    if ((await raw.list('')).entries.length > 0 || (await raw.get(baseKey)) !== undefined)
      throw new StoreError('Unavailable', 'etcd holds a cluster already: restore into an empty one');
    await raw.create(baseKey, encoder.encode(String(snapshot.revision)));
  } finally {
    await raw.close();
  }
  const store = await openEtcdStore(options);
  try {
    const waiting = snapshot.entries[Symbol.iterator]();
    await Promise.all(
      Array.from({ length: lanes }, async () => {
        for (const { key, value } of waiting) await store.create(key, value);
      }),
    );
    return await store.revision();
  } finally {
    await store.close();
  }
}
