import type { Store, StoreEvent } from '@drydock/port/store';
import { StoreError } from '@drydock/port/store';
import type { History, Listing, Operation, Outcome, Request, WatchedChange, WatchLog } from './history.ts';

export interface Load {
  /** Operations that were answered for certain so far. */
  answered(): number;
  /** Lets clients end what they are at, and answers all that they and the watches recorded. */
  stop(): Promise<History>;
}

export interface LoadOptions {
  /** Every client's way to the store, one store or several over the same data. */
  readonly stores: readonly Store[];
  readonly clients?: number;
  /** Few, so that clients meet. */
  readonly keys?: number;
  readonly prefix: string;
}

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof StoreError)) throw error;
  switch (error.code) {
    case 'KeyExists':
      return { kind: 'exists' };
    case 'KeyNotFound':
      return { kind: 'missing' };
    case 'RevisionMismatch':
      return { kind: 'conflict' };
    default:
      return error.ambiguous ? { kind: 'unknown' } : { kind: 'failed' };
  }
}

function follow(store: Store, name: string, from: number, prefix: string) {
  const changes: WatchedChange[] = [];
  const ends: Error[] = [];
  const toChange = (event: StoreEvent): WatchedChange => {
    const { type, key, revision } = event;
    return type === 'put' ? { type, key, revision, value: decode(event.value) } : { type, key, revision };
  };
  const watch = store.watch(from, {
    events: (batch) => changes.push(...batch.filter(({ key }) => key.startsWith(prefix)).map(toChange)),
    ended: (error) => ends.push(error),
  });
  return {
    log: (): WatchLog => ({ name, from, changes }),
    last: () => changes.at(-1)?.revision ?? from,
    ends,
    cancel: () => watch.cancel(),
  };
}

/**
 * Clients that create, update, delete, get and list the same few keys of a store, and a watch on each way to it;
 * everything is recorded for `checkHistory`.
 */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const { stores, clients = 8, keys = 6, prefix } = options;
  const operations: Operation[] = [];
  const listings: Listing[] = [];
  let serial = 0;
  let running = true;
  let answered = 0;
  const wayOf = (client: number): Store => stores[client % stores.length]!;
  const now = () => performance.now();

  async function list(client: number, store: Store): Promise<number> {
    const invokedAt = now();
    const { entries, revision } = await store.list(prefix);
    const held = new Map(
      entries.map(({ key, value, revision: at }) => [key, { value: decode(value), revision: at }]),
    );
    listings.push({ client, revision, held, invokedAt, returnedAt: now() });
    return revision;
  }
  const from = await list(-1, wayOf(0));
  const watches = stores.map((store, index) => follow(store, `watch ${index}`, from, prefix));

  async function perform(client: number, key: string, request: Request): Promise<Outcome> {
    const store = wayOf(client);
    const invokedAt = now();
    let outcome: Outcome;
    try {
      if (request.kind === 'get') {
        const entry = await store.get(key);
        outcome = { kind: 'read', held: entry && { value: decode(entry.value), revision: entry.revision } };
      } else if (request.kind === 'create') {
        outcome = { kind: 'written', revision: await store.create(key, encode(request.value)) };
      } else if (request.kind === 'update') {
        outcome = {
          kind: 'written',
          revision: await store.update(key, encode(request.value), request.expected),
        };
      } else {
        outcome = { kind: 'written', revision: await store.delete(key, request.expected) };
      }
    } catch (error) {
      outcome = outcomeOf(error);
    }
    operations.push({ client, key, request, outcome, invokedAt, returnedAt: now() });
    if (outcome.kind === 'unknown' || outcome.kind === 'failed')
      await new Promise((resolve) => setTimeout(resolve, 20));
    else answered += 1;
    return outcome;
  }

  const workers = Array.from({ length: clients }, async (_, client) => {
    for (let turn = 0; running; turn++) {
      const key = `${prefix}${(turn * 7 + client * 3) % keys}`;
      const seen = await perform(client, key, { kind: 'get' });
      if (seen.kind !== 'read') continue;
      const value = `${client}-${serial++}`;
      if (seen.held === undefined) await perform(client, key, { kind: 'create', value });
      else if (turn % 5 === 4) await perform(client, key, { kind: 'delete', expected: seen.held.revision });
      else await perform(client, key, { kind: 'update', value, expected: seen.held.revision });
      if (client === 0 && turn % 40 === 39) await list(client, wayOf(client)).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  });
  return {
    answered: () => answered,
    async stop() {
      running = false;
      await Promise.all(workers);
      // The last acknowledged change ends what every watch must have seen.
      const last = await wayOf(0).create(`${prefix}end`, encode('end'));
      operations.push({
        client: -1,
        key: `${prefix}end`,
        request: { kind: 'create', value: 'end' },
        outcome: { kind: 'written', revision: last },
        invokedAt: now(),
        returnedAt: now(),
      });
      const giveUpAt = now() + 20_000;
      while (watches.some((watch) => watch.last() < last && watch.ends.length === 0) && now() < giveUpAt)
        await new Promise((resolve) => setTimeout(resolve, 10));
      await list(-1, wayOf(0));
      for (const watch of watches) {
        watch.cancel();
        if (watch.last() < last)
          throw new Error(`a watch never saw revision ${last}`, { cause: watch.ends[0] });
      }
      return { operations, listings, watches: watches.map((watch) => watch.log()) };
    },
  };
}
