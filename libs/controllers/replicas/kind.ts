import type { KubeObject, LabelMatcher, ResourceType } from '@drydock/base/apimachinery';
import type { ReplicaSetStatus } from '@drydock/api/apps/v1';
import type { PodTemplateSpec } from '@drydock/api/core/v1';

/** What an owner of replicas asks for, whatever its kind. */
export interface ReplicaSpec {
  readonly replicas: number;
  readonly minReadySeconds: number;
  readonly selector: LabelMatcher;
  readonly template: PodTemplateSpec | undefined;
}

/** How the shared loop looks at ReplicaSets or ReplicationControllers. */
export interface ReplicaKind<T extends KubeObject> {
  /** Kubernetes' name of the controller. */
  readonly name: string;
  /** Source component of its events. */
  readonly component: string;
  readonly type: ResourceType<T>;
  /** Whether the status counts terminating replicas. */
  readonly countsTerminating: boolean;
  read(object: T): ReplicaSpec;
  status(object: T): ReplicaSetStatus | undefined;
  withStatus(object: T, status: ReplicaSetStatus): T;
}
