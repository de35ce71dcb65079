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
export type { WatchHub, WatchHubOptions } from './watch-hub.ts';
export { createWatchHub } from './watch-hub.ts';
