import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '@drydock/port/store';

export interface DirectoryLock {
  release(): void;
}

const SQLITE_BUSY = 5;

/**
 * Takes the data directory for this process, or throws a StoreError that names the process that has it.
 *
 * Node has no file lock of its own; an exclusive SQLite transaction on an empty database is one. It is held by
 * the kernel, so a killed process leaves nothing behind, and SQLite also keeps two openers in one process apart.
 */
export function lockDirectory(directory: string): DirectoryLock {
  const ownerFile = join(directory, 'owner.pid');
  const database = new DatabaseSync(join(directory, 'owner.lock'));
  try {
    database.exec('BEGIN EXCLUSIVE');
    writeFileSync(ownerFile, `${process.pid}\n`);
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    throw new StoreError(
      'Unavailable',
      `data directory ${directory} is in use by process ${readOwner(ownerFile)}`,
      {
        cause: error,
      },
    );
  }
  let held = true;
  return {
    release() {
      if (!held) return;
      held = false;
      rmSync(ownerFile, { force: true });
      database.close();
    },
  };
}

function readOwner(ownerFile: string): string {
  try {
    return readFileSync(ownerFile, 'utf8').trim() || 'unknown';
  } catch {
    // The owner has the lock and has not yet written its name.
    return 'unknown';
  }
}
