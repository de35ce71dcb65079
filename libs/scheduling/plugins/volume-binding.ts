import type {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  TopologySelectorTerm,
} from '@drydock/api/core/v1';
import type { CSIDriver, CSIStorageCapacity, StorageClass } from '@drydock/api/storage/v1';
import {
  compareQuantities,
  parseQuantity,
  selectorFromLabelSelector,
  semanticEqual,
  type Quantity,
} from '@drydock/base/apimachinery';
import {
  failure,
  nodeSelectorMatches,
  skip,
  unresolvable,
  type ClusterEvent,
  type NodeInfo,
  type Plugin,
  type PodInfo,
} from '../framework/index.ts';
import type { Listers, VolumeActions } from './listers.ts';
import { claimsOf, classNameOf, isBound, waitsForConsumer } from './volume-claims.ts';

/** VolumeBindingArgs of kubescheduler.config.k8s.io/v1. */
export interface VolumeBindingArgs {
  /** Default 600. */
  readonly bindTimeoutSeconds?: number;
}

const reasons = {
  bind: "node(s) didn't find available persistent volumes to bind",
  node: "node(s) didn't match PersistentVolume's node affinity",
  space: 'node(s) did not have enough free storage',
  noVolume: 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)',
};
/** The order in which they are told. */
const inOrder = [reasons.node, reasons.bind, reasons.space, reasons.noVolume];
const unboundImmediate = unresolvable('pod has unbound immediate PersistentVolumeClaims');

/** What is to be done for a Pod's claims on one node. */
interface Plan {
  readonly bind: readonly { claim: PersistentVolumeClaim; volume: PersistentVolume }[];
  readonly provision: readonly PersistentVolumeClaim[];
}

interface State {
  readonly bound: readonly PersistentVolumeClaim[];
  readonly delayed: readonly PersistentVolumeClaim[];
  readonly plans: Map<string, Plan>;
}

const key = ({ metadata }: PersistentVolumeClaim) => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;

function reaches(volume: PersistentVolume, node: Node): boolean {
  const required = volume.spec?.nodeAffinity?.required;
  return required === undefined || nodeSelectorMatches(required, node);
}

function topologyAllows(terms: readonly TopologySelectorTerm[] | undefined, node: Node): boolean {
  if (terms === undefined || terms.length === 0) return true;
  return terms.some((term) =>
    (term.matchLabelExpressions ?? []).every(
      ({ key: label, values }) => values?.includes(node.metadata.labels?.[label] ?? '') === true,
    ),
  );
}

const storage = (list: Readonly<Record<string, string>> | undefined) =>
  parseQuantity(String(list?.['storage'] ?? '0'));

/** Whether a volume could serve a claim, wherever it is. */
function serves(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { spec } = volume;
  const reserved = spec?.claimRef;
  const mine =
    reserved !== undefined &&
    reserved.name === claim.metadata.name &&
    reserved.namespace === claim.metadata.namespace &&
    (!reserved.uid || reserved.uid === claim.metadata.uid);
  if (reserved !== undefined && !mine) return false;
  if (volume.metadata.deletionTimestamp !== undefined) return false;
  if (!mine && volume.status?.phase !== undefined && volume.status.phase !== 'Available') return false;
  if ((spec?.volumeMode ?? 'Filesystem') !== (claim.spec?.volumeMode ?? 'Filesystem')) return false;
  if (classNameOf(volume) !== classNameOf(claim)) return false;
  if ((claim.spec?.volumeAttributesClassName ?? '') !== (spec?.volumeAttributesClassName ?? '')) return false;
  const { selector } = claim.spec ?? {};
  if (!mine && selector !== undefined && !selectorFromLabelSelector(selector).matches(volume.metadata.labels))
    return false;
  if (!(claim.spec?.accessModes ?? []).every((mode) => spec?.accessModes?.includes(mode))) return false;
  return compareQuantities(storage(spec?.capacity), storage(claim.spec?.resources?.requests)) >= 0;
}

/**
 * Claims are bound where the Pod goes (KEP-490): waiting claims get an existing volume that the node reaches, or are
 * marked for the provisioner. The volume controller does the binding; `preBind` waits for it.
 */
export function volumeBinding(args: VolumeBindingArgs, listers: Listers, actions: VolumeActions): Plugin {
  const name = 'VolumeBinding';
  const timeoutMs = (args.bindTimeoutSeconds ?? 600) * 1000;
  /** Volumes promised to claims by Pods on their way: volume → claim. */
  const promised = new Map<string, string>();

  /** The smallest volume that does. */
  function match(claim: PersistentVolumeClaim, node: Node, taken: ReadonlySet<string>) {
    let best: PersistentVolume | undefined;
    for (const volume of listers.volumesOfClass(classNameOf(claim))) {
      const volumeName = volume.metadata.name ?? '';
      const owner = promised.get(volumeName);
      if (taken.has(volumeName) || (owner !== undefined && owner !== key(claim))) continue;
      if (!serves(volume, claim) || !reaches(volume, node)) continue;
      if (volume.spec?.claimRef !== undefined) return volume;
      if (
        best === undefined ||
        compareQuantities(storage(volume.spec?.capacity), storage(best.spec?.capacity)) < 0
      )
        best = volume;
    }
    return best;
  }

  function hasSpace(claim: PersistentVolumeClaim, storageClass: StorageClass, node: Node): boolean {
    if (listers.csiDriver(storageClass.provisioner)?.spec?.storageCapacity !== true) return true;
    const wanted = storage(claim.spec?.resources?.requests);
    return listers.storageCapacities(storageClass.metadata.name ?? '').some((capacity) => {
      const limit = largestVolume(capacity);
      if (limit === undefined || compareQuantities(limit, wanted) < 0) return false;
      return (
        capacity.nodeTopology !== undefined &&
        selectorFromLabelSelector(capacity.nodeTopology).matches(node.metadata.labels)
      );
    });
  }

  function plan({ bound, delayed }: State, { node }: NodeInfo): Plan | string[] {
    const found: string[] = [];
    // The first bound claim with a problem, and the first waiting one with a problem, are told.
    for (const claim of bound) {
      const volume = listers.volume(claim.spec?.volumeName ?? '');
      if (volume !== undefined && reaches(volume, node)) continue;
      found.push(volume === undefined ? reasons.noVolume : reasons.node);
      break;
    }
    const taken = new Set<string>();
    const bind: { claim: PersistentVolumeClaim; volume: PersistentVolume }[] = [];
    const provision: PersistentVolumeClaim[] = [];
    const bySize = [...delayed].sort((a, b) =>
      compareQuantities(storage(a.spec?.resources?.requests), storage(b.spec?.resources?.requests)),
    );
    for (const claim of bySize) {
      const selected = claim.metadata.annotations?.['volume.kubernetes.io/selected-node'];
      if (selected !== undefined && selected !== node.metadata.name) {
        found.push(reasons.bind);
        break;
      }
      const volume = selected === undefined ? match(claim, node, taken) : undefined;
      if (volume !== undefined) {
        taken.add(volume.metadata.name ?? '');
        bind.push({ claim, volume });
        continue;
      }
      const storageClass = listers.storageClass(classNameOf(claim));
      const provisioner = storageClass?.provisioner ?? '';
      if (
        storageClass === undefined ||
        provisioner === '' ||
        provisioner === 'kubernetes.io/no-provisioner' ||
        !topologyAllows(storageClass.allowedTopologies, node)
      ) {
        found.push(reasons.bind);
        break;
      }
      if (!hasSpace(claim, storageClass, node)) {
        found.push(reasons.space);
        break;
      }
      provision.push(claim);
    }
    return found.length > 0 ? inOrder.filter((reason) => found.includes(reason)) : { bind, provision };
  }

  const hasWork = (found: Plan | undefined) =>
    found !== undefined && found.bind.length + found.provision.length > 0;
  const planOf = (state: Map<string, unknown>, node: NodeInfo) =>
    (state.get(name) as State | undefined)?.plans.get(node.name);

  return {
    name,
    preFilter(state, { pod, claims: names }) {
      if (names.length === 0) return { status: skip };
      const { claims, problem } = claimsOf(pod, listers);
      if (problem !== undefined) return { status: unresolvable(problem) };
      const bound = claims.filter(isBound);
      const rest = claims.filter((claim) => !isBound(claim));
      // A claim with a volume's name is about to be bound, wherever the Pod goes.
      const delayed = rest.filter(
        (claim) =>
          (claim.spec?.volumeName ?? '') === '' && waitsForConsumer(listers.storageClass(classNameOf(claim))),
      );
      if (delayed.length < rest.length) return { status: unboundImmediate };
      state.set(name, { bound, delayed, plans: new Map() } satisfies State);
      return undefined;
    },
    filter(state, _, node) {
      const found = state.get(name) as State | undefined;
      if (found === undefined) return undefined;
      const made = plan(found, node);
      if (Array.isArray(made)) return unresolvable(...made);
      found.plans.set(node.name, made);
      return undefined;
    },
    reserve(state, _, node) {
      for (const { claim, volume } of planOf(state, node)?.bind ?? [])
        promised.set(volume.metadata.name ?? '', key(claim));
      return undefined;
    },
    unreserve(state, _, node) {
      for (const { volume } of planOf(state, node)?.bind ?? []) promised.delete(volume.metadata.name ?? '');
    },
    preBindWaits: (state, _, node) => hasWork(planOf(state, node)),
    async preBind(state, { namespace }, node) {
      const found = planOf(state, node);
      if (found === undefined || !hasWork(found)) return undefined;
      try {
        await Promise.all([
          ...found.bind.map(({ claim, volume }) => actions.bindVolume(volume, claim)),
          ...found.provision.map((claim) => actions.selectNode(claim, node.name)),
        ]);
        const claims = [...found.bind.map(({ claim }) => claim), ...found.provision];
        await actions.untilBound(
          namespace,
          claims.map(({ metadata }) => metadata.name ?? ''),
          timeoutMs,
        );
        return undefined;
      } catch (error) {
        return failure(`binding volumes: ${error instanceof Error ? error.message : String(error)}`);
      }
    },
    postBind(state, _, nodeName) {
      const found = (state.get(name) as State | undefined)?.plans.get(nodeName);
      for (const { volume } of found?.bind ?? []) promised.delete(volume.metadata.name ?? '');
    },
    events: [
      {
        resource: 'StorageClass',
        actions: ['Add', 'Update'],
        hint: (_, { object, previous }) =>
          previous === undefined ||
          !semanticEqual(
            (object as StorageClass).allowedTopologies,
            (previous as StorageClass).allowedTopologies,
          ),
      },
      { resource: 'PersistentVolumeClaim', actions: ['Add', 'Update'], hint: isOwnClaim },
      { resource: 'PersistentVolume', actions: ['Add', 'Update'] },
      { resource: 'Node', actions: ['Add', 'UpdateNodeLabel'] },
      {
        resource: 'CSINode',
        actions: ['Add', 'Update'],
        hint: (_, { object, previous }) =>
          previous === undefined || migratedPlugins(object) !== migratedPlugins(previous),
      },
      {
        resource: 'CSIDriver',
        actions: ['Update'],
        hint: ({ pod }, { object, previous }) =>
          countsSpace(previous as CSIDriver) &&
          !countsSpace(object as CSIDriver) &&
          (pod.spec?.volumes ?? []).some(({ csi }) => csi?.driver === object?.metadata.name),
      },
      {
        resource: 'CSIStorageCapacity',
        actions: ['Add', 'Update'],
        hint(_, { object, previous }) {
          if (previous === undefined) return true;
          const [now, before] = [object, previous].map((one) => largestVolume(one as CSIStorageCapacity));
          return now !== undefined && (before === undefined || compareQuantities(now, before) > 0);
        },
      },
    ],
  };
}

const migratedPlugins = (object: ClusterEvent['object']) =>
  object?.metadata.annotations?.['storage.alpha.kubernetes.io/migrated-plugins'];
const countsSpace = ({ spec }: CSIDriver) => spec?.storageCapacity === true;
function largestVolume({ maximumVolumeSize, capacity }: CSIStorageCapacity): Quantity | undefined {
  const limit = maximumVolumeSize ?? capacity;
  return limit === undefined ? undefined : parseQuantity(limit);
}

function isOwnClaim(
  pod: PodInfo,
  { object }: { readonly object?: { metadata: { namespace?: string; name?: string } } },
) {
  return (
    object !== undefined &&
    object.metadata.namespace === pod.namespace &&
    pod.claims.includes(object.metadata.name ?? '')
  );
}
