import { spliceRevision } from '@drydock/base/apimachinery';
import type { Store, StoreEvent } from '../store/index.ts';
import { StoreError } from '../store/index.ts';
import type { ChangeSource, CommittedChange } from './change-source.ts';

const encoder = new TextEncoder();

/** Names in a store key, or undefined for a key that is no object's. */
function namesOf(
  key: string,
  prefix: string,
): Pick<CommittedChange, 'group' | 'resource' | 'namespace' | 'name'> | undefined {
  if (!key.startsWith(prefix)) return undefined;
  const parts = key.slice(prefix.length).split('/');
  const [first = '', resource = '', third = '', fourth] = parts;
  if (parts.length < 3 || parts.length > 4) return undefined;
  const group = first === 'core' ? '' : first;
  return fourth === undefined
    ? { group, resource, namespace: '', name: third }
    : { group, resource, namespace: third, name: fourth };
}

/** What is told of a deleted object whose last state nobody has any more. */
function nameOnly({ namespace, name }: { namespace: string; name: string }): Uint8Array {
  const metadata = { name, ...(namespace === '' ? {} : { namespace }) };
  return encoder.encode(JSON.stringify({ kind: '', apiVersion: '', metadata }));
}

function toChange(event: StoreEvent, prefix: string): CommittedChange | undefined {
  const names = namesOf(event.key, prefix);
  if (names === undefined) return undefined;
  const { revision, prevRevision: previousRevision } = event;
  const value = event.type === 'put' ? event.value : (event.prevValue ?? nameOnly(names));
  return {
    ...names,
    type: event.type === 'delete' ? 'DELETED' : previousRevision === 0 ? 'ADDED' : 'MODIFIED',
    revision,
    previousRevision,
    size: value.byteLength,
    object: () => spliceRevision(value, revision),
  };
}

/** The changes of a store's objects. `prefix` is that of the watch cache; default `/registry/`. */
export function createStoreChangeSource(store: Store, prefix = '/registry/'): ChangeSource {
  return {
    revision: () => store.revision(),
    follow(fromRevision, sink) {
      const watch = store.watch(fromRevision, {
        events(batch) {
          const changes = batch.map((event) => toChange(event, prefix)).filter((one) => one !== undefined);
          if (changes.length > 0) sink.changes(changes);
        },
        ended(error) {
          const compacted = error instanceof StoreError && error.code === 'Compacted';
          sink.ended({ compacted, error });
        },
      });
      return () => watch.cancel();
    },
  };
}
