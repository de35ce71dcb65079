import { readPem } from '@drydock/process';
import { readSnapshotFile, restoreSnapshot, writeSnapshot } from '@drydock/process/snapshot';
import { readSnapshot, type RpcClientTls } from '@drydock/rpc';
import type { SnapshotOptions } from './snapshot-command.ts';

type SaveOptions = Extract<SnapshotOptions, { action: 'save' }>;

function tlsOf({ rpcCaFile, rpcCertFile, rpcKeyFile }: SaveOptions): RpcClientTls | undefined {
  if (rpcCaFile === undefined) return undefined;
  const certificateAuthority = readPem(rpcCaFile, '--rpc-ca-file');
  if (rpcCertFile === undefined || rpcKeyFile === undefined)
    throw new Error('--rpc-cert-file and --rpc-key-file are needed with --rpc-ca-file');
  return {
    certificateAuthority,
    certificate: readPem(rpcCertFile, '--rpc-cert-file'),
    key: readPem(rpcKeyFile, '--rpc-key-file'),
    serverName: 'apiserver',
  };
}

async function perform(options: SnapshotOptions): Promise<string> {
  const { file } = options;
  if (options.action === 'save') {
    const snapshot = await readSnapshot(options.grpcAddress, tlsOf(options));
    writeSnapshot(file, snapshot);
    return `${file}: ${snapshot.entries.length} objects as of revision ${snapshot.revision}\n`;
  }
  const snapshot = readSnapshotFile(file);
  const revision = await restoreSnapshot(snapshot, options.store, options.bumpRevision);
  return `${snapshot.entries.length} objects as of revision ${snapshot.revision} restored; revisions go on at ${revision}\n`;
}

/** `drydock snapshot …`: answers the exit code. */
export async function snapshot(
  options: SnapshotOptions,
  output: { out(text: string): void; err(text: string): void },
): Promise<number> {
  try {
    output.out(await perform(options));
    return 0;
  } catch (error) {
    output.err(`drydock: ${(error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''}\n`);
    return 1;
  }
}
