import {
  isAlreadyExists,
  isNotFound,
  joinKey,
  objectKey,
  selectorFromLabelSelector,
  semanticEqual,
} from '@drydock/base/apimachinery';
import { ControllerRevision, StatefulSet, type StatefulSetStatus } from '@drydock/api/apps/v1';
import { PersistentVolumeClaim, Pod } from '@drydock/api/core/v1';
import {
  claimObjects,
  createController,
  createEventRecorder,
  source,
  type ControllerFactory,
  type ReconcileResult,
} from '@drydock/machinery/controller';
import { byController, byNamespace } from '@drydock/machinery/informer';
import { availableInMs } from '../shared/index.ts';
import { createOwnership } from '../shared-ownership/index.ts';
import { revisionsBeyondLimit } from '../shared-revisions/index.ts';
import { claimOwners, ownersMatch } from './claim-owners.ts';
import { statefulSetEvents } from './events.ts';
import { statefulHistory, type StatefulHistory } from './history.ts';
import { planStatefulSet, type StatefulAction } from './plan.ts';
import {
  claimsOf,
  identityMatches,
  isMemberOf,
  ordinalOf,
  revisionOf,
  storageMatches,
  templateOf,
  withIdentity,
} from './pods.ts';

const name = 'statefulset-controller';

/** `statefulset-controller`: Pods with an identity that stays, and claims of their own. */
export const createStatefulSetController: ControllerFactory = (deps) => {
  const { client, clock, informers } = deps;
  const sets = informers.informer(StatefulSet, { indexers: { [byNamespace.name]: byNamespace.values } });
  const pods = informers.informer(Pod, { indexers: { [byController.name]: byController.values } });
  const claims = informers.informer(PersistentVolumeClaim);
  const revisions = informers.informer(ControllerRevision, {
    indexers: { [byController.name]: byController.values },
  });
  const events = statefulSetEvents(createEventRecorder(client, name, deps));
  const ownership = createOwnership({
    type: StatefulSet,
    owners: sets,
    selector: (set) => selectorFromLabelSelector(set.spec.selector),
  });

  async function reconcile(key: string): Promise<ReconcileResult | void> {
    const set = sets.get(key);
    if (set === undefined) return;
    const { namespace } = set.metadata;
    const selector = selectorFromLabelSelector(set.spec.selector);
    const history = await statefulHistory(client, set, ownership.candidates(revisions, set));
    const owned = await claimObjects({
      client,
      owner: set,
      ownerType: StatefulSet,
      type: Pod,
      matches: (pod) => selector.matches(pod.metadata.labels) && isMemberOf(set, pod),
      candidates: ownership.candidates(pods, set),
    });
    const plan = planStatefulSet({
      set,
      current: { name: history.current.metadata.name ?? '', template: templateOf(history.current) },
      update: { name: history.update.metadata.name ?? '', template: templateOf(history.update) },
      collisionCount: history.collisionCount,
      pods: owned,
      claim: (claim) => claims.get(joinKey(namespace, claim)),
      nowMs: clock.now(),
    });
    let failure: unknown;
    const ordered = set.spec.podManagementPolicy !== 'Parallel';
    if (ordered) {
      for (const action of plan.actions) {
        if (failure === undefined) await act(set, action).catch((error: unknown) => (failure = error));
      }
    } else {
      const results = await Promise.allSettled(plan.actions.map((action) => act(set, action)));
      failure = results.find((result) => result.status === 'rejected')?.reason;
    }
    await writeStatus(set, plan.status);
    if (failure !== undefined) throw failure as Error;
    await cleanUp(set, history, owned);
    return whenNextAvailable(set, owned);
  }

  async function act(set: StatefulSet, action: StatefulAction): Promise<void> {
    const { namespace = '' } = set.metadata;
    const { pod } = action;
    const resource = client.resource(Pod).namespace(namespace);
    switch (action.kind) {
      case 'create':
        await createClaims(set, pod);
        try {
          await resource.create(pod);
          events.pod('create', set, pod);
        } catch (error) {
          // The cache is behind: its next event brings the set again.
          if (isAlreadyExists(error)) return;
          events.pod('create', set, pod, error);
          throw error;
        }
        return;
      case 'delete':
        try {
          await resource.delete(pod.metadata.name ?? '', { preconditions: { uid: pod.metadata.uid ?? '' } });
          events.pod('delete', set, pod);
        } catch (error) {
          if (isNotFound(error)) return;
          events.pod('delete', set, pod, error);
          throw error;
        }
        return;
      case 'claims':
        return createClaims(set, pod);
      case 'claim-owners':
        return setClaimOwners(set, pod);
      case 'update':
        await setClaimOwners(set, pod);
        await createClaims(set, pod);
        try {
          // Claims that got other owners count as an update of the Pod, too.
          if (!identityMatches(set, pod) || !storageMatches(set, pod))
            await resource.update(withIdentity(set, pod));
          events.pod('update', set, pod);
        } catch (error) {
          events.pod('update', set, pod, error);
          throw error;
        }
    }
  }

  async function createClaims(set: StatefulSet, pod: Pod): Promise<void> {
    const { namespace = '' } = set.metadata;
    for (const claim of claimsOf(set, ordinalOf(pod))) {
      const known = claims.get(joinKey(namespace, claim.metadata.name ?? ''));
      if (known !== undefined) {
        if (known.metadata.deletionTimestamp !== undefined)
          throw new Error(`pvc ${claim.metadata.name} is being deleted`);
        continue;
      }
      const ownerReferences = claimOwners(claim, set, pod);
      if (ownerReferences.length > 0) claim.metadata.ownerReferences = ownerReferences;
      try {
        await client.resource(PersistentVolumeClaim).namespace(namespace).create(claim);
        events.claim('create', set, pod, claim);
      } catch (error) {
        if (isAlreadyExists(error)) continue;
        events.claim('create', set, pod, claim, error);
        throw error;
      }
    }
  }

  async function setClaimOwners(set: StatefulSet, pod: Pod): Promise<void> {
    const { namespace = '' } = set.metadata;
    for (const { metadata } of claimsOf(set, ordinalOf(pod))) {
      const claim = claims.get(joinKey(namespace, metadata.name ?? ''));
      if (claim === undefined) continue;
      if (ownersMatch(claim, set, pod)) continue;
      const ownerReferences = claimOwners(claim, set, pod);
      await client
        .resource(PersistentVolumeClaim)
        .namespace(namespace)
        .update({ ...claim, metadata: { ...claim.metadata, ownerReferences } });
    }
  }

  async function writeStatus(set: StatefulSet, status: StatefulSetStatus): Promise<void> {
    if (semanticEqual(set.status, status)) return;
    const { namespace = '', name: setName = '', uid } = set.metadata;
    const resource = client.resource(StatefulSet).namespace(namespace);
    try {
      await resource.updateStatus({ ...set, status });
    } catch (first) {
      if (isNotFound(first)) return;
      const fresh = await resource.get(setName);
      if (fresh.metadata.uid === uid) await resource.updateStatus({ ...fresh, status });
    }
  }

  async function cleanUp(set: StatefulSet, history: StatefulHistory, owned: readonly Pod[]): Promise<void> {
    const live = new Set([
      history.current.metadata.name,
      history.update.metadata.name,
      ...owned.map(revisionOf),
    ]);
    const limit = set.spec.revisionHistoryLimit ?? 10;
    for (const { metadata } of revisionsBeyondLimit(history.all, limit, (one) =>
      live.has(one.metadata.name),
    )) {
      await client
        .resource(ControllerRevision)
        .namespace(set.metadata.namespace ?? '')
        .delete(metadata.name ?? '')
        .catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
    }
  }

  function whenNextAvailable(set: StatefulSet, owned: readonly Pod[]): ReconcileResult | void {
    const { minReadySeconds = 0 } = set.spec;
    if (minReadySeconds === 0) return;
    const waits = owned
      .map((pod) => availableInMs(pod, minReadySeconds, clock.now()) ?? 0)
      .filter((wait) => wait > 0);
    if (waits.length > 0) return { requeueAfterMs: Math.ceil(Math.min(...waits)) + 1 };
  }

  /** Claims wake the sets that use them: a stale one that went makes way for a Pod. */
  const claimKeys = (claim: PersistentVolumeClaim): string[] =>
    sets
      .byIndex(byNamespace.name, claim.metadata.namespace ?? '')
      .filter((set) =>
        (set.spec.volumeClaimTemplates ?? []).some((template) =>
          (claim.metadata.name ?? '').startsWith(`${template.metadata.name}-${set.metadata.name}-`),
        ),
      )
      .map(objectKey);

  return createController(
    {
      name,
      sources: [
        source(StatefulSet, (set) => [objectKey(set)]),
        source(Pod, (pod, change) => ownership.keys(pod, change)),
        source(ControllerRevision, (revision, change) => ownership.keys(revision, change)),
        source(PersistentVolumeClaim, (claim, { deleted }) => (deleted ? claimKeys(claim) : [])),
      ],
      reconcile,
    },
    deps,
  );
};
