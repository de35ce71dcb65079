export type { EtcdTls } from './connection.ts';
export type { EtcdStoreOptions } from './etcd-store.ts';
export { openEtcdStore } from './etcd-store.ts';
export { restoreEtcdStore } from './restore.ts';
