import {
  isConflict,
  isNotFound,
  parseApiVersion,
  type KubeObject,
  type OwnerReference,
  type ResourceType,
} from '@drydock/base/apimachinery';
import { CustomResourceDefinition } from '@drydock/api/apiextensions/v1';
import {
  createController,
  createEventRecorder,
  retryOnConflict,
  type Controller,
  type ControllerDeps,
} from '@drydock/machinery/controller';
import {
  blockingDependents,
  createOwnerGraph,
  foregroundFinalizer,
  orphanFinalizer,
  waitsForDependents,
  type GraphNode,
} from './graph.ts';

const name = 'garbage-collector-controller';

export interface GarbageCollectorOptions {
  /**
   * The resources that can be listed, watched and deleted. Asked again whenever a CustomResourceDefinition changes; of a
   * resource in several versions the first is watched.
   */
  readonly resources: () => readonly ResourceType[];
}

/** `unknown`: nothing can be said of it, and so nothing of what becomes of its dependent. */
type OwnerState = 'solid' | 'dangling' | 'waiting' | 'unknown';

/** `garbage-collector-controller`: deletes what nobody owns any more. Keys are uids. */
export function createGarbageCollector(
  { resources }: GarbageCollectorOptions,
  deps: ControllerDeps,
): Controller {
  const { client, informers } = deps;
  const graph = createOwnerGraph();
  const recorder = createEventRecorder(client, name, deps);
  let types = resources();
  /** uids of objects with owners of kinds that are not served. */
  const ofUnknownKinds = new Set<string>();
  const typeOf = ({ apiVersion, kind }: OwnerReference): ResourceType | undefined => {
    const { group, version } = parseApiVersion(apiVersion);
    return types.find((type) => type.kind === kind && type.group === group && type.version === version);
  };
  const resourceOf = ({ type, namespace }: GraphNode) => {
    const resource = client.resource<KubeObject>(type);
    return namespace === '' ? resource : resource.namespace(namespace);
  };

  /** An owner that the graph does not show may be new: only the API knows that it is gone. */
  async function ownerState(node: GraphNode, owner: OwnerReference): Promise<OwnerState> {
    const known = graph.get(owner.uid);
    const foreign = known !== undefined && known.namespace !== '' && known.namespace !== node.namespace;
    if (known !== undefined && !foreign && names(owner, known))
      return waitsForDependents(known) ? 'waiting' : 'solid';
    if (foreign) {
      const { apiVersion, kind, name: ownerName, uid } = owner;
      const what = `ownerRef [${apiVersion}/${kind}, namespace: ${node.namespace}, name: ${ownerName}, uid: ${uid}] does not exist in namespace "${node.namespace}"`;
      recorder.event(node.object, 'Warning', 'OwnerRefInvalidNamespace', what);
    }
    const type = typeOf(owner);
    // The kind may be served some day: then the dependents are looked at again.
    if (type === undefined) {
      ofUnknownKinds.add(node.uid);
      return 'unknown';
    }
    // A namespaced owner of a cluster-scoped object can never be looked up.
    if (type.namespaced && node.namespace === '') return 'unknown';
    try {
      const resource = client.resource<KubeObject>(type);
      const live = await (type.namespaced ? resource.namespace(node.namespace) : resource).get(owner.name);
      if (live.metadata.uid !== owner.uid) return 'dangling';
      const { deletionTimestamp, finalizers = [] } = live.metadata;
      return waitsForDependents({ deleting: deletionTimestamp !== undefined, finalizers })
        ? 'waiting'
        : 'solid';
    } catch (error) {
      if (isNotFound(error)) return 'dangling';
      throw error;
    }
  }

  /** Edits the live object, if it is still the one we know. */
  async function edit(
    node: GraphNode,
    body: (live: KubeObject) => Record<string, unknown> | undefined,
  ): Promise<void> {
    const resource = resourceOf(node);
    try {
      await retryOnConflict(async () => {
        const live = await resource.get(node.name);
        if (live.metadata.uid !== node.uid) return;
        const metadata = body(live);
        if (metadata === undefined) return;
        const { uid, resourceVersion } = live.metadata;
        await resource.patch(node.name, {
          type: 'merge',
          body: { metadata: { uid, resourceVersion, ...metadata } },
        });
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  const removeFinalizer = (node: GraphNode, finalizer: string) =>
    edit(node, ({ metadata }) =>
      metadata.finalizers?.includes(finalizer) === true
        ? { finalizers: metadata.finalizers.filter((one) => one !== finalizer) }
        : undefined,
    );

  const removeOwners = (node: GraphNode, uids: ReadonlySet<string>) =>
    edit(node, ({ metadata }) =>
      metadata.ownerReferences?.some(({ uid }) => uids.has(uid)) === true
        ? { ownerReferences: metadata.ownerReferences.filter(({ uid }) => !uids.has(uid)) }
        : undefined,
    );

  /** Lets its owners go before it: they no longer wait for it. */
  const unblockOwners = (node: GraphNode) =>
    edit(node, ({ metadata }) =>
      metadata.ownerReferences?.some(({ blockOwnerDeletion }) => blockOwnerDeletion === true) === true
        ? {
            ownerReferences: metadata.ownerReferences.map((owner) => ({
              ...owner,
              blockOwnerDeletion: false,
            })),
          }
        : undefined,
    );

  async function orphan(node: GraphNode): Promise<void> {
    const uids = new Set([node.uid]);
    const dependents = graph.dependents(node.uid).flatMap((uid) => graph.get(uid) ?? []);
    await Promise.all(dependents.map((dependent) => removeOwners(dependent, uids)));
    await removeFinalizer(node, orphanFinalizer);
  }

  async function foreground(node: GraphNode): Promise<void> {
    const blocking = blockingDependents(graph, node.uid);
    if (blocking.length === 0) {
      await removeFinalizer(node, foregroundFinalizer);
      return;
    }
    for (const dependent of blocking) if (!dependent.deleting) controller.enqueue(dependent.uid);
  }

  /** The object as it is now, if it is still the one we know. */
  async function liveOf(node: GraphNode): Promise<KubeObject | undefined> {
    try {
      const live = await resourceOf(node).get(node.name);
      return live.metadata.uid === node.uid ? live : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** What the cache shows may be old: one that has just been orphaned or adopted must not go with its former owner. */
  async function collect(node: GraphNode): Promise<void> {
    const live = await liveOf(node);
    const { ownerReferences: owners = [], finalizers = [] } = live?.metadata ?? {};
    if (live === undefined || owners.length === 0) return;
    const states = await Promise.all(owners.map((owner) => ownerState(node, owner)));
    if (states.includes('unknown')) return;
    const lost = owners.filter((_, index) => states[index] !== 'solid');
    if (lost.length === 0) return;
    if (lost.length < owners.length) {
      await removeOwners(node, new Set(lost.map(({ uid }) => uid)));
      return;
    }
    const dependents = states.includes('waiting') ? graph.dependents(node.uid) : [];
    const inForeground = dependents.length > 0;
    // A dependent that waits too may close a circle of owners in which each would wait for the next.
    const mayBeCircle = dependents.some((uid) => {
      const dependent = graph.get(uid);
      return dependent !== undefined && waitsForDependents(dependent);
    });
    if (mayBeCircle) await unblockOwners(node);
    const propagationPolicy = inForeground
      ? ('Foreground' as const)
      : finalizers.includes(orphanFinalizer)
        ? ('Orphan' as const)
        : finalizers.includes(foregroundFinalizer)
          ? ('Foreground' as const)
          : ('Background' as const);
    await remove(node, live, propagationPolicy);
  }

  /** Deletes what has the owners that it had, whatever else of it has changed. */
  async function remove(
    node: GraphNode,
    { metadata }: KubeObject,
    propagationPolicy: 'Orphan' | 'Background' | 'Foreground',
  ): Promise<void> {
    const { uid } = node;
    const { resourceVersion = '', ownerReferences } = metadata;
    try {
      await resourceOf(node).delete(node.name, {
        propagationPolicy,
        preconditions: { uid, resourceVersion },
      });
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error)) throw error;
      const live = await liveOf(node);
      if (live === undefined) return;
      // It has other owners now (the circle that was broken aside): all is to be thought over.
      if (!sameOwners(live.metadata.ownerReferences, ownerReferences)) {
        controller.enqueue(uid);
        return;
      }
      await remove(node, live, propagationPolicy);
    }
  }

  const controller = createController(
    {
      name,
      workers: 20,
      // Its sources are all resources, which are not of one type; `run` below follows them.
      sources: [],
      async reconcile(uid) {
        const node = graph.get(uid);
        if (node === undefined) return;
        if (node.deleting) {
          if (node.finalizers.includes(orphanFinalizer)) await orphan(node);
          else if (node.finalizers.includes(foregroundFinalizer)) await foreground(node);
          return;
        }
        if (node.owners.length > 0) await collect(node);
      },
    },
    deps,
  );

  function seen(type: ResourceType, object: KubeObject): void {
    const { uid = '', ownerReferences, deletionTimestamp, finalizers } = object.metadata;
    const before = graph.get(uid)?.owners ?? [];
    graph.set(type, object);
    // Owners that waited for it and no longer need to.
    for (const owner of before) {
      if (owner.blockOwnerDeletion !== true) continue;
      const now = ownerReferences?.find((one) => one.uid === owner.uid);
      if (now?.blockOwnerDeletion !== true) controller.enqueue(owner.uid);
    }
    if (
      (ownerReferences ?? []).length > 0 ||
      (deletionTimestamp !== undefined && (finalizers ?? []).length > 0)
    )
      controller.enqueue(uid);
    // Its dependents may have been waiting to see it wait for them.
    if (deletionTimestamp !== undefined && finalizers?.includes(foregroundFinalizer) === true) {
      for (const dependent of graph.dependents(uid)) controller.enqueue(dependent);
    }
  }

  function gone(object: KubeObject): void {
    const { uid = '', ownerReferences = [] } = object.metadata;
    graph.delete(uid);
    ofUnknownKinds.delete(uid);
    for (const dependent of graph.dependents(uid)) controller.enqueue(dependent);
    for (const owner of ownerReferences) controller.enqueue(owner.uid);
  }

  return {
    ...controller,
    async run(signal) {
      const followed = new Map<string, Followed>();
      const follow = (type: ResourceType): Followed => ({
        type,
        stop: informers.informer<KubeObject>(type).addHandler({
          added: (object) => seen(type, object),
          updated: (object) => seen(type, object),
          deleted: gone,
        }),
      });
      /** Follows what is new and forgets what is no longer served. */
      const refresh = (): void => {
        types = resources();
        for (const uid of ofUnknownKinds) controller.enqueue(uid);
        ofUnknownKinds.clear();
        const wanted = watchedTypes(types);
        for (const [key, type] of wanted) if (!followed.has(key)) followed.set(key, follow(type));
        for (const [key, { type, stop }] of followed) {
          if (wanted.has(key)) continue;
          followed.delete(key);
          stop();
          informers.release(type);
          for (const { object } of graph.ofType(type)) gone(object);
        }
      };
      const first = [...watchedTypes(types).values()].map((type) => informers.informer<KubeObject>(type));
      try {
        await Promise.all(first.map((informer) => informer.waitForSync(signal)));
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      refresh();
      const definitions = types.some(({ resource }) => resource === CustomResourceDefinition.resource)
        ? informers
            .informer(CustomResourceDefinition)
            .addHandler({ added: refresh, updated: refresh, deleted: refresh })
        : () => undefined;
      try {
        await controller.run(signal);
      } finally {
        definitions();
        for (const { stop } of followed.values()) stop();
      }
    },
  };
}

/** Whether a reference tells kind and name of the object that has its uid; any version of its group will do. */
function names({ apiVersion, kind, name: ownerName }: OwnerReference, node: GraphNode): boolean {
  const { group } = parseApiVersion(apiVersion);
  return node.name === ownerName && node.type.kind === kind && node.type.group === group;
}

/** Whether the same objects own it; what they wait for does not matter. */
function sameOwners(a: readonly OwnerReference[] = [], b: readonly OwnerReference[] = []): boolean {
  return a.length === b.length && a.every(({ uid }, index) => b[index]?.uid === uid);
}

interface Followed {
  readonly type: ResourceType;
  readonly stop: () => void;
}

/** One type for each resource, by a name of it and its version. */
function watchedTypes(types: readonly ResourceType[]): Map<string, ResourceType> {
  const resources = new Set<string>();
  const chosen = new Map<string, ResourceType>();
  for (const type of types) {
    const resource = `${type.group}/${type.resource}`;
    if (resources.has(resource)) continue;
    resources.add(resource);
    chosen.set(`${resource}/${type.version}`, type);
  }
  return chosen;
}
