import type { Transport } from '@drydock/port/transport';

/** The transport, with `check` called before each write; what it throws is what the write rejects with. */
export function fenced(transport: Transport, check: () => void): Transport {
  const guarded =
    <A extends unknown[], R>(write: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      check();
      return write(...args);
    };
  return {
    get: (ref, options) => transport.get(ref, options),
    list: (ref, options) => transport.list(ref, options),
    watch: (ref, options, signal) => transport.watch(ref, options, signal),
    create: guarded((ref, object, options) => transport.create(ref, object, options)),
    update: guarded((ref, object, options) => transport.update(ref, object, options)),
    patch: guarded((ref, patch, options) => transport.patch(ref, patch, options)),
    delete: guarded((ref, options) => transport.delete(ref, options)),
    deleteCollection: guarded((ref, options, list) => transport.deleteCollection(ref, options, list)),
    close: () => transport.close(),
  };
}
