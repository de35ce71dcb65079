import type {
  Namespace,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodExtendedResourceClaimStatus,
} from '@drydock/api/core/v1';
import type { PodDisruptionBudget } from '@drydock/api/policy/v1';
import type { AllocationResult, DeviceClass, ResourceClaim, ResourceSlice } from '@drydock/api/resource/v1';
import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
} from '@drydock/api/storage/v1';
import type { LabelMatcher } from '@drydock/base/apimachinery';

/** What plugins know of the cluster beside nodes and Pods. Answers come from local copies, at once. */
export interface Listers {
  namespaceLabels(name: string): Namespace['metadata']['labels'];
  /** What selects the likes of a Pod: its services and its owner. */
  defaultSelector(pod: Pod): LabelMatcher | undefined;
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  volumesOfClass(className: string): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
  csiNode(name: string): CSINode | undefined;
  csiDriver(name: string): CSIDriver | undefined;
  storageCapacities(className: string): readonly CSIStorageCapacity[];
  /** Of the volumes that are attached to a node, or about to be. */
  attachments(nodeName: string): readonly VolumeAttachment[];
  budgets(namespace: string): readonly PodDisruptionBudget[];
  resourceClaim(namespace: string, name: string): ResourceClaim | undefined;
  resourceClaims(): readonly ResourceClaim[];
  deviceClass(name: string): DeviceClass | undefined;
  /** The class that has the devices which an extended resource stands for. */
  classOfResource(resource: string): DeviceClass | undefined;
  resourceSlices(): readonly ResourceSlice[];
}

/** What binding volumes does to the cluster. */
export interface VolumeActions {
  /** Promises a volume to a claim. */
  bindVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void>;
  /** Asks for a volume to be made where `nodeName` reaches it. */
  selectNode(claim: PersistentVolumeClaim, nodeName: string): Promise<void>;
  /** Resolves when all claims are bound; throws after `timeoutMs`. */
  untilBound(namespace: string, claims: readonly string[], timeoutMs: number): Promise<void>;
}

/** What giving devices to Pods does to the cluster. */
export interface DeviceActions {
  /**
   * Writes that a Pod uses a claim, with the devices that were found for it unless it has them already. Answers the claim
   * as it is then. Rejects with the words of kube-scheduler.
   */
  bindClaim(claim: ResourceClaim, allocation: AllocationResult | undefined, pod: Pod): Promise<ResourceClaim>;
  /** The Pod uses the claim no more. What goes wrong is logged: the next attempt comes across it. */
  unreserve(claim: ResourceClaim, pod: Pod): void;
  /** Takes the devices of a claim away from it. What goes wrong is logged. */
  deallocate(claim: ResourceClaim): void;
  /** Makes the claim that stands for the extended resources of a Pod. */
  createClaim(claim: ResourceClaim): Promise<ResourceClaim>;
  /** Removes such a claim, with its devices. What goes wrong is logged. */
  deleteClaim(claim: ResourceClaim): void;
  /** Writes into a Pod's status which claim stands for its extended resources. */
  tellExtended(pod: Pod, status: PodExtendedResourceClaimStatus): Promise<void>;
  /** Tells that a Pod waits for its devices to be made ready. */
  tellWaiting(pod: Pod, nodeName: string): void;
  /** Resolves when `ready` answers true, which is asked whenever a claim changes; rejects when it throws, or in the end. */
  untilReady(ready: () => boolean, timeoutMs: number): Promise<void>;
}
