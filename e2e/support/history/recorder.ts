import * as k8s from '@kubernetes/client-node';
import { createSeededRandom } from '@drydock/base/clock';
import { eventually } from '../eventually.ts';
import { checkHistory } from './check.ts';
import type { Held, Listing, Operation, Outcome, Request, WatchedChange, WatchLog } from './history.ts';

export interface RecorderOptions {
  /** Clients that write and read at once. Default 4. */
  readonly clients?: number;
  /** Keys that they share. Default 5. */
  readonly keys?: number;
  /** Default 3. */
  readonly watches?: number;
  readonly seed?: number;
  /** How long a client rests between two calls. Default 5. */
  readonly pauseMs?: number;
  /** API servers that clients and watches ask in turns, without what stands before them. Default: that of the kubeconfig. */
  readonly servers?: readonly string[];
}

/** Clients at work on a cluster, all of whose calls and answers are kept, to be judged at the end. */
export interface Recorder {
  /** Writes that were acknowledged so far. */
  acknowledged(): number;
  /** Resolves when this many more were. */
  more(count: number): Promise<void>;
  /** Ends the clients, lets the watches come to the end, and answers what is wrong with the history. */
  judge(): Promise<{ complaints: string[]; operations: number; unknown: number; relists: number }>;
}

const namespace = 'default';
const callMs = 5_000;

type Answer = { readonly code: number; readonly body: string };

/** What a write's refusal says; everything that is no plain refusal leaves the write in doubt. */
function outcomeOf({ code, body }: Answer): Outcome {
  if (code === 404) return { kind: 'missing' };
  if (code === 409) return { kind: body.includes('AlreadyExists') ? 'exists' : 'conflict' };
  return { kind: 'unknown' };
}

const revisionOf = (object: { metadata?: k8s.V1ObjectMeta | k8s.V1ListMeta }): number =>
  Number(object.metadata?.resourceVersion);

const within = async <T>(promise: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), callMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
};

/** Starts working on the cluster of a kubeconfig, which must serve. */
export async function startRecorder(kubeconfig: string, options: RecorderOptions = {}): Promise<Recorder> {
  const { clients = 4, keys = 5, watches = 3, seed = 1, pauseMs = 5 } = options;
  const ways = [undefined, ...(options.servers ?? [])].map((server) => {
    const config = new k8s.KubeConfig();
    config.loadFromFile(kubeconfig);
    if (server !== undefined) config.clusters = config.clusters.map((cluster) => ({ ...cluster, server }));
    return { config, core: config.makeApiClient(k8s.CoreV1Api) };
  });
  const wayOf = (index: number) => ways[index % ways.length]!;
  const { core } = ways[0]!;
  const run = `h${Date.now().toString(36)}`;
  const labelSelector = `history=${run}`;
  const operations: Operation[] = [];
  const listings: Listing[] = [];
  const logs: WatchLog[] = [];
  let acknowledged = 0;
  let relists = 0;
  let working = true;
  let watching = true;

  async function client(index: number): Promise<void> {
    const { core } = wayOf(index);
    const random = createSeededRandom(seed * 1_000 + index);
    const known = new Map<string, Held | undefined>();
    let serial = 0;
    const now = () => performance.now();

    async function perform(key: string, request: Request): Promise<void> {
      const invokedAt = now();
      let outcome: Outcome;
      try {
        outcome = await within(ask(key, request));
      } catch (error) {
        const failed = error as Partial<k8s.ApiException<unknown>>;
        outcome =
          typeof failed.code === 'number'
            ? outcomeOf({ code: failed.code, body: JSON.stringify(failed.body ?? '') })
            : { kind: 'unknown' };
        if (request.kind === 'get')
          outcome = outcome.kind === 'missing' ? { kind: 'read', held: undefined } : { kind: 'unknown' };
      }
      if (outcome.kind === 'read') known.set(key, outcome.held);
      if (outcome.kind === 'written') {
        acknowledged += 1;
        known.set(
          key,
          'value' in request && outcome.revision !== undefined
            ? { value: request.value, revision: outcome.revision }
            : undefined,
        );
      }
      operations.push({ client: index, key, request, outcome, invokedAt, returnedAt: now() });
      // Read at once what was just written, half of the time: whichever server is asked must know it by now.
      if (outcome.kind === 'written' && random.next() < 0.5) return perform(key, { kind: 'get' });
      // A server that is away is not asked in a circle.
      await new Promise((resolve) => setTimeout(resolve, outcome.kind === 'unknown' ? 100 : pauseMs));
    }

    async function ask(key: string, request: Request): Promise<Outcome> {
      const metadata = { name: key, labels: { history: run } };
      switch (request.kind) {
        case 'create': {
          const body = { metadata, data: { value: request.value } };
          return {
            kind: 'written',
            revision: revisionOf(await core.createNamespacedConfigMap({ namespace, body })),
          };
        }
        case 'update': {
          const body = {
            metadata: { ...metadata, resourceVersion: String(request.expected) },
            data: { value: request.value },
          };
          return {
            kind: 'written',
            revision: revisionOf(await core.replaceNamespacedConfigMap({ namespace, name: key, body })),
          };
        }
        case 'delete': {
          const body = { preconditions: { resourceVersion: String(request.expected) } };
          await core.deleteNamespacedConfigMap({ namespace, name: key, body });
          return { kind: 'written', revision: undefined };
        }
        case 'get':
          return { kind: 'read', held: heldIn(await core.readNamespacedConfigMap({ namespace, name: key })) };
      }
    }

    while (working) {
      const key = `${run}-${random.int(keys)}`;
      const held = known.get(key);
      const value = `${index}-${serial++}`;
      const dice = random.next();
      if (dice < 0.3) await perform(key, { kind: 'get' });
      else if (dice < 0.4) await list(index);
      else if (held === undefined) await perform(key, { kind: 'create', value });
      else if (dice < 0.85) await perform(key, { kind: 'update', value, expected: held.revision });
      else await perform(key, { kind: 'delete', expected: held.revision });
    }
  }

  const heldIn = (object: k8s.V1ConfigMap): Held => ({
    value: object.data?.['value'] ?? '',
    revision: revisionOf(object),
  });

  async function list(index: number): Promise<void> {
    const { core } = index < 0 ? ways[0]! : wayOf(index);
    const invokedAt = performance.now();
    try {
      const found = await within(core.listNamespacedConfigMap({ namespace, labelSelector }));
      const held = new Map(found.items.map((item) => [item.metadata?.name ?? '', heldIn(item)]));
      listings.push({
        client: index,
        revision: revisionOf(found),
        held,
        invokedAt,
        returnedAt: performance.now(),
      });
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Follows as an informer does; a log goes on over broken connections, and ends where a new list is needed. */
  async function follow(name: string, { config, core }: (typeof ways)[number]): Promise<void> {
    let log: { name: string; from: number; changes: WatchedChange[] } | undefined;
    let at = 0;
    const see = (type: string, object: k8s.V1ConfigMap): void => {
      if (type === 'ERROR') {
        log = undefined;
        return;
      }
      at = Math.max(at, revisionOf(object));
      if (type === 'BOOKMARK') return;
      const key = object.metadata?.name ?? '';
      const revision = revisionOf(object);
      log?.changes.push(
        type === 'DELETED'
          ? { type: 'delete', key, revision }
          : { type: 'put', key, revision, value: object.data?.['value'] ?? '' },
      );
    };
    while (watching) {
      try {
        if (log === undefined) {
          at = revisionOf(await within(core.listNamespacedConfigMap({ namespace, labelSelector })));
          log = { name: `${name}.${relists++}`, from: at, changes: [] };
          logs.push(log);
        }
        await new Promise<void>((resolve) => {
          const query = { resourceVersion: String(at), labelSelector, allowWatchBookmarks: true };
          new k8s.Watch(config)
            .watch(`/api/v1/namespaces/${namespace}/configmaps`, query, see, () => resolve())
            .then(
              (abort) => {
                if (watching) aborts.add(abort);
                else abort.abort();
              },
              () => resolve(),
            );
        });
      } catch {
        // The server is away.
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  const aborts = new Set<AbortController>();

  await list(-1);
  const followers = Array.from({ length: watches }, (_, index) => follow(`watch ${index}`, wayOf(index)));
  await eventually(() => logs.length === watches, { timeoutMs: 30_000, what: 'the watches to begin' });
  const workers = Array.from({ length: clients }, (_, index) => client(index));

  return {
    acknowledged: () => acknowledged,
    async more(count) {
      const from = acknowledged;
      await eventually(() => acknowledged >= from + count, {
        timeoutMs: 90_000,
        what: `${count} more acknowledged writes`,
      });
    },
    async judge() {
      working = false;
      await Promise.all(workers);
      // The last change of all is one that every watch has to see.
      const last = await eventually(
        () =>
          core.createNamespacedConfigMap({
            namespace,
            body: { metadata: { name: `${run}-last`, labels: { history: run } } },
          }),
        { timeoutMs: 60_000 },
      );
      await eventually(
        () =>
          Array.from({ length: watches }, (_, index) => index).every((index) =>
            logs.some(
              ({ name, from, changes }) =>
                name.startsWith(`watch ${index}.`) &&
                (from >= revisionOf(last) || changes.some(({ revision }) => revision === revisionOf(last))),
            ),
          ),
        { timeoutMs: 60_000, what: 'every watch to see the last change' },
      );
      watching = false;
      for (const abort of aborts) abort.abort();
      await Promise.all(followers);
      const unknown = operations.filter(({ outcome }) => outcome.kind === 'unknown').length;
      const complaints = checkHistory({ operations, listings, watches: logs });
      return { complaints, operations: operations.length, unknown, relists: relists - watches };
    },
  };
}
