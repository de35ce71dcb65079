import {
  isEmptyLabelSelector,
  isNotFound,
  objectKey,
  selectorFromLabelSelector,
  semanticEqual,
} from '@drydock/base/apimachinery';
import { ControllerRevision, DaemonSet, type DaemonSetStatus } from '@drydock/api/apps/v1';
import { Node, Pod } from '@drydock/api/core/v1';
import {
  claimObjects,
  createController,
  createEventRecorder,
  createExpectations,
  source,
  type ControllerFactory,
  type ReconcileResult,
} from '@drydock/machinery/controller';
import { byController, byNamespace } from '@drydock/machinery/informer';
import { podFromTemplate, slowStart } from '../replicas/index.ts';
import { isNamespaceTerminating, isPodTerminal, omitZeros } from '../shared/index.ts';
import { createOwnership } from '../shared-ownership/index.ts';
import { oldestRevisions } from '../shared-revisions/index.ts';
import { createNodeBackoff } from './backoff.ts';
import {
  countDaemons,
  managePlan,
  rollingUpdatePlan,
  type DaemonPlan,
  type DaemonView,
} from './decisions.ts';
import { nodeShouldRunDaemonPod } from './eligibility.ts';
import { daemonSetEvents } from './events.ts';
import { daemonHistory } from './history.ts';
import { affinityToNode, daemonTemplate, hashLabel, targetNodeOf } from './pod-template.ts';

const name = 'daemonset-controller';
/** Pods made or deleted in one pass at most. */
const burst = 250;

/** `daemonset-controller`: one Pod on each node that takes it. */
export const createDaemonSetController: ControllerFactory = (deps) => {
  const { client, clock, informers } = deps;
  const sets = informers.informer(DaemonSet, { indexers: { [byNamespace.name]: byNamespace.values } });
  const pods = informers.informer(Pod, { indexers: { [byController.name]: byController.values } });
  const revisions = informers.informer(ControllerRevision, {
    indexers: { [byController.name]: byController.values },
  });
  const nodes = informers.informer(Node);
  const expectations = createExpectations(clock);
  const events = daemonSetEvents(createEventRecorder(client, name, deps));
  const backoff = createNodeBackoff(clock);
  const ownership = createOwnership({
    type: DaemonSet,
    owners: sets,
    selector: (set) => selectorFromLabelSelector(set.spec.selector),
    expectations,
  });
  const history = createOwnership({
    type: DaemonSet,
    owners: sets,
    selector: (set) => selectorFromLabelSelector(set.spec.selector),
  });

  const nodeKeys = (node: Node, { previous, deleted }: { previous?: Node; deleted: boolean }): string[] => {
    if (previous !== undefined && !decisiveChange(node, previous)) return [];
    return sets
      .list()
      .filter((set) => {
        if (deleted || previous === undefined) return deleted || nodeShouldRunDaemonPod(node, set).shouldRun;
        return !semanticEqual(nodeShouldRunDaemonPod(node, set), nodeShouldRunDaemonPod(previous, set));
      })
      .map(objectKey);
  };

  async function viewOf(set: DaemonSet, hash: string): Promise<DaemonView> {
    const selector = selectorFromLabelSelector(set.spec.selector);
    const claimed = await claimObjects({
      client,
      owner: set,
      ownerType: DaemonSet,
      type: Pod,
      matches: (pod) => selector.matches(pod.metadata.labels),
      candidates: ownership.candidates(pods, set),
    });
    const podsOnNode = new Map<string, Pod[]>();
    for (const pod of claimed) {
      // One that is over and is being deleted waits for others only: its node may have a new one.
      if (isPodTerminal(pod) && pod.metadata.deletionTimestamp) continue;
      const target = targetNodeOf(pod);
      if (target === undefined) continue;
      const there = podsOnNode.get(target);
      if (there === undefined) podsOnNode.set(target, [pod]);
      else there.push(pod);
    }
    return { daemonSet: set, hash, nodes: nodes.list(), podsOnNode, nowMs: clock.now() };
  }

  async function reconcile(key: string): Promise<ReconcileResult | void> {
    const set = sets.get(key);
    if (set === undefined) return expectations.forget(key);
    if (isEmptyLabelSelector(set.spec.selector)) return events.selectsAll(set);
    if (set.metadata.deletionTimestamp !== undefined) return;
    const found = await daemonHistory(
      client,
      set,
      history.candidates(revisions, set),
      pods.byIndex(byController.name, set.metadata.uid ?? ''),
    );
    if (found === undefined) return { requeue: true };
    const { current, old } = found;
    const hash = current.metadata.labels?.[hashLabel] ?? '';
    let waitMs: number | undefined;
    const mayManage = expectations.satisfied(key);
    if (mayManage) {
      waitMs = await manage(key, set, hash);
      if (expectations.satisfied(key) && set.spec.updateStrategy?.type !== 'OnDelete') {
        await carryOut(key, set, hash, rollingUpdatePlan(await viewOf(set, hash)));
      }
      await cleanUp(set, old);
    }
    const view = await viewOf(set, hash);
    const counts = countDaemons(view);
    await writeStatus(set, counts, mayManage);
    const { minReadySeconds = 0 } = set.spec;
    if (minReadySeconds > 0 && counts.numberReady !== counts.numberAvailable)
      waitMs = Math.min(waitMs ?? Infinity, minReadySeconds * 1000);
    if (waitMs !== undefined) return { requeueAfterMs: waitMs };
  }

  /** Pods where there are none and none where there should be none. Resolves with when to look again at failed ones. */
  async function manage(key: string, set: DaemonSet, hash: string): Promise<number | undefined> {
    const view = await viewOf(set, hash);
    let waitMs: number | undefined;
    const plan = managePlan(view, (node) => {
      const delay = backoff.next(`${set.metadata.uid}/${set.status?.observedGeneration ?? 0}/${node}`);
      if (delay > 0) waitMs = Math.min(waitMs ?? Infinity, delay);
      return delay > 0;
    });
    for (const pod of plan.failed) events.failedPod(set, pod, targetNodeOf(pod) ?? '');
    for (const pod of plan.succeeded) events.succeededPod(set, pod, targetNodeOf(pod) ?? '');
    await carryOut(key, set, hash, plan);
    return waitMs;
  }

  async function carryOut(key: string, set: DaemonSet, hash: string, plan: DaemonPlan): Promise<void> {
    const { namespace = '' } = set.metadata;
    const create = plan.create.slice(0, burst);
    const remove = plan.remove.slice(0, burst);
    if (create.length === 0 && remove.length === 0) return;
    const template = daemonTemplate(set, hash);
    expectations.expectCreations(key, create.length);
    expectations.expectDeletions(
      key,
      remove.map((pod) => pod.metadata.uid ?? ''),
    );
    let index = 0;
    const { succeeded, error } = await slowStart(create.length, async () => {
      const node = create[index++] ?? '';
      const spec = { ...template.spec, containers: template.spec?.containers ?? [] };
      spec.affinity = affinityToNode(spec.affinity, node);
      try {
        const pod = podFromTemplate({ ...template, spec }, set, DaemonSet);
        events.created(set, await client.resource(Pod).namespace(namespace).create(pod));
      } catch (err) {
        if (isNamespaceTerminating(err)) return;
        events.createFailed(set, err as Error);
        throw err;
      }
    });
    for (let skipped = create.length - succeeded; skipped > 0; skipped--) expectations.creationObserved(key);
    const failures = await Promise.all(
      remove.map(async (pod) => {
        const { name: podName = '', uid = '' } = pod.metadata;
        try {
          await client.resource(Pod).namespace(namespace).delete(podName, { preconditions: { uid } });
          events.deleted(set, pod);
          return undefined;
        } catch (err) {
          expectations.deletionObserved(key, uid);
          if (isNotFound(err)) return undefined;
          events.deleteFailed(set, err as Error);
          return err;
        }
      }),
    );
    const failure = error ?? failures.find((one) => one !== undefined);
    if (failure !== undefined) throw failure as Error;
  }

  async function cleanUp(set: DaemonSet, old: readonly ControllerRevision[]): Promise<void> {
    const { namespace = '', uid = '' } = set.metadata;
    const live = new Set(
      pods.byIndex(byController.name, uid).map((pod) => pod.metadata.labels?.[hashLabel] ?? ''),
    );
    const inUse = ({ metadata }: ControllerRevision) => live.has(metadata.labels?.[hashLabel] ?? '');
    for (const { metadata } of oldestRevisions(old, set.spec.revisionHistoryLimit ?? 10, inUse)) {
      await client
        .resource(ControllerRevision)
        .namespace(namespace)
        .delete(metadata.name ?? '')
        .catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
    }
  }

  async function writeStatus(
    set: DaemonSet,
    counts: ReturnType<typeof countDaemons>,
    observed: boolean,
  ): Promise<void> {
    const { namespace = '', name: setName = '', generation, uid } = set.metadata;
    const apply = (previous: DaemonSetStatus | undefined): DaemonSetStatus => {
      const { collisionCount, conditions, observedGeneration } = previous ?? {};
      const status: DaemonSetStatus = omitZeros(counts, [
        'currentNumberScheduled',
        'numberMisscheduled',
        'desiredNumberScheduled',
        'numberReady',
      ]);
      const seen = observed ? generation : observedGeneration;
      if (seen !== undefined) status.observedGeneration = seen;
      if (collisionCount !== undefined) status.collisionCount = collisionCount;
      if (conditions !== undefined) status.conditions = conditions;
      return status;
    };
    if (semanticEqual(set.status, apply(set.status))) return;
    const resource = client.resource(DaemonSet).namespace(namespace);
    try {
      await resource.updateStatus({ ...set, status: apply(set.status) });
    } catch (first) {
      if (isNotFound(first)) return;
      const fresh = await resource.get(setName);
      if (fresh.metadata.uid === uid) await resource.updateStatus({ ...fresh, status: apply(fresh.status) });
    }
  }

  return createController(
    {
      name,
      workers: 2,
      sources: [
        source(DaemonSet, (set) => [objectKey(set)]),
        source(Pod, (pod, change) => ownership.keys(pod, change)),
        source(ControllerRevision, (revision, change) => history.keys(revision, change)),
        source(Node, nodeKeys),
      ],
      reconcile,
    },
    deps,
  );
};

/** Heartbeats and usage change a node all the time; only these decide who may run there. */
function decisiveChange(node: Node, previous: Node): boolean {
  return (
    !semanticEqual(node.metadata.labels, previous.metadata.labels) ||
    !semanticEqual(node.spec?.taints, previous.spec?.taints)
  );
}
