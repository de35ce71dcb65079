import {
  formatTime,
  isConflict,
  isMethodNotSupported,
  isNotFound,
  type KubeObject,
  type ResourceType,
} from '@drydock/base/apimachinery';
import { APIService } from '@drydock/api/apiregistration/v1';
import { Namespace } from '@drydock/api/core/v1';
import {
  createController,
  retryOnConflict,
  source,
  type Controller,
  type ControllerDeps,
} from '@drydock/machinery/controller';
import type { ResourceClient } from '@drydock/machinery/client';
import { deletionConditions, type Remains } from './conditions.ts';

const name = 'namespace-controller';
const finalizer = 'kubernetes';
/** Content on its way out (Pods with a grace period, finalizers) is watched; looked at again anyhow after this long. */
const lookAgainMs = 15_000;
/** What is told of content that goes bit by bit is brought up to date at most this often. */
const reportMs = 1_000;

export interface NamespaceControllerOptions {
  /** The namespaced resources that can be listed and deleted; asked anew for each namespace. */
  readonly resources: () => readonly ResourceType[];
}

interface Emptied extends Remains {
  /** Lists that were not empty. */
  readonly left: Left[];
}

interface Left {
  readonly type: ResourceType;
  readonly names: Set<string>;
  readonly revision: string;
}

/** Another server should answer for this group version, and does not. */
function isAway({ spec, status }: APIService): boolean {
  const available = status?.conditions?.find(({ type }) => type === 'Available');
  return spec?.service !== undefined && available?.status === 'False';
}

/** `namespace-controller`: empties namespaces that are being deleted, then lets them go. */
export function createNamespaceController(
  { resources }: NamespaceControllerOptions,
  deps: ControllerDeps,
): Controller {
  const { client, clock, informers, logger } = deps;
  const namespaces = informers.informer(Namespace);
  const apiServices = informers.informer(APIService);
  /** Ends the watches over what is left in a namespace. */
  const followers = new Map<string, AbortController>();
  let running: AbortSignal | undefined;

  function unfollow(namespace: string): void {
    followers.get(namespace)?.abort();
    followers.delete(namespace);
  }

  /** Looks at the namespace again when a list that was not empty has become empty. */
  async function follow(namespace: string, { type, names, revision }: Left, signal: AbortSignal) {
    const watch = client.resource<KubeObject>(type).namespace(namespace).watch;
    try {
      for await (const batch of watch({ resourceVersion: revision }, signal)) {
        for (const { type: change, object } of batch) {
          if (change === 'BOOKMARK') continue;
          const { name: changed = '' } = object.metadata;
          if (change === 'DELETED') names.delete(changed);
          else names.add(changed);
        }
        if (signal.aborted) return;
        controller.enqueue(namespace, names.size === 0 ? undefined : reportMs);
        if (names.size === 0) return;
      }
    } catch (err) {
      if (signal.aborted) return;
      logger.debug('content of a namespace cannot be watched', { namespace, type: type.resource, err });
    }
    // The watch is over, the content is not: a list shows what it missed.
    if (!signal.aborted) controller.enqueue(namespace, reportMs);
  }

  function followAll(namespace: string, left: readonly Left[]): void {
    const ender = new AbortController();
    followers.set(namespace, ender);
    const signal = running === undefined ? ender.signal : AbortSignal.any([running, ender.signal]);
    for (const one of left) void follow(namespace, one, signal);
  }

  /** All at once or, where an extension API server knows no such thing, one by one. */
  async function deleteAll(resource: ResourceClient<KubeObject>): Promise<void> {
    const options = { propagationPolicy: 'Background' as const };
    try {
      await resource.deleteCollection(options);
    } catch (error) {
      if (!isMethodNotSupported(error)) throw error;
      for (const { metadata } of (await resource.list()).items)
        await resource.delete(metadata.name ?? '', options).catch((err: unknown) => {
          if (!isNotFound(err)) throw err;
        });
    }
  }

  const undiscovered = (): string[] =>
    apiServices
      .list()
      .filter(isAway)
      .map(({ spec }) => `${spec?.group ?? ''}/${spec?.version ?? ''}`);

  async function empty(namespace: string): Promise<Emptied> {
    const remains: Emptied = { counts: new Map(), finalizers: new Map(), failures: [], left: [] };
    const one = async (type: ResourceType) => {
      const resource = client.resource<KubeObject>(type).namespace(namespace);
      const label = `${type.resource}.${type.group}`;
      try {
        if ((await resource.list({ limit: 1 })).items.length === 0) return;
        await deleteAll(resource);
        const { items, metadata: listed } = await resource.list();
        if (items.length === 0) return;
        remains.left.push({
          type,
          names: new Set(items.map(({ metadata }) => metadata.name ?? '')),
          revision: listed.resourceVersion ?? '',
        });
        remains.counts.set(label, items.length);
        for (const { metadata } of items) {
          for (const waits of metadata.finalizers ?? [])
            remains.finalizers.set(waits, (remains.finalizers.get(waits) ?? 0) + 1);
        }
      } catch (error) {
        if (isNotFound(error) || isMethodNotSupported(error)) return;
        remains.failures.push(error instanceof Error ? error.message : String(error));
      }
    };
    const all = resources();
    const isPods = (type: ResourceType) => type.group === '' && type.resource === 'pods';
    // Pods first: while one runs, what it relies on (network policies, secrets) stays (KEP-5080).
    await Promise.all(all.filter(isPods).map(one));
    if (remains.counts.size === 0 && remains.failures.length === 0)
      await Promise.all(all.filter((type) => !isPods(type)).map(one));
    return remains;
  }

  const controller = createController(
    {
      name,
      onStart(signal) {
        running = signal;
      },
      sources: [
        source(Namespace, ({ metadata }, { deleted }) =>
          deleted || !metadata.deletionTimestamp ? [] : [metadata.name ?? ''],
        ),
        // What an extension API server holds can be deleted when it is back, or need not be when it is no more.
        source(APIService, (service, { previous, deleted }) => {
          const wasAway = previous !== undefined ? isAway(previous) : deleted && isAway(service);
          if (!wasAway || (!deleted && isAway(service))) return [];
          return namespaces
            .list()
            .filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
            .map(({ metadata }) => metadata.name ?? '');
        }),
      ],
      async reconcile(key) {
        unfollow(key);
        const namespace = namespaces.get(key);
        if (namespace?.metadata.deletionTimestamp === undefined) return;
        if (!(namespace.spec?.finalizers ?? []).includes(finalizer)) return;
        const away = undiscovered();
        const remains = { ...(await empty(key)), undiscovered: away };
        const done = remains.counts.size === 0 && remains.failures.length === 0 && away.length === 0;
        const resource = client.resource(Namespace);
        try {
          await retryOnConflict(async () => {
            const live = await resource.get(key);
            if (live.metadata.uid !== namespace.metadata.uid) return;
            const conditions = deletionConditions(remains, live.status?.conditions, formatTime(clock.now()));
            if (JSON.stringify(conditions) === JSON.stringify(live.status?.conditions)) return;
            await resource.updateStatus({
              ...live,
              status: { ...live.status, phase: 'Terminating', conditions },
            });
          });
          if (!done) {
            followAll(key, remains.left);
            if (remains.failures.length > 0) return { requeue: true };
            // Nothing else is left: an event of the APIService brings the namespace again.
            return remains.counts.size === 0 ? undefined : { requeueAfterMs: lookAgainMs };
          }
          await retryOnConflict(async () => {
            const live = await resource.get(key);
            if (live.metadata.uid !== namespace.metadata.uid) return;
            const finalizers = (live.spec?.finalizers ?? []).filter((one) => one !== finalizer);
            await resource.updateSubresource(key, 'finalize', {
              ...live,
              spec: { ...live.spec, finalizers },
            } as KubeObject);
          });
        } catch (error) {
          if (isNotFound(error)) return;
          if (isConflict(error)) return { requeue: true };
          throw error;
        }
        return undefined;
      },
    },
    deps,
  );
  return controller;
}
