import { deepEqual, objectKey, type KubeObject, type ResourceType } from '@drydock/base/apimachinery';
import {
  amountsOf,
  maskAmounts,
  quotaEvaluator,
  quotaUsage,
  resourceList,
  type QuotaEvaluator,
} from '@drydock/api/quota';
import { ResourceQuota } from '@drydock/api/core/v1';
import {
  createController,
  source,
  type Controller,
  type ControllerDeps,
} from '@drydock/machinery/controller';
import { byNamespace, type Informer } from '@drydock/machinery/informer';

const name = 'resourcequota-controller';
/** `--resource-quota-sync-period`: for what changes by time alone, such as Pods stuck on their way out. */
const resyncMs = 5 * 60_000;

export interface ResourceQuotaOptions {
  /** The namespaced resources that can be watched; asked anew each time. */
  readonly resources: () => readonly ResourceType[];
}

/** `resourcequota-controller`: keeps `status.used` of each ResourceQuota true. Admission refuses; this loop counts. */
export function createResourceQuotaController(
  { resources }: ResourceQuotaOptions,
  deps: ControllerDeps,
): Controller {
  const { client, clock, informers } = deps;
  const quotas = informers.informer(ResourceQuota, {
    indexers: { [byNamespace.name]: byNamespace.values },
  });
  const watched = new Map<string, Informer<KubeObject>>();
  const removers: (() => void)[] = [];
  /** Quotas whose use may have become less; those that only grew are raised, never lowered, from a cache that lags. */
  const mayLower = new Set<string>();

  /** When each quota was last counted afresh, whatever had been heard. */
  const countedAtMs = new Map<string, number>();

  const idOf = ({ group, resource }: { group: string; resource: string }) => `${group}/${resource}`;

  function replenish(evaluator: QuotaEvaluator, object: KubeObject, lower: boolean): void {
    for (const quota of quotas.byIndex(byNamespace.name, object.metadata.namespace ?? '')) {
      if (evaluator.matching(Object.keys(quota.spec?.hard ?? {})).length === 0) continue;
      const key = objectKey(quota);
      if (lower) mayLower.add(key);
      controller.enqueue(key);
    }
  }

  /** Watches a resource from the first quota on that limits it. */
  function watch(type: ResourceType, evaluator: QuotaEvaluator): Informer<KubeObject> {
    const known = watched.get(idOf(type));
    if (known !== undefined) return known;
    const informer = informers.informer<KubeObject>(type, {
      indexers: { [byNamespace.name]: byNamespace.values },
    });
    watched.set(idOf(type), informer);
    const weigh = (object: KubeObject) => JSON.stringify(resourceList(evaluator.usage(object, clock.now())));
    removers.push(
      informer.addHandler({
        added: (object) => replenish(evaluator, object, false),
        deleted: (object) => replenish(evaluator, object, true),
        updated: (object, previous) => {
          const inUse = quotas.byIndex(byNamespace.name, object.metadata.namespace ?? '').length > 0;
          if (inUse && weigh(object) !== weigh(previous)) replenish(evaluator, object, true);
        },
      }),
    );
    return informer;
  }

  async function reconcile(key: string, signal: AbortSignal) {
    const quota = quotas.get(key);
    if (quota === undefined) {
      mayLower.delete(key);
      countedAtMs.delete(key);
      return;
    }
    const { namespace = '' } = quota.metadata;
    const { hard = {} } = quota.spec ?? {};
    const names = Object.keys(hard);
    const evaluators = new Map<QuotaEvaluator, Informer<KubeObject>>();
    for (const type of resources()) {
      const evaluator = quotaEvaluator(type);
      if (evaluator.matching(names).length > 0) evaluators.set(evaluator, watch(type, evaluator));
    }
    await Promise.all([...evaluators.values()].map((informer) => informer.waitForSync(signal)));

    const limitsChanged = quota.status?.hard === undefined || !deepEqual(quota.status.hard, hard);
    const lastMs = countedAtMs.get(key) ?? -Infinity;
    const stale = clock.monotonicMs() - lastMs >= resyncMs;
    if (stale) countedAtMs.set(key, clock.monotonicMs());
    const lower = mayLower.delete(key) || limitsChanged || stale;
    const counted = quotaUsage(
      quota.spec,
      [...evaluators.keys()],
      (evaluator) => evaluators.get(evaluator)?.byIndex(byNamespace.name, namespace) ?? [],
      clock.now(),
    );
    const before = amountsOf(quota.status?.used);
    const used = maskAmounts(before, names);
    for (const [one, amount] of counted) {
      const known = before.get(one);
      if (lower || known === undefined || amount.compare(known) > 0) used.set(one, amount);
    }
    const same =
      !limitsChanged &&
      used.size === before.size &&
      [...used].every(([one, amount]) => before.get(one)?.equals(amount) === true);
    if (!same) {
      try {
        await client
          .resource(ResourceQuota)
          .namespace(namespace)
          .updateStatus({ ...quota, status: { hard, used: resourceList(used) } });
      } catch (error) {
        if (lower) mayLower.add(key);
        throw error;
      }
    }
    return { requeueAfterMs: resyncMs };
  }

  const controller = createController(
    {
      name,
      sources: [
        source(ResourceQuota, (quota, { previous, deleted }) => {
          const key = objectKey(quota);
          // Admission charges for an object before that is there: a count just after would take the charge away again.
          const asBefore = previous !== undefined && deepEqual(previous.spec?.hard, quota.spec?.hard);
          if (asBefore && deepEqual(quota.status?.hard, quota.spec?.hard)) return [];
          if (!deleted) mayLower.add(key);
          return [key];
        }),
      ],
      onStart(signal) {
        mayLower.clear();
        countedAtMs.clear();
        signal.addEventListener('abort', () => {
          for (const remove of removers.splice(0)) remove();
          watched.clear();
        });
      },
      reconcile,
    },
    deps,
  );
  return controller;
}
