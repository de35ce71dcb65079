import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '@drydock/port/store';
import type { EtcdStoreOptions } from '@drydock/store-etcd';
import { openLmdbStore } from '@drydock/store-lmdb';
import { createMemoryStore } from '@drydock/store-memory';
import type { StoreOptions } from '../store-flags.ts';

const read = (file: string | undefined) => (file === undefined ? undefined : readFileSync(file));

/** Opens the store that the options name; rejects with one line for people. */
export async function openStore(options: StoreOptions): Promise<Store> {
  switch (options.store) {
    case 'memory':
      return createMemoryStore();
    case 'lmdb':
      return openLmdbStore({ directory: join(options.dataDir, 'store') });
    case 'etcd': {
      // Loaded only where it is wanted: most starts have no etcd.
      const { openEtcdStore } = await import('@drydock/store-etcd');
      return openEtcdStore(etcdStoreOptions(options));
    }
  }
}

/** What the flags say of etcd. @throws Error of one line where they contradict each other */
export function etcdStoreOptions(options: StoreOptions): EtcdStoreOptions {
  const { etcdUser: name, etcdPassword: password } = options;
  if ((name === undefined) !== (password === undefined))
    throw new Error('--etcd-user and --etcd-password go together');
  const certificateAuthority = read(options.etcdCafile);
  const certificate = read(options.etcdCertfile);
  const key = read(options.etcdKeyfile);
  return {
    endpoints: options.etcdServers,
    keyPrefix: options.etcdPrefix,
    root: '/registry',
    ...(name === undefined || password === undefined ? {} : { user: { name, password } }),
    compactionIntervalMs: options.etcdCompactionIntervalMs,
    tls: {
      ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
      ...(certificate === undefined ? {} : { certificate }),
      ...(key === undefined ? {} : { key }),
    },
  };
}
