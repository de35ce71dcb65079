import {
  controllerOf,
  isNotFound,
  joinKey,
  objectKey,
  selectorFromSet,
  type KubeObject,
} from '@drydock/base/apimachinery';
import type { ReplicaSetStatus } from '@drydock/api/apps/v1';
import { Pod } from '@drydock/api/core/v1';
import {
  claimObjects,
  createController,
  createEventRecorder,
  createExpectations,
  source,
  type Controller,
  type ControllerDeps,
  type ReconcileResult,
} from '@drydock/machinery/controller';
import { byController, byNamespace, orphanOf, type Informer } from '@drydock/machinery/informer';
import { availableInMs, isNamespaceTerminating, isPodActive, isPodTerminating } from '../shared/index.ts';
import { replicaEvents } from './events.ts';
import type { ReplicaKind, ReplicaSpec } from './kind.ts';
import { podFromTemplate } from './pod-from-template.ts';
import { podsToDelete } from './pod-ranking.ts';
import { slowStart } from './slow-start.ts';
import { replicaStatus, sameStatus } from './status.ts';

/** Pods made or deleted in one pass at most. */
const burstReplicas = 500;

/** Keeps as many Pods as each owner asks for; the loop of ReplicaSets and of ReplicationControllers. */
export function createReplicaController<T extends KubeObject>(
  kind: ReplicaKind<T>,
  deps: ControllerDeps,
): Controller {
  const { client, clock } = deps;
  const owners = deps.informers.informer(kind.type, {
    indexers: { [byNamespace.name]: byNamespace.values, [byController.name]: byController.values },
  });
  const pods: Informer<Pod> = deps.informers.informer(Pod, {
    indexers: { [byController.name]: byController.values },
  });
  const expectations = createExpectations(clock);
  const events = replicaEvents(createEventRecorder(client, kind.component, deps));

  /** The owner that a Pod names as its controller, if it is the one we know. */
  const ownerOf = (pod: Pod): T | undefined => {
    const reference = controllerOf(pod);
    if (reference?.kind !== kind.type.kind) return undefined;
    const owner = owners.get(joinKey(pod.metadata.namespace, reference.name));
    return owner?.metadata.uid === reference.uid ? owner : undefined;
  };
  /** Owners that might adopt an orphan. */
  const suitors = (pod: Pod): string[] => {
    const { labels, namespace = '' } = pod.metadata;
    if (!labels || pod.metadata.deletionTimestamp) return [];
    const matching = owners
      .byIndex(byNamespace.name, namespace)
      .filter((one) => kind.read(one).selector.matches(labels));
    return matching.map(objectKey);
  };
  const podKeys = (pod: Pod, change: { previous?: Pod; deleted: boolean }): string[] => {
    const keys: string[] = [];
    const { previous } = change;
    if (previous && controllerOf(previous)?.uid !== controllerOf(pod)?.uid) {
      const before = ownerOf(previous);
      if (before) keys.push(objectKey(before));
    }
    if (!controllerOf(pod)) return change.deleted ? keys : [...keys, ...suitors(pod)];
    const owner = ownerOf(pod);
    if (!owner) return keys;
    const key = objectKey(owner);
    // A Pod that has begun to go counts as gone; its end will come by itself.
    if (change.deleted || pod.metadata.deletionTimestamp)
      expectations.deletionObserved(key, pod.metadata.uid ?? '');
    else if (!previous) expectations.creationObserved(key);
    return [...keys, key];
  };

  async function reconcile(key: string): Promise<ReconcileResult | void> {
    const owner = owners.get(key);
    if (!owner) return expectations.forget(key);
    const spec = kind.read(owner);
    const mayManage = expectations.satisfied(key);
    const { active, terminating } = await claimPods(owner, spec);
    const failure =
      mayManage && !owner.metadata.deletionTimestamp
        ? await manageReplicas(key, owner, spec, active)
        : undefined;
    const status = replicaStatus({
      desired: spec.replicas,
      minReadySeconds: spec.minReadySeconds,
      templateLabels: selectorFromSet(spec.template?.metadata?.labels ?? {}),
      activePods: active,
      terminating: kind.countsTerminating ? terminating : undefined,
      previous: kind.status(owner),
      failure,
      nowMs: clock.now(),
    });
    await writeStatus(owner, status);
    if (failure) throw failure;
    return whenNextAvailable(spec, active);
  }

  async function claimPods(owner: T, spec: ReplicaSpec): Promise<{ active: Pod[]; terminating: number }> {
    const { uid = '', namespace = '' } = owner.metadata;
    const owned = pods.byIndex(byController.name, uid);
    const orphans = pods.byIndex(byController.name, orphanOf(namespace));
    const candidates = orphans.length === 0 ? owned : [...owned, ...orphans];
    const active = await claimObjects({
      client,
      owner,
      ownerType: kind.type,
      type: Pod,
      matches: (pod) => spec.selector.matches(pod.metadata.labels),
      candidates: candidates.filter(isPodActive),
    });
    const terminating = owned.filter(
      (pod) => isPodTerminating(pod) && spec.selector.matches(pod.metadata.labels),
    );
    return { active, terminating: terminating.length };
  }

  /** One step towards the wanted number of Pods. Resolves with what went wrong. */
  async function manageReplicas(
    key: string,
    owner: T,
    spec: ReplicaSpec,
    active: readonly Pod[],
  ): Promise<Error | undefined> {
    const surplus = active.length - spec.replicas;
    if (surplus < 0) return createPods(key, owner, spec, Math.min(-surplus, burstReplicas));
    if (surplus > 0) {
      const chosen = podsToDelete(active, relatedPods(owner), Math.min(surplus, burstReplicas), clock.now());
      return deletePods(key, owner, chosen);
    }
    return undefined;
  }

  async function createPods(
    key: string,
    owner: T,
    spec: ReplicaSpec,
    count: number,
  ): Promise<Error | undefined> {
    const { namespace = '' } = owner.metadata;
    const pod = podFromTemplate(spec.template ?? {}, owner, kind.type);
    expectations.expectCreations(key, count);
    const { succeeded, error } = await slowStart(count, async () => {
      try {
        const created = await client.resource(Pod).namespace(namespace).create(pod);
        events.created(owner, created);
      } catch (err) {
        if (isNamespaceTerminating(err)) return;
        events.createFailed(owner, err as Error);
        throw err;
      }
    });
    for (let skipped = count - succeeded; skipped > 0; skipped--) expectations.creationObserved(key);
    return error as Error | undefined;
  }

  async function deletePods(key: string, owner: T, chosen: readonly Pod[]): Promise<Error | undefined> {
    expectations.expectDeletions(
      key,
      chosen.map((pod) => pod.metadata.uid ?? ''),
    );
    const failures = await Promise.all(
      chosen.map(async (pod) => {
        const { namespace = '', name = '', uid = '' } = pod.metadata;
        try {
          await client.resource(Pod).namespace(namespace).delete(name, { preconditions: { uid } });
          events.deleted(owner, pod);
          return undefined;
        } catch (err) {
          expectations.deletionObserved(key, uid);
          if (isNotFound(err)) return undefined;
          events.deleteFailed(owner, err as Error);
          return err as Error;
        }
      }),
    );
    return failures.find((failure) => failure !== undefined);
  }

  /** Active Pods of all owners that have the same owner (a Deployment), or of this one alone. */
  function relatedPods(owner: T): Pod[] {
    const uid = controllerOf(owner)?.uid;
    const related = uid === undefined ? [owner] : owners.byIndex(byController.name, uid);
    return related
      .flatMap((one) => pods.byIndex(byController.name, one.metadata.uid ?? ''))
      .filter(isPodActive);
  }

  async function writeStatus(owner: T, status: ReplicaSetStatus): Promise<void> {
    const { generation, namespace = '', name = '' } = owner.metadata;
    if (sameStatus(kind.status(owner), status, generation)) return;
    const next = { ...status };
    if (generation !== undefined) next.observedGeneration = generation;
    const resource = client.resource(kind.type).namespace(namespace);
    try {
      await resource.updateStatus(kind.withStatus(owner, next));
    } catch (first) {
      if (isNotFound(first)) return;
      // The cache was behind: the counts are as good for the fresh object, its generation stays the one we looked at.
      try {
        const fresh = await resource.get(name);
        if (fresh.metadata.uid !== owner.metadata.uid) return;
        await resource.updateStatus(kind.withStatus(fresh, next));
      } catch (second) {
        if (!isNotFound(second)) throw second;
      }
    }
  }

  function whenNextAvailable(spec: ReplicaSpec, active: readonly Pod[]): ReconcileResult | void {
    if (spec.minReadySeconds === 0) return;
    let next = Infinity;
    for (const pod of active) {
      const wait = availableInMs(pod, spec.minReadySeconds, clock.now());
      if (wait !== undefined && wait > 0) next = Math.min(next, wait);
    }
    // Never at once: times of the API are whole seconds and a millisecond early would be for nothing.
    if (next !== Infinity) return { requeueAfterMs: Math.ceil(next) + 1 };
  }

  return createController(
    {
      name: kind.name,
      sources: [source(kind.type, (owner) => [objectKey(owner)]), source(Pod, podKeys)],
      reconcile,
    },
    deps,
  );
}
