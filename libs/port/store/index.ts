export type {
  Store,
  StoreEntry,
  StoreErrorCode,
  StoreEvent,
  StoreSnapshot,
  StoreWatch,
  WatchSink,
} from './store.ts';
export { assertValidKey, MAX_KEY_BYTES } from './key.ts';
export { StoreError } from './store-error.ts';
export type { WatchHub, WatchHubOptions } from './watch-hub.ts';
export { createWatchHub } from './watch-hub.ts';
