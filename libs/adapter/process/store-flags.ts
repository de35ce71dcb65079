import type { Command } from 'commander';
import { commaSeparated, duration, flag } from './flags.ts';
import { pkiFile } from './serving-flags.ts';

/** Where objects are kept. */
export interface StoreOptions {
  readonly store: 'memory' | 'lmdb' | 'etcd';
  /** Folder of the embedded store. */
  readonly dataDir: string;
  /** Members of the etcd cluster. */
  readonly etcdServers: readonly string[];
  /** PEM files, as kube-apiserver's flags of these names. */
  readonly etcdCafile: string | undefined;
  readonly etcdCertfile: string | undefined;
  readonly etcdKeyfile: string | undefined;
  /** How often etcd forgets changes that are older than that; 0: never. */
  readonly etcdCompactionIntervalMs: number;
}

/** Adds the flags of `StoreOptions`. */
export function addStoreFlags(command: Command, dataDirHolds = 'the store'): Command {
  return command
    .optionsGroup('Storage:')
    .addOption(flag('--data-dir <dir>', dataDirHolds).default('.drydock'))
    .addOption(
      flag('--store <engine>', 'where objects are kept').choices(['memory', 'lmdb', 'etcd']).default('lmdb'),
    )
    .addOption(
      flag('--etcd-servers <urls>', 'comma-separated, for --store etcd')
        .argParser(commaSeparated)
        .default(['http://127.0.0.1:2379'], 'http://127.0.0.1:2379'),
    )
    .addOption(flag('--etcd-cafile <file>', 'authorities of the etcd members, PEM'))
    .addOption(flag('--etcd-certfile <file>', 'certificate shown to etcd, PEM'))
    .addOption(flag('--etcd-keyfile <file>', 'its key, PEM'))
    .addOption(
      flag('--etcd-compaction-interval <duration>', 'how long etcd keeps changes, at least; 0: for ever')
        .argParser(duration)
        .default(5 * 60_000, '5m0s'),
    );
}

/** What the flags say. For members reached by `https://` files default to those of the PKI folder, under `app`'s name. */
export function storeOptions(raw: Readonly<Record<string, unknown>>, app: string): StoreOptions {
  const given = raw as Partial<StoreOptions> &
    Pick<StoreOptions, 'store' | 'dataDir' | 'etcdServers'> & {
      readonly pkiDir?: string;
      readonly etcdCompactionInterval: number;
    };
  const secure = given.etcdServers.some((server) => server.startsWith('https://'));
  const folder = secure ? given.pkiDir : undefined;
  return {
    store: given.store,
    dataDir: given.dataDir,
    etcdServers: given.etcdServers,
    etcdCafile: given.etcdCafile ?? pkiFile(folder, 'ca.crt'),
    etcdCertfile: given.etcdCertfile ?? pkiFile(folder, `${app}.crt`),
    etcdKeyfile: given.etcdKeyfile ?? pkiFile(folder, `${app}.key`),
    etcdCompactionIntervalMs: given.etcdCompactionInterval,
  };
}
