import {
  cloneJson,
  controllerOf,
  isEmptyLabelSelector,
  isNotFound,
  joinKey,
  objectKey,
  selectorFromLabelSelector,
} from '@drydock/base/apimachinery';
import { Deployment, ReplicaSet } from '@drydock/api/apps/v1';
import { Pod } from '@drydock/api/core/v1';
import {
  claimObjects,
  createController,
  createEventRecorder,
  source,
  type ControllerFactory,
  type ReconcileResult,
} from '@drydock/machinery/controller';
import { byController, byNamespace, orphanOf } from '@drydock/machinery/informer';
import { isPodTerminal } from '../shared/index.ts';
import { conditionOf, hasProgressDeadline, newCondition, reasons, setCondition } from './conditions.ts';
import { beyondHistory, growNew, scaleSizes, shrinkOld } from './decisions.ts';
import { desiredOf } from './annotations.ts';
import { deploymentEvents } from './events.ts';
import { desiredReplicas } from './fenceposts.ts';
import { byRevision, replicasOf, sumStatus, withReplicas } from './replica-sets.ts';
import { createRollout, type Rollout } from './rollout.ts';
import { deadlineCheckInMs, deploymentStatus, isComplete, rolloutStatus } from './status.ts';

const name = 'deployment-controller';

/** `deployment-controller`: rolls the Pods of each Deployment from template to template by way of ReplicaSets. */
export const createDeploymentController: ControllerFactory = (deps) => {
  const { client, clock, informers } = deps;
  const deployments = informers.informer(Deployment, {
    indexers: { [byNamespace.name]: byNamespace.values },
  });
  const replicaSets = informers.informer(ReplicaSet, {
    indexers: { [byController.name]: byController.values },
  });
  const pods = informers.informer(Pod, { indexers: { [byController.name]: byController.values } });
  const events = deploymentEvents(createEventRecorder(client, name, deps));

  const ownerOf = (replicaSet: ReplicaSet): Deployment | undefined => {
    const reference = controllerOf(replicaSet);
    if (reference?.kind !== Deployment.kind) return undefined;
    const owner = deployments.get(joinKey(replicaSet.metadata.namespace, reference.name));
    return owner?.metadata.uid === reference.uid ? owner : undefined;
  };
  const suitors = (replicaSet: ReplicaSet): string[] => {
    const { labels, namespace = '' } = replicaSet.metadata;
    if (!labels || Object.keys(labels).length === 0 || replicaSet.metadata.deletionTimestamp) return [];
    return deployments
      .byIndex(byNamespace.name, namespace)
      .filter((one) => !isEmptyLabelSelector(one.spec.selector))
      .filter((one) => selectorFromLabelSelector(one.spec.selector).matches(labels))
      .map(objectKey);
  };
  const replicaSetKeys = (
    replicaSet: ReplicaSet,
    change: { previous?: ReplicaSet; deleted: boolean },
  ): string[] => {
    const found = new Set<string>();
    for (const one of change.previous ? [change.previous, replicaSet] : [replicaSet]) {
      const owner = ownerOf(one);
      if (owner) found.add(objectKey(owner));
    }
    if (!change.deleted && !controllerOf(replicaSet)) for (const key of suitors(replicaSet)) found.add(key);
    return [...found];
  };
  /** Recreate waits for the last old Pod to go; nothing else about Pods matters here. */
  const podKeys = (pod: Pod, change: { deleted: boolean }): string[] => {
    if (!change.deleted) return [];
    const reference = controllerOf(pod);
    if (reference?.kind !== ReplicaSet.kind) return [];
    const replicaSet = replicaSets.get(joinKey(pod.metadata.namespace, reference.name));
    const owner = replicaSet?.metadata.uid === reference.uid ? ownerOf(replicaSet) : undefined;
    if (owner?.spec.strategy?.type !== 'Recreate' || !replicaSet) return [];
    return [objectKey(owner)];
  };

  async function reconcile(key: string): Promise<ReconcileResult | void> {
    const deployment = deployments.get(key);
    if (!deployment) return;
    if (isEmptyLabelSelector(deployment.spec.selector)) return refuseEverything(deployment);
    const rollout = createRollout({ client, clock, events }, deployment, await claimReplicaSets(deployment));
    if (deployment.metadata.deletionTimestamp) return reportOnly(rollout);
    await notePause(rollout);
    if (deployment.spec.paused === true || isScaling(rollout)) return scaleAll(rollout);
    return deployment.spec.strategy?.type === 'Recreate' ? recreate(rollout) : rollingUpdate(rollout);
  }

  async function refuseEverything(deployment: Deployment): Promise<void> {
    events.selectsAll(deployment);
    const { generation = 0 } = deployment.metadata;
    if ((deployment.status?.observedGeneration ?? 0) >= generation) return;
    const status = { ...deployment.status, observedGeneration: generation };
    await client.resource(Deployment).updateStatus({ ...deployment, status });
  }

  async function claimReplicaSets(deployment: Deployment): Promise<ReplicaSet[]> {
    const { uid = '', namespace = '' } = deployment.metadata;
    const selector = selectorFromLabelSelector(deployment.spec.selector);
    const claimed = await claimObjects({
      client,
      owner: deployment,
      ownerType: Deployment,
      type: ReplicaSet,
      matches: (one) => selector.matches(one.metadata.labels),
      candidates: [
        ...replicaSets.byIndex(byController.name, uid),
        ...replicaSets.byIndex(byController.name, orphanOf(namespace)),
      ],
    });
    return claimed;
  }

  async function reportOnly(rollout: Rollout): Promise<void> {
    const { current, old } = await rollout.sync(false);
    await rollout.writeStatus(
      deploymentStatus(rollout.deployment, present(old, current), current, clock.now()),
    );
  }

  /** The progress deadline does not run while a Deployment is paused. */
  async function notePause({ deployment, writeStatus }: Rollout): Promise<void> {
    if (!hasProgressDeadline(deployment)) return;
    const condition = conditionOf(deployment.status, 'Progressing');
    if (condition?.reason === reasons.timedOut) return;
    const noted = condition?.reason === reasons.paused;
    const paused = deployment.spec.paused === true;
    if (paused === noted) return;
    const status = cloneJson(deployment.status ?? {});
    const [reason, message] = paused
      ? [reasons.paused, 'Deployment is paused']
      : [reasons.resumed, 'Deployment is resumed'];
    setCondition(status, newCondition('Progressing', 'Unknown', reason, message, clock.now()));
    await writeStatus(status);
  }

  /** Whether the Deployment's size has changed since its ReplicaSets were told of it. */
  function isScaling({ deployment, owned }: Rollout): boolean {
    const desired = desiredReplicas(deployment);
    return withReplicas(owned).some((one) => {
      const told = desiredOf(one);
      return told !== undefined && told !== desired;
    });
  }

  async function scaleAll(rollout: Rollout): Promise<void> {
    const { current, old } = await rollout.sync(false);
    const stored = new Map<ReplicaSet, ReplicaSet>();
    for (const { annotate, ...resize } of scaleSizes(rollout.deployment, current, old)) {
      stored.set(resize.replicaSet, await rollout.resize(resize, annotate));
    }
    const newest = current && (stored.get(current) ?? current);
    const others = old.map((one) => stored.get(one) ?? one);
    if (rollout.deployment.spec.paused === true) await cleanUp(rollout, others);
    await rollout.writeStatus(
      deploymentStatus(rollout.deployment, present(others, newest), newest, clock.now()),
    );
  }

  async function rollingUpdate(rollout: Rollout): Promise<ReconcileResult | void> {
    const { deployment } = rollout;
    const { current, old } = await rollout.sync(true);
    if (!current) return;
    const size = growNew(deployment, [...old, current], current);
    if (size !== replicasOf(current)) {
      const grown = await rollout.resize({ replicaSet: current, replicas: size });
      return report(rollout, old, grown);
    }
    const shrinking = shrinkOld(deployment, withReplicas(old), current);
    if (shrinking.length > 0) return report(rollout, await resizeAll(rollout, old, shrinking), current);
    if (isComplete(deployment, deployment.status)) await cleanUp(rollout, old);
    return report(rollout, old, current);
  }

  async function recreate(rollout: Rollout): Promise<ReconcileResult | void> {
    const { deployment } = rollout;
    const { current, old } = await rollout.sync(false);
    const shrinking = withReplicas(old).map((replicaSet) => ({ replicaSet, replicas: 0 }));
    if (shrinking.length > 0) return report(rollout, await resizeAll(rollout, old, shrinking), current);
    if (oldPodsRun(old)) return report(rollout, old, current);
    const newest = current ?? (await rollout.sync(true)).current;
    if (!newest) return;
    const grown = await rollout.resize({ replicaSet: newest, replicas: desiredReplicas(deployment) });
    if (isComplete(deployment, deployment.status)) await cleanUp(rollout, old);
    return report(rollout, old, grown);
  }

  function oldPodsRun(old: readonly ReplicaSet[]): boolean {
    if (sumStatus(old, 'replicas') > 0) return true;
    return old.some((one) =>
      pods.byIndex(byController.name, one.metadata.uid ?? '').some((pod) => !isPodTerminal(pod)),
    );
  }

  async function resizeAll(
    rollout: Rollout,
    all: readonly ReplicaSet[],
    resizes: readonly { replicaSet: ReplicaSet; replicas: number }[],
  ): Promise<ReplicaSet[]> {
    const stored = new Map<ReplicaSet, ReplicaSet>();
    for (const resize of resizes) stored.set(resize.replicaSet, await rollout.resize(resize));
    return all.map((one) => stored.get(one) ?? one);
  }

  async function report(
    rollout: Rollout,
    old: readonly ReplicaSet[],
    current: ReplicaSet | undefined,
  ): Promise<ReconcileResult | void> {
    const { deployment } = rollout;
    const status = rolloutStatus(deployment, present(old, current), current, clock.now());
    await rollout.writeStatus(status);
    const requeueAfterMs = deadlineCheckInMs(deployment, status, clock.now());
    if (requeueAfterMs !== undefined) return { requeueAfterMs };
  }

  async function cleanUp({ deployment }: Rollout, old: readonly ReplicaSet[]): Promise<void> {
    for (const one of beyondHistory(deployment, old, byRevision)) {
      const { namespace = '', name: replicaSet = '', uid = '' } = one.metadata;
      try {
        await client.resource(ReplicaSet).namespace(namespace).delete(replicaSet, { preconditions: { uid } });
      } catch (err) {
        if (!isNotFound(err)) throw err;
      }
    }
  }

  return createController(
    {
      name,
      sources: [
        source(Deployment, (deployment) => [objectKey(deployment)]),
        source(ReplicaSet, replicaSetKeys),
        source(Pod, podKeys),
      ],
      reconcile,
    },
    deps,
  );
};

function present(old: readonly ReplicaSet[], current: ReplicaSet | undefined): ReplicaSet[] {
  return current ? [...old, current] : [...old];
}
