import { addStoreFlags, flag, integer, pkiFile, storeOptions, type StoreOptions } from '@drydock/process';
import { Command } from 'commander';

export type SnapshotOptions =
  | {
      readonly action: 'save';
      readonly file: string;
      /** `host:port` of an API server's gRPC. */
      readonly grpcAddress: string;
      readonly rpcCaFile: string | undefined;
      readonly rpcCertFile: string | undefined;
      readonly rpcKeyFile: string | undefined;
    }
  | {
      readonly action: 'restore';
      readonly file: string;
      readonly store: StoreOptions;
      readonly bumpRevision: number;
    };

interface SaveFlags {
  readonly grpcAddress: string;
  readonly pkiDir?: string;
  readonly rpcCaFile?: string;
  readonly rpcCertFile?: string;
  readonly rpcKeyFile?: string;
}

/** `drydock snapshot save|restore FILE`. */
export function snapshotCommand(run: (options: SnapshotOptions) => void): Command {
  const save = new Command('save')
    .description('Writes all that a running cluster has stored, as of one revision, to a file.')
    .argument('<file>', 'to write; it holds the secrets of the cluster')
    .addOption(flag('--grpc-address <host:port>', "an API server's gRPC port").default('127.0.0.1:7050'))
    .addOption(flag('--pki-dir <dir>', 'folder written by `drydock certs`: default of the files below'))
    .addOption(flag('--rpc-ca-file <file>', 'authorities of the API servers, PEM; none: no encryption'))
    .addOption(flag('--rpc-cert-file <file>', 'certificate shown to them, PEM'))
    .addOption(flag('--rpc-key-file <file>', 'its key, PEM'))
    .allowExcessArguments(false)
    .action((file: string, given: SaveFlags) =>
      run({
        action: 'save',
        file,
        grpcAddress: given.grpcAddress,
        rpcCaFile: given.rpcCaFile ?? pkiFile(given.pkiDir, 'ca.crt'),
        rpcCertFile: given.rpcCertFile ?? pkiFile(given.pkiDir, 'admin.crt'),
        rpcKeyFile: given.rpcKeyFile ?? pkiFile(given.pkiDir, 'admin.key'),
      }),
    );
  const restore = new Command('restore')
    .description('Fills an empty store with what such a file holds. The cluster is started on it afterwards.')
    .argument('<file>', 'written by `drydock snapshot save`')
    .addOption(
      flag('--bump-revision <n>', 'how far above the snapshot the revisions go on')
        .argParser(integer(0, 1_000_000_000))
        .default(1_000_000),
    )
    .addOption(flag('--pki-dir <dir>', 'folder written by `drydock certs`: default of the files for etcd'));
  addStoreFlags(restore, 'where the embedded store is made')
    .allowExcessArguments(false)
    .action((file: string, raw: Record<string, unknown> & { bumpRevision: number }) =>
      run({ action: 'restore', file, store: storeOptions(raw, 'apiserver'), bumpRevision: raw.bumpRevision }),
    );
  return new Command('snapshot')
    .description('Saves what a cluster has stored, and restores it.')
    .addCommand(save)
    .addCommand(restore);
}
