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
import { byClaim, byVolume, claimKeys, simulatedProvisioner } from '../shared-volumes/index.ts';
import {
  attachmentName,
  attachmentOf,
  isManaged,
  needsVolumes,
  uniqueVolumeName,
  type Attachment,
} from './decisions.ts';

const name = 'persistentvolume-attach-detach-controller';

/**
 * `persistentvolume-attach-detach-controller`: a VolumeAttachment for each CSI volume on each node whose Pods use it, and
 * the attached ones in the node's status. Plays the attacher of simulated volumes. Keys are nodes.
 */
export const createAttachDetachController: ControllerFactory = (deps) => {
  const { client, informers } = deps;
  const nodes = informers.informer(Node);
  const pods = informers.informer(Pod, {
    indexers: { [byNode.name]: byNode.values, [byClaim.name]: byClaim.values },
  });
  const claims = informers.informer(PersistentVolumeClaim, {
    indexers: { [byVolume.name]: byVolume.values },
  });
  const volumes = informers.informer(PersistentVolume);
  const drivers = informers.informer(CSIDriver);
  const attachments = informers.informer(VolumeAttachment, {
    indexers: { 'attachment-node': ({ spec }: VolumeAttachment) => [spec?.nodeName ?? ''] },
  });
  const recorder = createEventRecorder(client, 'attachdetach-controller', deps);
  const resource = client.resource(VolumeAttachment);

  /** What the Pods of a node need, each volume once, with one of the Pods. */
  function wantedOn(nodeName: string): Map<string, Attachment & { readonly pod: Pod }> {
    const wanted = new Map<string, Attachment & { readonly pod: Pod }>();
    for (const pod of pods.byIndex(byNode.name, nodeName)) {
      if (!needsVolumes(pod)) continue;
      for (const key of claimKeys(pod)) {
        const claim = claims.get(key);
        const volume = volumes.get(claim?.spec?.volumeName ?? '');
        if (volume === undefined || volume.spec?.claimRef?.uid !== claim?.metadata.uid) continue;
        const attachment = attachmentOf(volume, nodeName);
        if (attachment === undefined) continue;
        if (drivers.get(attachment.driver)?.spec.attachRequired === false) continue;
        wanted.set(attachmentName(attachment), { ...attachment, pod });
      }
    }
    return wanted;
  }

  async function attach(attachmentNamed: string, wanted: Attachment): Promise<void> {
    const present = attachments.get(attachmentNamed);
    if (present === undefined) {
      try {
        await resource.create({
          metadata: { name: attachmentNamed },
          spec: {
            attacher: wanted.driver,
            nodeName: wanted.node,
            source: { persistentVolumeName: wanted.volume },
          },
        });
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
      return;
    }
    // Other drivers have attachers of their own.
    if (present.status?.attached === true || wanted.driver !== simulatedProvisioner) return;
    await resource.updateStatus({ ...present, status: { ...present.status, attached: true } });
  }

  async function detach(attachment: VolumeAttachment): Promise<void> {
    const { name: attachmentNamed = '', uid = '', deletionTimestamp } = attachment.metadata;
    if (deletionTimestamp) return;
    try {
      await resource.delete(attachmentNamed, { preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Writes what is attached into the node's status, and tells the Pods of what is new. */
  async function report(
    node: Node,
    wanted: ReadonlyMap<string, Attachment & { readonly pod: Pod }>,
  ): Promise<void> {
    const attached = [...wanted].filter(([key]) => attachments.get(key)?.status?.attached === true);
    const before = node.status?.volumesAttached ?? [];
    const list = attached
      .map(([, attachment]) => ({ name: uniqueVolumeName(attachment), devicePath: '' }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
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
    for (const [, { pod, volume, ...rest }] of attached) {
      if (known.has(uniqueVolumeName({ volume, ...rest }))) continue;
      recorder.event(
        pod,
        'Normal',
        'SuccessfulAttachVolume',
        `AttachVolume.Attach succeeded for volume "${volume}" `,
      );
    }
  }

  const nodesOfClaim = (key: string): string[] => [
    ...new Set(pods.byIndex(byClaim.name, key).flatMap(({ spec }) => spec?.nodeName ?? [])),
  ];

  return createController(
    {
      name,
      reads: [CSIDriver],
      sources: [
        source(Pod, (pod, { previous, deleted }) => {
          const nodeName = pod.spec?.nodeName;
          if (!nodeName || claimKeys(pod).length === 0) return [];
          const before = previous !== undefined && needsVolumes(previous);
          return deleted || before !== needsVolumes(pod) ? [nodeName] : [];
        }),
        source(PersistentVolumeClaim, (claim, { previous, deleted }) => {
          const same = previous?.spec?.volumeName === claim.spec?.volumeName && previous !== undefined;
          const key = `${claim.metadata.namespace}/${claim.metadata.name}`;
          return deleted || same || !claim.spec?.volumeName ? [] : nodesOfClaim(key);
        }),
        source(PersistentVolume, (volume, { previous, deleted }) => {
          const same = previous?.spec?.claimRef?.uid === volume.spec?.claimRef?.uid && previous !== undefined;
          const { namespace = '', name: claimName = '' } = volume.spec?.claimRef ?? {};
          return deleted || same || claimName === '' ? [] : nodesOfClaim(`${namespace}/${claimName}`);
        }),
        source(VolumeAttachment, ({ spec }) => [spec?.nodeName ?? '']),
        source(Node, (node, { previous, deleted }) =>
          deleted || previous === undefined ? [node.metadata.name ?? ''] : [],
        ),
      ],
      async reconcile(nodeName) {
        const node = nodes.get(nodeName);
        const wanted = isManaged(node) ? wantedOn(nodeName) : new Map<string, never>();
        try {
          for (const attachment of attachments.byIndex('attachment-node', nodeName)) {
            const ours = attachment.metadata.name?.startsWith('csi-') === true;
            if (ours && !wanted.has(attachment.metadata.name ?? '')) await detach(attachment);
          }
          for (const [key, attachment] of wanted) await attach(key, attachment);
          if (node !== undefined) await report(node, wanted);
        } catch (error) {
          if (isConflict(error) || isNotFound(error)) return { requeue: true };
          throw error;
        }
        return undefined;
      },
    },
    deps,
  );
};
