export { restoreSnapshot } from './restore.ts';
export { readSnapshotFile, writeSnapshot } from './snapshot-file.ts';
