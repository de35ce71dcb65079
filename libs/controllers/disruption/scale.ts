import { Deployment, ReplicaSet, StatefulSet } from '@drydock/api/apps/v1';
import { ReplicationController, type Pod } from '@drydock/api/core/v1';
import {
  controllerOf,
  isMethodNotSupported,
  isNotFound,
  parseApiVersion,
  type KubeObject,
  type OwnerReference,
  type ResourceType,
} from '@drydock/base/apimachinery';
import type { ControllerDeps } from '@drydock/machinery/controller';

/** Whose numbers are looked up in informers. */
export const scaledTypes = [Deployment, ReplicaSet, StatefulSet, ReplicationController];

interface Scaled extends KubeObject {
  spec?: { replicas?: number };
}

export interface Scale {
  /** How many Pods the controllers of these Pods want, each counted once. */
  readonly replicas: number;
  /** Pods that nobody controls. */
  readonly unmanaged: readonly string[];
}

/** Finds what the controllers of Pods want: the built-in ones in the cache, any other through its `scale` subresource. */
export function createScaleFinder(
  { client, informers }: ControllerDeps,
  definitions: () => readonly ResourceType[],
): (pods: readonly Pod[]) => Promise<Scale> {
  const deployments = informers.informer(Deployment);
  const replicaSets = informers.informer(ReplicaSet);
  const known = new Map<string, { get(key: string): Scaled | undefined }>([
    ['apps/ReplicaSet', replicaSets],
    // Where it came from; what is as old as that says so still.
    ['extensions/ReplicaSet', replicaSets],
    ['apps/StatefulSet', informers.informer(StatefulSet)],
    ['/ReplicationController', informers.informer(ReplicationController)],
  ]);

  function ownScale(
    namespace: string,
    reference: OwnerReference,
  ): { uid: string; replicas: number } | undefined {
    const { group } = parseApiVersion(reference.apiVersion);
    const owner = known.get(`${group}/${reference.kind}`)?.get(`${namespace}/${reference.name}`);
    if (owner?.metadata.uid !== reference.uid || owner === undefined) return undefined;
    const above = controllerOf(owner);
    if (above?.kind === 'Deployment' && /^(apps|extensions)\//.test(above.apiVersion)) {
      const deployment = deployments.get(`${namespace}/${above.name}`);
      if (deployment !== undefined && deployment.metadata.uid === above.uid)
        return { uid: above.uid, replicas: deployment.spec?.replicas ?? 1 };
    }
    return { uid: reference.uid, replicas: owner.spec?.replicas ?? 1 };
  }

  async function foreignScale(
    namespace: string,
    reference: OwnerReference,
  ): Promise<{ uid: string; replicas: number } | undefined> {
    const { group, version } = parseApiVersion(reference.apiVersion);
    const served = definitions().filter((type) => type.group === group && type.kind === reference.kind);
    const type = served.find((one) => one.version === version) ?? served[0];
    if (type === undefined) return undefined;
    const resource = client.resource<Scaled>(type).namespace(namespace);
    try {
      const scale = (await resource.getSubresource(reference.name, 'scale')) as Scaled;
      if (scale.metadata.uid !== reference.uid) return undefined;
      return { uid: reference.uid, replicas: scale.spec?.replicas ?? 0 };
    } catch (error) {
      if (!isNotFound(error) && !isMethodNotSupported(error)) throw error;
    }
    try {
      await resource.get(reference.name);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
    const full = type.group === '' ? type.resource : `${type.resource}.${type.group}`;
    throw new Error(`${full} does not implement the scale subresource`);
  }

  return async (pods) => {
    const scales = new Map<string, number>();
    const asked = new Set<string>();
    const unmanaged: string[] = [];
    for (const pod of pods) {
      const reference = controllerOf(pod);
      const { name = '', namespace = '' } = pod.metadata;
      if (reference === undefined) {
        unmanaged.push(name);
        continue;
      }
      if (asked.has(reference.uid)) continue;
      asked.add(reference.uid);
      const scale = ownScale(namespace, reference) ?? (await foreignScale(namespace, reference));
      if (scale === undefined) throw new Error(`found no controllers for pod "${name}"`);
      scales.set(scale.uid, scale.replicas);
    }
    return { replicas: [...scales.values()].reduce((sum, one) => sum + one, 0), unmanaged };
  };
}
