import { mkdirSync } from 'node:fs';
import { StoreError, type StoreSnapshot } from '@drydock/port/store';
import { lockDirectory } from './directory-lock.ts';
import { openEnvironment } from './environment.ts';
import { preflight } from './preflight.ts';
import { openFailure } from './storage-error.ts';

/**
 * Makes a store in an empty directory out of entries with the revisions that they had; it goes on at `revision`. All of it is on
 * disk when it resolves, in one transaction: there is no half of it. Rejects with a StoreError where there is a store already.
 */
export async function restoreLmdbStore(directory: string, snapshot: StoreSnapshot): Promise<void> {
  try {
    mkdirSync(directory, { recursive: true });
    preflight(directory);
    const lock = lockDirectory(directory);
    try {
      const environment = openEnvironment(directory, 1024 ** 3);
      try {
        if (environment.readRevision() !== 1)
          throw new StoreError(
            'Unavailable',
            `${directory} holds a store already: restore into an empty one`,
          );
        environment.root.transactionSync(() => {
          for (const { key, value, revision } of snapshot.entries)
            environment.entries.putSync(key, value, revision);
          environment.writeRevision(snapshot.revision);
        });
      } finally {
        await environment.close();
      }
    } finally {
      lock.release();
    }
  } catch (error) {
    throw openFailure(directory, error);
  }
}
