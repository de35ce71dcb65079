import {
  cloneJson,
  isAlreadyExists,
  isControlledBy,
  isNotFound,
  podTemplateHash,
  semanticEqual,
} from '@drydock/base/apimachinery';
import {
  Deployment,
  ReplicaSet,
  type DeploymentCondition,
  type DeploymentStatus,
} from '@drydock/api/apps/v1';
import type { Client } from '@drydock/machinery/client';
import { controllerReference } from '@drydock/machinery/controller';
import type { Clock } from '@drydock/base/clock';
import { isNamespaceTerminating } from '../shared/index.ts';
import {
  lacks,
  maxRevision,
  newReplicaSetAnnotations,
  revisionAnnotation,
  revisionOf,
  sizeAnnotations,
} from './annotations.ts';
import { conditionOf, hasProgressDeadline, newCondition, reasons, setCondition } from './conditions.ts';
import { newReplicaSetSize, type Resize } from './decisions.ts';
import type { DeploymentEvents } from './events.ts';
import {
  findNewReplicaSet,
  podTemplateHashLabel,
  replicasOf,
  resized,
  sameTemplate,
} from './replica-sets.ts';

export interface RolloutDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly events: DeploymentEvents;
}

/** One pass over one Deployment: what it owns, and the writes that can be made to it. */
export interface Rollout {
  /** A private copy, kept at the newest version that this pass wrote. */
  readonly deployment: Deployment;
  readonly owned: readonly ReplicaSet[];
  /** The ReplicaSet of the present template and the others; brings revision and annotations up to date. */
  sync(createIfMissing: boolean): Promise<{ current: ReplicaSet | undefined; old: ReplicaSet[] }>;
  /** Writes a size, tells of it, and resolves with the ReplicaSet as stored. */
  resize(resize: Resize, annotateOnly?: boolean): Promise<ReplicaSet>;
  writeStatus(status: DeploymentStatus): Promise<void>;
}

export function createRollout(deps: RolloutDeps, cached: Deployment, owned: readonly ReplicaSet[]): Rollout {
  const { client, clock, events } = deps;
  const deployment = cloneJson(cached);
  const { name = '', namespace = '' } = deployment.metadata;
  const deployments = client.resource(Deployment).namespace(namespace);
  const replicaSets = client.resource(ReplicaSet).namespace(namespace);

  async function writeStatus(status: DeploymentStatus): Promise<void> {
    const { revisionChanged } = pending;
    if (!revisionChanged && semanticEqual(deployment.status, status)) return;
    const stored = await deployments.updateStatus({ ...deployment, status });
    deployment.status = cloneJson(stored.status ?? {});
    deployment.metadata.resourceVersion = stored.metadata.resourceVersion ?? '';
    pending.revisionChanged = false;
  }

  /** The revision annotation travels with the next status write, as in Kubernetes. */
  const pending = { revisionChanged: false };
  const setRevision = (revision: string) => {
    const annotations = (deployment.metadata.annotations ??= {});
    if (annotations[revisionAnnotation] === revision) return;
    annotations[revisionAnnotation] = revision;
    pending.revisionChanged = true;
  };
  const withCondition = (condition: DeploymentCondition): DeploymentStatus => {
    const status = { ...deployment.status };
    setCondition(status, condition);
    return status;
  };
  const progressing = (state: 'True' | 'False', reason: string, message: string) =>
    newCondition('Progressing', state, reason, message, clock.now());

  /** Brings what exists up to date. */
  async function adopt(existing: ReplicaSet, newRevision: bigint): Promise<ReplicaSet> {
    const annotations = existing.metadata.annotations ?? {};
    const wanted = newReplicaSetAnnotations(deployment, annotations, newRevision, true);
    const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
    if (wanted !== annotations || (existing.spec.minReadySeconds ?? 0) !== minReadySeconds) {
      const copy = cloneJson(existing);
      copy.metadata.annotations = wanted;
      copy.spec.minReadySeconds = minReadySeconds;
      return replicaSets.update(copy);
    }
    setRevision(String(revisionOf(existing)));
    let status = deployment.status ?? {};
    if (hasProgressDeadline(deployment) && !conditionOf(status, 'Progressing')) {
      const message = `Found new replica set "${existing.metadata.name}"`;
      status = withCondition(progressing('True', reasons.foundNewReplicaSet, message));
    }
    await writeStatus(status);
    return existing;
  }

  async function create(old: readonly ReplicaSet[], newRevision: bigint): Promise<ReplicaSet> {
    const template = cloneJson(deployment.spec.template);
    const hash = podTemplateHash(template, deployment.status?.collisionCount);
    const labels = { ...template.metadata?.labels, [podTemplateHashLabel]: hash };
    template.metadata = { ...template.metadata, labels };
    const selector = cloneJson(deployment.spec.selector);
    selector.matchLabels = { ...selector.matchLabels, [podTemplateHashLabel]: hash };
    const replicas = newReplicaSetSize(deployment, old, 0);
    const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
    const wanted: ReplicaSet = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${name}-${hash}`,
        namespace,
        labels,
        annotations: newReplicaSetAnnotations(deployment, {}, newRevision, false),
        ownerReferences: [controllerReference(deployment, Deployment)],
      },
      spec: { replicas, ...(minReadySeconds === 0 ? {} : { minReadySeconds }), selector, template },
    };
    const { made, fresh } = await createOrFind(wanted);
    if (fresh && replicas > 0) events.scaled(deployment, wanted.metadata.name ?? '', 0, replicas);
    setRevision(String(newRevision));
    let status = deployment.status ?? {};
    if (fresh && hasProgressDeadline(deployment)) {
      const message = `Created new replica set "${made.metadata.name}"`;
      status = withCondition(progressing('True', reasons.newReplicaSet, message));
    }
    await writeStatus(status);
    return made;
  }

  /** A name that is taken is ours when it is the same ReplicaSet (the cache was behind); otherwise the hash collided. */
  async function createOrFind(wanted: ReplicaSet): Promise<{ made: ReplicaSet; fresh: boolean }> {
    try {
      return { made: await replicaSets.create(wanted), fresh: true };
    } catch (err) {
      if (isNamespaceTerminating(err)) throw err;
      if (!isAlreadyExists(err)) {
        const text = err instanceof Error ? err.message : String(err);
        const message = `Failed to create new replica set "${wanted.metadata.name}": ${text}`;
        events.createFailed(deployment, message);
        if (hasProgressDeadline(deployment)) {
          await writeStatus(withCondition(progressing('False', reasons.replicaSetCreateError, message)));
        }
        throw err;
      }
      const found = await replicaSets.get(wanted.metadata.name ?? '').catch((gone: unknown) => {
        if (isNotFound(gone)) throw err;
        throw gone;
      });
      if (isControlledBy(found, deployment) && sameTemplate(deployment.spec.template, found.spec.template)) {
        return { made: found, fresh: false };
      }
      await writeStatus({
        ...deployment.status,
        collisionCount: (deployment.status?.collisionCount ?? 0) + 1,
      });
      throw err;
    }
  }

  return {
    deployment,
    owned,
    async sync(createIfMissing) {
      const existing = findNewReplicaSet(deployment, owned);
      const old = owned.filter((one) => one !== existing);
      const newRevision = maxRevision(old) + 1n;
      if (existing) return { current: await adopt(existing, newRevision), old };
      return { current: createIfMissing ? await create(old, newRevision) : undefined, old };
    },
    async resize({ replicaSet, replicas }, annotate = false) {
      const before = replicasOf(replicaSet);
      const annotations = sizeAnnotations(deployment);
      if (before === replicas && !(annotate && lacks(replicaSet.metadata.annotations, annotations)))
        return replicaSet;
      const stored = await replicaSets.update(resized(replicaSet, replicas, annotations));
      if (before !== replicas) events.scaled(deployment, replicaSet.metadata.name ?? '', before, replicas);
      return stored;
    },
    writeStatus,
  };
}
