import { isAlreadyExists, isConflict, isNotFound } from '@drydock/base/apimachinery';
import { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '@drydock/api/core/v1';
import { CSIDriver, VolumeAttachment } from '@drydock/api/storage/v1';
import {
  createController,
  createEventRecorder,
  source,
  type ControllerFactory,
} from '@drydock/machinery/controller';
import { byNode } from '@drydock/machinery/informer';
import { isNodeReady } from '../shared/index.ts';
import { byClaim, byVolume, claimKeys, simulatedProvisioner } from '../shared-volumes/index.ts';
import {
  attachmentOf,
  isManaged,
  isOutOfService,
  mayAttachTwice,
  needsVolumes,
  uniqueVolumeName,
} from './decisions.ts';
import { attachEvents } from './events.ts';
import { attachMetrics, type ForceReason } from './metrics.ts';
import { volumesOf, wantedOn, type Wanted } from './wanted.ts';

const name = 'persistentvolume-attach-detach-controller';
/** How long a node that is not ready may keep a volume that it says is in use. */
const longestUseMs = 360_000;

const byAttachedNode = {
  name: 'attachment-node',
  values: ({ spec }: VolumeAttachment) => [spec?.nodeName ?? ''],
};
const byAttachedVolume = {
  name: 'attachment-volume',
  values: ({ spec }: VolumeAttachment) => [spec?.source?.persistentVolumeName ?? ''],
};

/**
 * `persistentvolume-attach-detach-controller`: a VolumeAttachment for each CSI volume on each node whose Pods use it, and
 * the attached ones in the node's status. A volume that may be in one place only waits for the other place to be done
 * with it. Plays the attacher of simulated volumes. Keys are nodes.
 */
export const createAttachDetachController: ControllerFactory = (deps) => {
  const { client, clock, informers } = deps;
  const nodes = informers.informer(Node);
  const pods = informers.informer(Pod, {
    indexers: { [byNode.name]: byNode.values, [byClaim.name]: byClaim.values },
  });
  const claims = informers.informer(PersistentVolumeClaim, {
    indexers: { [byVolume.name]: byVolume.values },
  });
  const volumes = informers.informer(PersistentVolume);
  const drivers = informers.informer(CSIDriver);
  const caches = { pods, claims, volumes, drivers };
  const attachments = informers.informer(VolumeAttachment, {
    indexers: {
      [byAttachedNode.name]: byAttachedNode.values,
      [byAttachedVolume.name]: byAttachedVolume.values,
    },
  });
  const events = attachEvents(createEventRecorder(client, 'attachdetach-controller', deps));
  const resource = client.resource(VolumeAttachment);
  /** Nodes whose volumes are ours to see to, those that are gone and have some still included. */
  const managed = new Set<string>();
  /** What each node said last is in use there; kept of a node that is gone. */
  const inUse = new Map<string, readonly string[]>();
  /** Since when nobody needs an attachment. */
  const unneeded = new Map<string, number>();
  /** Volumes that are being attached by an attachment that the cache does not show yet, with its name. */
  const attaching = new Map<string, string>();
  /** Attachments that Pods were told they have to wait for, with their nodes. */
  const refused = new Map<string, string>();
  /** Attachments whose failure Pods were told, with its time. */
  const failures = new Map<string, string>();

  const isOurs = ({ metadata }: VolumeAttachment) => metadata.name?.startsWith('csi-') === true;
  const uniqueNameOf = ({ spec }: VolumeAttachment): string | undefined => {
    const volume = volumes.get(spec?.source?.persistentVolumeName ?? '');
    const attachment = volume === undefined ? undefined : attachmentOf(volume, spec?.nodeName ?? '');
    return attachment === undefined ? undefined : uniqueVolumeName(attachment);
  };

  const metrics = attachMetrics(deps.metrics, {
    *inUse() {
      for (const pod of pods.list()) {
        const nodeName = pod.spec?.nodeName;
        if (nodeName) for (const { driver } of volumesOf(caches, pod)) yield [nodeName, driver];
      }
    },
    *wanted() {
      for (const nodeName of managed)
        for (const { driver } of wantedOn(caches, nodeName, nodes.get(nodeName)).values()) yield driver;
    },
    *attached() {
      for (const one of attachments.list())
        if (isOurs(one) && one.status?.attached === true) yield one.spec?.attacher ?? '';
    },
  });

  /** Whether a volume has to wait until another node is done with it; its Pods are told once. */
  function mustWait(key: string, wanted: Wanted): boolean {
    const { persistentVolume, volume, node, pods: waiting } = wanted;
    if (mayAttachTwice(persistentVolume)) return false;
    const elsewhere = attachments
      .byIndex(byAttachedVolume.name, volume)
      .filter(({ metadata, spec }) => metadata.name !== key && spec?.nodeName !== node);
    const begun = attaching.get(volume);
    if (elsewhere.length === 0) return begun !== undefined && begun !== key;
    const holders = elsewhere.filter(({ status }) => status?.attached === true);
    if (holders.length === 0 || refused.has(key)) return true;
    refused.set(key, node);
    const users = holders.flatMap(({ spec, metadata }) => {
      const there = spec?.nodeName ?? '';
      return wantedOn(caches, there, nodes.get(there)).get(metadata.name ?? '')?.pods ?? [];
    });
    events.attachedElsewhere(waiting, volume, users);
    return true;
  }

  async function attach(key: string, wanted: Wanted): Promise<void> {
    const present = attachments.get(key);
    if (present === undefined) {
      if (mustWait(key, wanted)) return;
      refused.delete(key);
      attaching.set(wanted.volume, key);
      try {
        await resource.create({
          metadata: { name: key },
          spec: {
            attacher: wanted.driver,
            nodeName: wanted.node,
            source: { persistentVolumeName: wanted.volume },
          },
        });
      } catch (error) {
        attaching.delete(wanted.volume);
        if (!isAlreadyExists(error)) throw error;
      }
      return;
    }
    if (present.status?.attached === true || present.metadata.deletionTimestamp) return;
    const { time = '', message = '' } = present.status?.attachError ?? {};
    if (present.status?.attachError !== undefined && failures.get(key) !== time) {
      failures.set(key, time);
      events.failed(wanted.pods, wanted.volume, message);
    }
    // Other drivers have attachers of their own.
    if (wanted.driver !== simulatedProvisioner) return;
    await resource.updateStatus({ ...present, status: { ...present.status, attached: true } });
  }

  /** What is to be detached from a node now, and how long until there may be more. */
  function unneededOn(nodeName: string, node: Node | undefined, wanted: ReadonlyMap<string, Wanted>) {
    const now: VolumeAttachment[] = [];
    let waitMs = Infinity;
    for (const attachment of attachments.byIndex(byAttachedNode.name, nodeName)) {
      const key = attachment.metadata.name ?? '';
      if (!isOurs(attachment) || attachment.metadata.deletionTimestamp) continue;
      if (wanted.has(key)) {
        unneeded.delete(key);
        continue;
      }
      const sinceMs = unneeded.get(key) ?? clock.now();
      unneeded.set(key, sinceMs);
      const mounted = inUse.get(nodeName)?.includes(uniqueNameOf(attachment) ?? '') === true;
      const leftMs = sinceMs + longestUseMs - clock.now();
      if (!mounted || forceReason(attachment, node) !== undefined) now.push(attachment);
      else if (leftMs > 0) waitMs = Math.min(waitMs, leftMs);
    }
    return { now, waitMs };
  }

  /** Why a volume that nobody needs is taken away even where it is in use. */
  function forceReason({ metadata }: VolumeAttachment, node: Node | undefined): ForceReason | undefined {
    const sinceMs = unneeded.get(metadata.name ?? '') ?? clock.now();
    if (clock.now() - sinceMs >= longestUseMs && !isNodeReady(node)) return 'timeout';
    return isOutOfService(node) ? 'out-of-service' : undefined;
  }

  /** Asks the node itself: what the cache shows may be old, and what is in use is not to be taken away. */
  async function isSafe(attachment: VolumeAttachment, node: Node | undefined): Promise<boolean> {
    if (forceReason(attachment, node) !== undefined) return true;
    const unique = uniqueNameOf(attachment);
    try {
      const live = await client.resource(Node).get(attachment.spec?.nodeName ?? '');
      return unique === undefined || live.status?.volumesInUse?.includes(unique) !== true;
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  }

  async function detach(attachment: VolumeAttachment, node: Node | undefined): Promise<void> {
    const { name: key = '', uid } = attachment.metadata;
    const reason = forceReason(attachment, node);
    try {
      await resource.delete(key, uid === undefined ? {} : { preconditions: { uid } });
      if (reason !== undefined) metrics.forced(reason);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Writes what is attached, but for what goes, into the node's status, and tells the Pods of what is new. */
  async function report(
    node: Node,
    wanted: ReadonlyMap<string, Wanted>,
    going: readonly VolumeAttachment[],
  ): Promise<void> {
    const attached = attachments
      .byIndex(byAttachedNode.name, node.metadata.name ?? '')
      .filter((one) => isOurs(one) && one.status?.attached === true && !going.includes(one))
      .filter(({ metadata }) => !metadata.deletionTimestamp);
    const before = node.status?.volumesAttached ?? [];
    const list = attached
      .flatMap((one) => uniqueNameOf(one) ?? [])
      .sort()
      .map((unique) => ({ name: unique, devicePath: '' }));
    const known = new Set(before.map((one) => one.name));
    if (list.length === before.length && list.every((one) => known.has(one.name))) return;
    const { name: nodeName = '', resourceVersion } = node.metadata;
    await client.resource(Node).patch(
      nodeName,
      {
        type: 'merge',
        body: {
          metadata: { resourceVersion },
          status: { volumesAttached: list.length === 0 ? null : list },
        },
      },
      { subresource: 'status' },
    );
    for (const { metadata } of attached) {
      const one = wanted.get(metadata.name ?? '');
      if (one !== undefined && !known.has(uniqueVolumeName(one))) events.attached(one.pods, one.volume);
    }
  }

  async function reconcile(nodeName: string) {
    const node = nodes.get(nodeName);
    if (isManaged(node)) managed.add(nodeName);
    const wanted = managed.has(nodeName) ? wantedOn(caches, nodeName, node) : new Map<string, Wanted>();
    if (!isManaged(node) && wanted.size === 0) managed.delete(nodeName);
    for (const [key, on] of refused) if (on === nodeName && !wanted.has(key)) refused.delete(key);
    if (node === undefined && attachments.byIndex(byAttachedNode.name, nodeName).length === 0)
      inUse.delete(nodeName);
    const { now, waitMs } = unneededOn(nodeName, node, wanted);
    try {
      const going: VolumeAttachment[] = [];
      for (const attachment of now) if (await isSafe(attachment, node)) going.push(attachment);
      // First the node learns that it may not begin to use them; where it cannot be told, they stay.
      if (node !== undefined && isManaged(node)) await report(node, wanted, going);
      for (const attachment of going) await detach(attachment, node);
      if (isManaged(node)) for (const [key, one] of wanted) await attach(key, one);
      if (going.length < now.length) return { requeue: true };
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return { requeue: true };
      throw error;
    }
    return waitMs === Infinity ? undefined : { requeueAfterMs: waitMs };
  }

  const nodesOfClaim = (key: string): string[] => [
    ...new Set(pods.byIndex(byClaim.name, key).flatMap(({ spec }) => spec?.nodeName ?? [])),
  ];
  const nodesOfVolume = (volumeName: string): string[] => {
    const { namespace = '', name: claimName = '' } = volumes.get(volumeName)?.spec?.claimRef ?? {};
    return claimName === '' ? [] : nodesOfClaim(`${namespace}/${claimName}`);
  };
  const nodeFacts = (node: Node | undefined) =>
    JSON.stringify([
      node?.status?.volumesInUse,
      node?.metadata.annotations,
      node?.spec?.taints,
      isNodeReady(node),
    ]);

  return createController(
    {
      name,
      reads: [CSIDriver],
      sources: [
        source(Pod, (pod, { previous, deleted }) => {
          const nodeName = pod.spec?.nodeName;
          if (!nodeName || claimKeys(pod).length === 0) return [];
          const node = nodes.get(nodeName);
          const before = previous !== undefined && needsVolumes(previous, node);
          return deleted || before !== needsVolumes(pod, node) ? [nodeName] : [];
        }),
        source(PersistentVolumeClaim, (claim, { previous, deleted }) => {
          const facts = (one?: PersistentVolumeClaim) => `${one?.spec?.volumeName} ${one?.status?.phase}`;
          const same = previous !== undefined && facts(previous) === facts(claim);
          const key = `${claim.metadata.namespace}/${claim.metadata.name}`;
          return deleted || same || !claim.spec?.volumeName ? [] : nodesOfClaim(key);
        }),
        source(PersistentVolume, (volume, { previous, deleted }) => {
          const same = previous?.spec?.claimRef?.uid === volume.spec?.claimRef?.uid && previous !== undefined;
          return deleted || same ? [] : nodesOfVolume(volume.metadata.name ?? '');
        }),
        source(VolumeAttachment, ({ metadata, spec }, { deleted }) => {
          const { name: key = '' } = metadata;
          const volumeName = spec?.source?.persistentVolumeName ?? '';
          if (attaching.get(volumeName) === key) attaching.delete(volumeName);
          const own = spec?.nodeName ?? '';
          if (deleted) for (const kept of [unneeded, failures]) kept.delete(key);
          return [...new Set([own, ...nodesOfVolume(volumeName)])];
        }),
        source(Node, (node, { previous, deleted }) => {
          const nodeName = node.metadata.name ?? '';
          inUse.set(nodeName, node.status?.volumesInUse ?? []);
          return deleted || previous === undefined || nodeFacts(previous) !== nodeFacts(node)
            ? [nodeName]
            : [];
        }),
      ],
      onStart() {
        for (const kept of [managed, inUse, unneeded, attaching, refused, failures]) kept.clear();
      },
      reconcile,
    },
    deps,
  );
};
