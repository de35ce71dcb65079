import { statfsSync } from 'node:fs';
import { StoreError } from '@drydock/port/store';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on device',
  EDQUOT: 'disk quota exceeded',
  ENOTDIR: 'not a directory',
  EEXIST: 'not a directory',
  EISDIR: 'is a directory',
  EMFILE: 'too many open files',
  EIO: 'input/output error',
};

/** errno values that LMDB passes on as they are: nothing was written, and a later attempt may succeed. */
const RETRYABLE_ERRNO: Readonly<Record<number, string>> = { 28: 'ENOSPC', 122: 'EDQUOT', 27: 'EFBIG' };
const EIO = 5;
const ENOSPC = 28;
const MDB_MAP_FULL = -30792;

/** One line for people: what is wrong with the file system, without the engine's jargon where we know better. */
export function describeFailure(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: string };
  if (typeof code === 'string' && REASONS[code] !== undefined) return REASONS[code];
  if (typeof code === 'number' && RETRYABLE_ERRNO[code] !== undefined) {
    return REASONS[RETRYABLE_ERRNO[code]] ?? RETRYABLE_ERRNO[code];
  }
  return message ?? String(error);
}

/**
 * A write that a full disk cuts short is reported by LMDB as EIO. The pages it was flushing are not part of the
 * store until the meta page names them, so that failure is as clean as ENOSPC; told apart by the space that is left.
 */
export function refineFailure(error: unknown, directory: string, neededBytes: number): unknown {
  if ((error as { code?: unknown }).code !== EIO || !isDiskFull(directory, neededBytes)) return error;
  return Object.assign(new Error('no space left on device', { cause: error }), { code: ENOSPC });
}

function isDiskFull(directory: string, neededBytes: number): boolean {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize < neededBytes + 1024 * 1024;
  } catch {
    return false;
  }
}

/** True where a failed commit certainly left the store as it was. */
export function isCleanFailure(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' && (code === MDB_MAP_FULL || RETRYABLE_ERRNO[code] !== undefined);
}

/** What `openLmdbStore` rejects with when the directory cannot serve. */
export function openFailure(directory: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  return new StoreError('Unavailable', `cannot use data directory ${directory}: ${describeFailure(error)}`, {
    cause: error,
  });
}
