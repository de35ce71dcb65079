import type { KubeObject, OwnerReference, ResourceType } from '@drydock/base/apimachinery';

/** What the collector knows of one object. */
export interface GraphNode {
  readonly uid: string;
  readonly type: ResourceType;
  readonly namespace: string;
  readonly name: string;
  readonly owners: readonly OwnerReference[];
  readonly deleting: boolean;
  readonly finalizers: readonly string[];
  /** For events about it. */
  readonly object: KubeObject;
}

/** Objects by uid, and who depends on whom. */
export interface OwnerGraph {
  get(uid: string): GraphNode | undefined;
  set(type: ResourceType, object: KubeObject): void;
  delete(uid: string): void;
  /** All that were set with this very type. */
  ofType(type: ResourceType): readonly GraphNode[];
  /** Uids of the objects that name `uid` as an owner. */
  dependents(uid: string): readonly string[];
}

export function createOwnerGraph(): OwnerGraph {
  const nodes = new Map<string, GraphNode>();
  const byOwner = new Map<string, Set<string>>();

  function unlink(node: GraphNode): void {
    for (const { uid } of node.owners) {
      const set = byOwner.get(uid);
      set?.delete(node.uid);
      if (set?.size === 0) byOwner.delete(uid);
    }
  }

  return {
    get: (uid) => nodes.get(uid),
    set(type, object) {
      const {
        uid = '',
        namespace = '',
        name = '',
        ownerReferences = [],
        deletionTimestamp,
        finalizers = [],
      } = object.metadata;
      const before = nodes.get(uid);
      if (before !== undefined) unlink(before);
      nodes.set(uid, {
        uid,
        type,
        namespace,
        name,
        owners: ownerReferences,
        deleting: deletionTimestamp !== undefined,
        finalizers,
        object,
      });
      for (const owner of ownerReferences) {
        const set = byOwner.get(owner.uid);
        if (set === undefined) byOwner.set(owner.uid, new Set([uid]));
        else set.add(uid);
      }
    },
    delete(uid) {
      const node = nodes.get(uid);
      if (node === undefined) return;
      unlink(node);
      nodes.delete(uid);
    },
    ofType: (type) => [...nodes.values()].filter((node) => node.type === type),
    dependents: (uid) => [...(byOwner.get(uid) ?? [])],
  };
}

export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

/** Waits for its dependents to go before it goes itself. */
export function waitsForDependents(node: { deleting: boolean; finalizers: readonly string[] }): boolean {
  return node.deleting && node.finalizers.includes(foregroundFinalizer);
}

/** The dependents that hold back a foreground deletion. */
export function blockingDependents(graph: OwnerGraph, uid: string): GraphNode[] {
  return graph
    .dependents(uid)
    .map((dependent) => graph.get(dependent))
    .filter((node) => node !== undefined)
    .filter((node) => node.owners.some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true));
}
