import { accessSync, closeSync, constants, fstatSync, openSync, readSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '@drydock/port/store';

const PAGE_HEADER_BYTES = 24;
const LMDB_MAGIC = 0xbeefc0de;
/** Lock table, meta pages and the first tables; mapping them on a full disk ends the process with a bus error. */
const LEAST_FREE_BYTES = 256 * 1024;

/**
 * Throws what the engine would answer with a crash: it maps files into memory, so a foreign file or a full disk
 * reaches the process as a signal rather than as an error.
 */
export function preflight(directory: string): void {
  accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize < LEAST_FREE_BYTES)
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  const file = openExisting(join(directory, 'data.mdb'));
  if (file === undefined) return;
  try {
    if (fstatSync(file).size === 0) return;
    const header = Buffer.alloc(PAGE_HEADER_BYTES + 4);
    readSync(file, header, 0, header.length, 0);
    if (header.readUInt32LE(PAGE_HEADER_BYTES) === LMDB_MAGIC) return;
    throw new StoreError(
      'Unavailable',
      `cannot use data directory ${directory}: data.mdb is not a Drydock store`,
    );
  } finally {
    closeSync(file);
  }
}

function openExisting(path: string): number | undefined {
  try {
    return openSync(path, 'r+');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  }
}
