import { InvalidArgumentError, type Command } from 'commander';
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
  /** What keys begin with in etcd, as kube-apiserver's flag of this name; no slash at its end. */
  readonly etcdPrefix: string;
  /** Where etcd's authentication is enabled; without them it knows the certificate's common name. */
  readonly etcdUser: string | undefined;
  readonly etcdPassword: string | undefined;
  /** How often etcd forgets changes that are older than that; 0: never. */
  readonly etcdCompactionIntervalMs: number;
}

/** Reads a prefix of keys: with a slash at its beginning and none at its end. */
function keyPrefix(text: string): string {
  const parts = text.split('/').filter((part) => part !== '');
  if (parts.length === 0) throw new InvalidArgumentError('It must be a path such as /registry.');
  return `/${parts.join('/')}`;
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
    .addOption(
      flag('--etcd-prefix <path>', 'what all keys in etcd begin with')
        .argParser(keyPrefix)
        .default('/registry'),
    )
    .addOption(flag('--etcd-user <name>', 'user at etcd, where its authentication is enabled'))
    .addOption(flag('--etcd-password <text>', 'its password; better in the environment twin'))
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
    Pick<StoreOptions, 'store' | 'dataDir' | 'etcdServers' | 'etcdPrefix'> & {
      readonly pkiDir?: string;
      readonly etcdCompactionInterval: number;
    };
  const secure = given.etcdServers.some((server) => server.startsWith('https://'));
  const folder = secure ? given.pkiDir : undefined;
  return {
    store: given.store,
    dataDir: given.dataDir,
    etcdServers: given.etcdServers,
    etcdPrefix: given.etcdPrefix,
    etcdUser: given.etcdUser,
    etcdPassword: given.etcdPassword,
    etcdCafile: given.etcdCafile ?? pkiFile(folder, 'ca.crt'),
    etcdCertfile: given.etcdCertfile ?? pkiFile(folder, `${app}.crt`),
    etcdKeyfile: given.etcdKeyfile ?? pkiFile(folder, `${app}.key`),
    etcdCompactionIntervalMs: given.etcdCompactionInterval,
  };
}
