import type { KubeObject } from '@drydock/base/apimachinery';
import type { PodInfo } from './types.ts';

/** What changed, as far as a waiting Pod may care. */
export type EventResource =
  | 'Node'
  | 'AssignedPod'
  | 'UnscheduledPod'
  | 'PersistentVolume'
  | 'PersistentVolumeClaim'
  | 'StorageClass'
  | 'CSINode'
  | 'CSIDriver'
  | 'CSIStorageCapacity'
  | 'VolumeAttachment'
  | 'ResourceClaim'
  | 'ResourceSlice'
  | 'DeviceClass'
  | 'Namespace'
  | 'Service';

export type EventAction =
  | 'Add'
  | 'Delete'
  | 'Update'
  | 'UpdateNodeLabel'
  | 'UpdateNodeTaint'
  | 'UpdateNodeAllocatable'
  | 'UpdateNodeCondition'
  | 'UpdateNodeAnnotation'
  | 'UpdatePodLabel'
  | 'UpdatePodScaleDown'
  | 'UpdatePodTolerations'
  | 'UpdatePodSchedulingGatesEliminated'
  | 'UpdatePodGeneratedResourceClaim';

export interface ClusterEvent {
  readonly resource: EventResource;
  readonly actions: readonly EventAction[];
  /** Absent on Add. */
  readonly previous?: KubeObject;
  /** Absent on Delete. */
  readonly object?: KubeObject;
}

/** A kind of event that may make a Pod schedulable, and whether this one does (KEP-4247). */
export interface ClusterEventInterest {
  /** `Pod` stands for Pods with and without a node. */
  readonly resource: EventResource | 'Pod';
  readonly actions: readonly EventAction[];
  /** True when the Pod is worth another try. Absent: always. */
  readonly hint?: (pod: PodInfo, event: ClusterEvent) => boolean;
}

const isOf = (wanted: EventResource | 'Pod', resource: EventResource) =>
  wanted === 'Pod' ? resource === 'AssignedPod' || resource === 'UnscheduledPod' : wanted === resource;

/** Whether an event is about the Pod that waits itself. */
export const isOwnUpdate = (pod: PodInfo, { object }: ClusterEvent): boolean =>
  object?.metadata.uid === pod.pod.metadata.uid;

/** Whether an event is worth another try to a Pod that `interests` belong to. */
export function isInteresting(
  interests: readonly ClusterEventInterest[] | undefined,
  pod: PodInfo,
  event: ClusterEvent,
): boolean {
  if (interests === undefined) return true;
  return interests.some(
    ({ resource, actions, hint }) =>
      isOf(resource, event.resource) &&
      actions.some((action) => event.actions.includes(action)) &&
      (hint === undefined || hint(pod, event)),
  );
}
