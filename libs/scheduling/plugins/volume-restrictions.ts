import type { Pod, Volume } from '@drydock/api/core/v1';
import {
  skip,
  unresolvable,
  unschedulable,
  type CycleState,
  type Plugin,
  type PodInfo,
} from '../framework/index.ts';
import type { Listers } from './listers.ts';
import { namedClaims } from './volume-claims.ts';

const diskConflict = unschedulable('node(s) had no available disk');
const singleUser = unschedulable(
  'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
);

const volumesOf = (pod: Pod): readonly Volume[] => pod.spec?.volumes ?? [];

/** Kinds of disk that only one Pod of a node can have, unless all read. */
function conflicts(a: Volume, b: Volume): boolean {
  const bothRead = (x: { readOnly?: boolean }, y: { readOnly?: boolean }) =>
    x.readOnly === true && y.readOnly === true;
  if (a.gcePersistentDisk !== undefined && b.gcePersistentDisk !== undefined) {
    const [x, y] = [a.gcePersistentDisk, b.gcePersistentDisk];
    if (x.pdName === y.pdName && !bothRead(x, y)) return true;
  }
  if (a.awsElasticBlockStore !== undefined && b.awsElasticBlockStore !== undefined)
    if (a.awsElasticBlockStore.volumeID === b.awsElasticBlockStore.volumeID) return true;
  if (a.iscsi !== undefined && b.iscsi !== undefined)
    if (a.iscsi.iqn === b.iscsi.iqn && !bothRead(a.iscsi, b.iscsi)) return true;
  if (a.rbd !== undefined && b.rbd !== undefined) {
    const [x, y] = [a.rbd, b.rbd];
    const shared = (x.monitors ?? []).some((monitor) => y.monitors?.includes(monitor));
    const same = (x.pool ?? 'rbd') === (y.pool ?? 'rbd') && x.image === y.image;
    if (shared && same && !bothRead(x, y)) return true;
  }
  return false;
}

const restricted = (volume: Volume) =>
  volume.gcePersistentDisk !== undefined ||
  volume.awsElasticBlockStore !== undefined ||
  volume.iscsi !== undefined ||
  volume.rbd !== undefined;

interface State {
  readonly disks: readonly Volume[];
  /** Claims that allow one Pod only, as `namespace/name`. */
  readonly single: ReadonlySet<string>;
  users: number;
}

/** Disks of one user, and ReadWriteOncePod claims. */
export function volumeRestrictions(listers: Pick<Listers, 'claim'>): Plugin {
  const name = 'VolumeRestrictions';
  const change = (state: CycleState, other: PodInfo, by: 1 | -1) => {
    const found = state.get(name) as State | undefined;
    if (found === undefined) return;
    for (const claim of other.claims) if (found.single.has(`${other.namespace}/${claim}`)) found.users += by;
  };
  return {
    name,
    preFilter(state, pod, snapshot) {
      const disks = (pod.pod.spec?.volumes ?? []).filter(restricted);
      const single = new Set<string>();
      for (const claimName of namedClaims(pod.pod)) {
        const claim = listers.claim(pod.namespace, claimName);
        if (claim === undefined)
          return { status: unresolvable(`persistentvolumeclaim ${JSON.stringify(claimName)} not found`) };
        if (claim.spec?.accessModes?.includes('ReadWriteOncePod') === true)
          single.add(`${pod.namespace}/${claimName}`);
      }
      if (disks.length === 0 && single.size === 0) return { status: skip };
      let users = 0;
      if (single.size > 0)
        for (const { claimUsers } of snapshot.nodes)
          for (const key of single) users += claimUsers.get(key) ?? 0;
      state.set(name, { disks, single, users } satisfies State);
      return undefined;
    },
    addPod: (state, _, added) => change(state, added, 1),
    removePod: (state, _, removed) => change(state, removed, -1),
    filter(state, _, node) {
      const found = state.get(name) as State | undefined;
      if (found === undefined) return undefined;
      for (const disk of found.disks)
        for (const { pod } of node.pods.values())
          if (volumesOf(pod).some((other) => conflicts(disk, other))) return diskConflict;
      return found.users > 0 ? singleUser : undefined;
    },
    events: [
      {
        resource: 'AssignedPod',
        actions: ['Delete'],
        hint({ pod, namespace }, { previous }) {
          const gone = previous as Pod;
          if (gone.metadata.namespace !== namespace) return false;
          const disks = volumesOf(gone);
          const theirs = new Set(namedClaims(gone));
          return (
            volumesOf(pod).some((disk) => disks.some((other) => conflicts(disk, other))) ||
            namedClaims(pod).some((claim) => theirs.has(claim))
          );
        },
      },
      { resource: 'Node', actions: ['Add'] },
      {
        resource: 'PersistentVolumeClaim',
        actions: ['Add'],
        hint: ({ pod, namespace }, { object }) =>
          object?.metadata.namespace === namespace && namedClaims(pod).includes(object.metadata.name ?? ''),
      },
    ],
  };
}
