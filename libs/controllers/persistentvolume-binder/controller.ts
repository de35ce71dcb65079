import {
  isAlreadyExists,
  isConflict,
  isNotFound,
  objectKey,
  semanticEqual,
} from '@drydock/base/apimachinery';
import {
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  type PersistentVolumeClaimStatus,
  type PersistentVolumeStatus,
} from '@drydock/api/core/v1';
import { StorageClass } from '@drydock/api/storage/v1';
import {
  createController,
  createEventRecorder,
  source,
  type Controller,
  type ControllerDeps,
  type ReconcileResult,
} from '@drydock/machinery/controller';
import {
  bindCompleted,
  boundByController,
  byClaim,
  byVolume,
  claimKeys,
  classOf,
  provisionedBy,
  selectedNode,
  simulatedProvisioner,
} from '../shared-volumes/index.ts';
import { bestMatch, isMeantFor, mismatch, sameVolumeMode } from './match.ts';
import {
  betaStorageProvisioner,
  claimReference,
  reclaim,
  simulatedProvisioners,
  simulatedVolume,
  storageProvisioner,
} from './provision.ts';

const name = 'persistentvolume-binder-controller';
/** Marks keys of volumes; the others are claims. */
const volumeMark = 'volume:';

/** The index value of volumes that are meant for no claim. */
const forAnyone = '';
/** Index name and function: volumes by the claim that they are meant for. */
const byClaimRef = {
  name: 'claim-reference',
  values: ({ spec }: PersistentVolume): readonly string[] => [
    spec?.claimRef === undefined ? forAnyone : `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}`,
  ],
};

export interface PersistentVolumeBinderOptions {
  /** Whether a cluster without any StorageClass gets the simulated one as its default. Default false. */
  readonly simulatedDefaultClass?: boolean;
}

/** `persistentvolume-binder-controller`: brings claims and volumes together, and plays the provisioner of simulated ones. */
export function createPersistentVolumeBinder(
  options: PersistentVolumeBinderOptions,
  deps: ControllerDeps,
): Controller {
  const { client, informers } = deps;
  const claims = informers.informer(PersistentVolumeClaim, {
    indexers: { [byVolume.name]: byVolume.values },
  });
  const volumes = informers.informer(PersistentVolume, {
    indexers: { [byClaimRef.name]: byClaimRef.values },
  });
  const classes = informers.informer(StorageClass);
  const pods = informers.informer(Pod, { indexers: { [byClaim.name]: byClaim.values } });
  const recorder = createEventRecorder(client, 'persistentvolume-controller', deps);
  const volumeClient = client.resource(PersistentVolume);
  const claimClient = (claim: PersistentVolumeClaim) =>
    client.resource(PersistentVolumeClaim).namespace(claim.metadata.namespace ?? '');

  async function setClaimStatus(
    claim: PersistentVolumeClaim,
    status: PersistentVolumeClaimStatus,
  ): Promise<PersistentVolumeClaim> {
    if (semanticEqual(claim.status, status)) return claim;
    return claimClient(claim).updateStatus({ ...claim, status });
  }

  const pending = (claim: PersistentVolumeClaim) =>
    setClaimStatus(claim, { ...claim.status, phase: 'Pending' });

  async function lose(claim: PersistentVolumeClaim, reason: string, message: string): Promise<void> {
    if (claim.status?.phase === 'Lost') return;
    const { capacity: _capacity, accessModes: _modes, ...rest } = claim.status ?? {};
    await setClaimStatus(claim, { ...rest, phase: 'Lost' });
    recorder.event(claim, 'Warning', reason, message);
  }

  async function setVolumePhase(
    volume: PersistentVolume,
    phase: string,
    message?: string,
    reason?: string,
  ): Promise<PersistentVolume> {
    const { message: _message, reason: _reason, ...rest } = volume.status ?? {};
    const status: PersistentVolumeStatus = {
      ...rest,
      phase,
      ...(message === undefined ? {} : { message }),
      ...(reason === undefined ? {} : { reason }),
    };
    if (semanticEqual(volume.status, status)) return volume;
    return volumeClient.updateStatus({ ...volume, status });
  }

  /** The four steps of a binding, each left out where it is done: after any of them the next run goes on. */
  async function bind(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void> {
    let volumeNow = volume;
    if (volume.spec?.claimRef?.uid !== claim.metadata.uid || !isMeantFor(volume, claim)) {
      const mine = volume.spec?.claimRef === undefined;
      volumeNow = await volumeClient.update({
        ...volume,
        metadata: {
          ...volume.metadata,
          annotations: { ...volume.metadata.annotations, ...(mine ? { [boundByController]: 'yes' } : {}) },
        },
        spec: { ...volume.spec, claimRef: claimReference(claim) },
      });
    }
    volumeNow = await setVolumePhase(volumeNow, 'Bound');
    let claimNow = claim;
    const annotations: Record<string, string> = { ...claim.metadata.annotations, [bindCompleted]: 'yes' };
    if (!claim.spec?.volumeName) annotations[boundByController] = 'yes';
    if (claim.spec?.volumeName !== volume.metadata.name || !claim.metadata.annotations?.[bindCompleted]) {
      claimNow = await claimClient(claim).update({
        ...claim,
        metadata: { ...claim.metadata, annotations },
        spec: { ...claim.spec, volumeName: volume.metadata.name ?? '' },
      });
    }
    const status: PersistentVolumeClaimStatus = {
      ...claimNow.status,
      phase: 'Bound',
      accessModes: volumeNow.spec?.accessModes ?? [],
    };
    // A bound claim's size is what its file system has: that is the expander's and the kubelet's to say.
    if (claimNow.status?.phase !== 'Bound' || status.capacity === undefined)
      status.capacity = volumeNow.spec?.capacity ?? {};
    await setClaimStatus(claimNow, status);
  }

  /** Whether the claim waits until a Pod that uses it has a node. */
  function isDelayed(claim: PersistentVolumeClaim): boolean {
    if (classes.get(classOf(claim))?.volumeBindingMode !== 'WaitForFirstConsumer') return false;
    if (claim.metadata.annotations?.[selectedNode]) return false;
    return !pods.byIndex(byClaim.name, objectKey(claim)).some(({ spec }) => spec?.nodeName);
  }

  function tellWaiting(claim: PersistentVolumeClaim): void {
    const waiting = pods
      .byIndex(byClaim.name, objectKey(claim))
      .filter(({ spec }) => !spec?.nodeName)
      .map(({ metadata }) => metadata.name);
    if (waiting.length === 0)
      return recorder.event(
        claim,
        'Normal',
        'WaitForFirstConsumer',
        'waiting for first consumer to be created before binding',
      );
    const who = waiting.length === 1 ? `pod ${waiting[0]}` : `pods ${waiting.join(',')}`;
    return recorder.event(claim, 'Normal', 'WaitForPodScheduled', `waiting for ${who} to be scheduled`);
  }

  async function provision(claim: PersistentVolumeClaim): Promise<void> {
    const className = classOf(claim);
    const storageClass = classes.get(className);
    if (storageClass === undefined) {
      const message = `storageclass.storage.k8s.io "${className}" not found`;
      recorder.event(claim, 'Warning', 'ProvisioningFailed', message);
      await pending(claim);
      return;
    }
    const { provisioner } = storageClass;
    if (provisioner === 'kubernetes.io/no-provisioner') {
      const message = `no volume plugin matched name: ${provisioner}`;
      recorder.event(claim, 'Warning', 'ProvisioningFailed', message);
      await pending(claim);
      return;
    }
    let current = await pending(claim);
    const { annotations = {} } = current.metadata;
    if (
      annotations[storageProvisioner] !== provisioner ||
      annotations[betaStorageProvisioner] !== provisioner
    ) {
      const both = { [storageProvisioner]: provisioner, [betaStorageProvisioner]: provisioner };
      current = await claimClient(claim).update({
        ...current,
        metadata: { ...current.metadata, annotations: { ...annotations, ...both } },
      });
    }
    recorder.event(
      claim,
      'Normal',
      'ExternalProvisioning',
      `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
    );
    if (!simulatedProvisioners.includes(provisioner)) return;
    const volume = simulatedVolume(current, storageClass);
    try {
      await volumeClient.create(volume);
      recorder.event(
        claim,
        'Normal',
        'ProvisioningSucceeded',
        `Successfully provisioned volume ${volume.metadata.name}`,
      );
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  async function syncUnbound(claim: PersistentVolumeClaim): Promise<void> {
    const { volumeName } = claim.spec ?? {};
    if (!volumeName) {
      const delayed = isDelayed(claim);
      const offered = [
        ...volumes.byIndex(byClaimRef.name, objectKey(claim)),
        ...volumes.byIndex(byClaimRef.name, forAnyone),
      ];
      const volume = bestMatch(claim, offered, delayed);
      if (volume !== undefined) return bind(volume, claim);
      if (delayed) tellWaiting(claim);
      else if (classOf(claim) !== '') return provision(claim);
      else
        recorder.event(
          claim,
          'Normal',
          'FailedBinding',
          'no persistent volumes available for this claim and no storage class is set',
        );
      await pending(claim);
      return;
    }
    const volume = volumes.get(volumeName);
    if (volume === undefined) return void (await pending(claim));
    if (volume.spec?.claimRef === undefined) {
      const problem = mismatch(volume, claim);
      if (problem === undefined) return bind(volume, claim);
      const message = `Cannot bind to requested volume "${volumeName}": ${problem}`;
      recorder.event(claim, 'Warning', 'VolumeMismatch', message);
      return void (await pending(claim));
    }
    if (isMeantFor(volume, claim)) return bind(volume, claim);
    if (claim.metadata.annotations?.[boundByController]) {
      const { namespace, name: other } = volume.spec.claimRef;
      throw new Error(
        `invalid binding of claim "${objectKey(claim)}" to volume "${volumeName}": volume already claimed by "${namespace}/${other}"`,
      );
    }
    const message = `volume "${volumeName}" already bound to a different claim.`;
    recorder.event(claim, 'Warning', 'FailedBinding', message);
    await pending(claim);
  }

  async function syncBound(claim: PersistentVolumeClaim): Promise<void> {
    const { volumeName } = claim.spec ?? {};
    if (!volumeName)
      return lose(
        claim,
        'ClaimLost',
        'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!',
      );
    const volume = volumes.get(volumeName);
    if (volume === undefined) {
      // The cache of volumes may be behind that of claims.
      const live = await volumeClient.get(volumeName).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      });
      if (live === undefined)
        return lose(
          claim,
          'ClaimLost',
          'Bound claim has lost its PersistentVolume. Data on the volume is lost!',
        );
      return bindIfFree(live, claim);
    }
    return bindIfFree(volume, claim);
  }

  async function bindIfFree(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void> {
    const reference = volume.spec?.claimRef;
    if (reference === undefined || reference.uid === claim.metadata.uid) return bind(volume, claim);
    return lose(
      claim,
      'ClaimMisbound',
      'Two claims are bound to the same volume, this one is bound incorrectly',
    );
  }

  async function release(volume: PersistentVolume): Promise<void> {
    const phase = volume.status?.phase;
    const released =
      phase === 'Released' || phase === 'Failed' ? volume : await setVolumePhase(volume, 'Released');
    const fate = reclaim(released);
    if (fate.kind === 'delete') {
      if (released.metadata.deletionTimestamp) return;
      const { uid } = released.metadata;
      await volumeClient.delete(
        released.metadata.name ?? '',
        uid === undefined ? {} : { preconditions: { uid } },
      );
    } else if (fate.kind === 'fail' && released.status?.phase !== 'Failed') {
      await setVolumePhase(released, 'Failed', fate.message);
      recorder.event(volume, 'Warning', fate.reason, fate.message);
    }
  }

  /** Takes back what the binder did to a volume whose claim chose another. */
  async function unbind(volume: PersistentVolume): Promise<void> {
    const { [boundByController]: ours, ...annotations } = volume.metadata.annotations ?? {};
    const { claimRef, ...spec } = volume.spec ?? {};
    const { uid: _uid, resourceVersion: _version, ...reference } = claimRef ?? {};
    const freed = await volumeClient.update({
      ...volume,
      metadata: { ...volume.metadata, annotations },
      spec: ours === undefined ? { ...spec, claimRef: reference } : spec,
    });
    await setVolumePhase(freed, 'Available');
  }

  async function syncVolume(volume: PersistentVolume): Promise<void> {
    const reference = volume.spec?.claimRef;
    if (!reference?.uid) return void (await setVolumePhase(volume, 'Available'));
    const key = `${reference.namespace ?? ''}/${reference.name ?? ''}`;
    let claim = claims.get(key);
    if (claim?.metadata.uid !== reference.uid) {
      // A claim that we do not know yet must not lose its volume.
      const resource = client.resource(PersistentVolumeClaim).namespace(reference.namespace ?? '');
      const live = await resource.get(reference.name ?? '').catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      });
      claim = live?.metadata.uid === reference.uid ? live : undefined;
    }
    if (claim === undefined) return release(volume);
    if (!claim.spec?.volumeName) {
      if (sameVolumeMode(volume, claim)) return controller.enqueue(key);
      const why = 'due to incompatible volumeMode.';
      const [ofVolume, ofClaim] = [volume.metadata.name, claim.metadata.name];
      recorder.event(
        volume,
        'Warning',
        'VolumeMismatch',
        `Cannot bind PersistentVolume to requested PersistentVolumeClaim "${ofClaim}" ${why}`,
      );
      recorder.event(
        claim,
        'Warning',
        'VolumeMismatch',
        `Cannot bind PersistentVolume "${ofVolume}" to requested PersistentVolumeClaim ${why}`,
      );
      return;
    }
    if (claim.spec.volumeName === volume.metadata.name) return void (await setVolumePhase(volume, 'Bound'));
    const made = volume.metadata.annotations?.[provisionedBy] !== undefined;
    if (made && volume.spec?.persistentVolumeReclaimPolicy === 'Delete') return release(volume);
    return unbind(volume);
  }

  /** Claims without a class get the default one, also when it was made after them (KEP-3333). */
  async function withDefaultClass(claim: PersistentVolumeClaim): Promise<PersistentVolumeClaim> {
    if (claim.spec?.storageClassName !== undefined || classOf(claim) !== '' || claim.spec?.volumeName)
      return claim;
    const [chosen] = classes
      .list()
      .filter(
        ({ metadata }) => metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true',
      )
      .sort((a, b) => {
        const [older, newer] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
        if (older !== newer) return older < newer ? 1 : -1;
        return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1;
      });
    if (chosen === undefined) return claim;
    return claimClient(claim).update({
      ...claim,
      spec: { ...claim.spec, storageClassName: chosen.metadata.name ?? '' },
    });
  }

  async function reconcile(key: string): Promise<ReconcileResult | void> {
    try {
      if (key.startsWith(volumeMark)) {
        const volume = volumes.get(key.slice(volumeMark.length));
        return volume === undefined ? undefined : await syncVolume(volume);
      }
      const claim = claims.get(key);
      if (claim === undefined) return;
      if (claim.metadata.annotations?.[bindCompleted]) return await syncBound(claim);
      if (claim.metadata.deletionTimestamp) return;
      await syncUnbound(await withDefaultClass(claim));
    } catch (error) {
      // Somebody was faster: what is now comes as an event; should it have come already, look again.
      if (isConflict(error)) return { requeue: true };
      if (!isNotFound(error)) throw error;
    }
    return undefined;
  }

  const unboundClaims = () =>
    claims
      .list()
      .filter(({ metadata }) => !metadata.annotations?.[bindCompleted])
      .map(objectKey);

  const controller = createController(
    {
      name,
      // One at a time, so that two claims never choose one volume at once.
      workers: 1,
      sources: [
        source(PersistentVolumeClaim, (claim, { deleted }) => {
          const { volumeName } = claim.spec ?? {};
          if (deleted) return volumeName ? [`${volumeMark}${volumeName}`] : [];
          return [objectKey(claim)];
        }),
        source(PersistentVolume, (volume, { deleted }) => {
          const { name: volumeName = '' } = volume.metadata;
          const reference = volume.spec?.claimRef;
          const keys = deleted ? [] : [`${volumeMark}${volumeName}`];
          for (const claim of claims.byIndex(byVolume.name, volumeName)) keys.push(objectKey(claim));
          if (reference !== undefined) keys.push(`${reference.namespace ?? ''}/${reference.name ?? ''}`);
          else if (!deleted) keys.push(...unboundClaims());
          return keys;
        }),
        source(StorageClass, (_, { deleted }) => (deleted ? [] : unboundClaims())),
        source(Pod, (pod, { previous }) =>
          previous?.spec?.nodeName === pod.spec?.nodeName && previous !== undefined
            ? []
            : claimKeys(pod).filter((key) => {
                const claim = claims.get(key);
                return claim !== undefined && !claim.metadata.annotations?.[bindCompleted];
              }),
        ),
      ],
      async onStart() {
        if (options.simulatedDefaultClass !== true || classes.list().length > 0) return;
        const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
        try {
          await client.resource(StorageClass).create({
            metadata: { name: 'standard', annotations },
            provisioner: simulatedProvisioner,
            reclaimPolicy: 'Delete',
            volumeBindingMode: 'Immediate',
            allowVolumeExpansion: true,
          });
        } catch (error) {
          if (!isAlreadyExists(error)) throw error;
        }
      },
      reconcile,
    },
    deps,
  );
  return controller;
}
