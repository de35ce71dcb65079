export type {
  Store,
  StoreEntry,
  StoreErrorCode,
  StoreEvent,
  StoreSnapshot,
  StoreWatch,
  WatchSink,
} from './store.ts';
export { StoreError } from './store-error.ts';
