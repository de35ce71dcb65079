export type { EtcdTls } from './connection.ts';
export type { EtcdStoreOptions } from './etcd-store.ts';
export { openEtcdStore } from './etcd-store.ts';
export type { EtcdUser } from './tokens.ts';
export { restoreEtcdStore } from './restore.ts';
