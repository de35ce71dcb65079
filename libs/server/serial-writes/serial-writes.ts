import { isConflict, isNotFound } from '@drydock/base/apimachinery';

/** Writes about objects, one after the other for each of them. */
export interface SerialWrites {
  /** Has `settle` look after this object once more, after what is under way about it. */
  enqueue(name: string): void;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

/**
 * @param settle brings one object to what it should be
 * @param failed is told why it could not; not of objects that are gone, nor of lost races: the cache tells of whoever was quicker
 */
export function createSerialWrites(
  settle: (name: string) => Promise<void>,
  failed: (name: string, error: unknown) => void,
): SerialWrites {
  const queues = new Map<string, Promise<void>>();
  return {
    enqueue(name) {
      const before = queues.get(name) ?? Promise.resolve();
      const mine = before
        .then(() => settle(name))
        .catch((error: unknown) => {
          if (!isNotFound(error) && !isConflict(error)) failed(name, error);
        })
        .finally(() => {
          if (queues.get(name) === mine) queues.delete(name);
        });
      queues.set(name, mine);
    },
    async idle() {
      await Promise.all(queues.values());
    },
  };
}
