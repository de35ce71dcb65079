import type { ResourceDefinition } from '../registry/types.ts';
import { admissionregistrationDefinitions } from './admissionregistration/index.ts';
import { apiextensionsDefinitions } from './apiextensions/index.ts';
import { apiregistrationDefinitions } from './apiregistration/index.ts';
import { appsDefinitions } from './apps/index.ts';
import { authenticationDefinitions } from './authentication/index.ts';
import { authorizationDefinitions } from './authorization/index.ts';
import {
  autoscalingDefinitions,
  horizontalPodAutoscalerDefinition,
  horizontalPodAutoscalerToZeroDefinition,
} from './autoscaling/index.ts';
import { batchDefinitions } from './batch/index.ts';
import { certificatesDefinitions } from './certificates/index.ts';
import { coordinationDefinitions } from './coordination/index.ts';
import { coreDefinitions } from './core/index.ts';
import { discoveryDefinitions } from './discovery/index.ts';
import { eventsDefinitions } from './events/index.ts';
import { flowcontrolDefinitions } from './flowcontrol/index.ts';
import { networkingDefinitions } from './networking/index.ts';
import { nodeDefinitions } from './node/index.ts';
import { policyDefinitions } from './policy/index.ts';
import { rbacDefinitions } from './rbac/index.ts';
import { resourceDefinitions } from './resource/index.ts';
import { schedulingDefinitions } from './scheduling/index.ts';
import { storageDefinitions } from './storage/index.ts';

/** Every built-in resource. Discovery lists the groups in this order, which is Kubernetes'. */
export const allDefinitions: readonly ResourceDefinition[] = [
  ...coreDefinitions,
  ...apiregistrationDefinitions,
  ...appsDefinitions,
  ...eventsDefinitions,
  ...authenticationDefinitions,
  ...authorizationDefinitions,
  ...autoscalingDefinitions,
  ...batchDefinitions,
  ...certificatesDefinitions,
  ...networkingDefinitions,
  ...policyDefinitions,
  ...rbacDefinitions,
  ...storageDefinitions,
  ...admissionregistrationDefinitions,
  ...apiextensionsDefinitions,
  ...schedulingDefinitions,
  ...coordinationDefinitions,
  ...nodeDefinitions,
  ...discoveryDefinitions,
  ...flowcontrolDefinitions,
  ...resourceDefinitions,
];

/** Kubernetes' features that are off unless asked for, as far as there are any. */
export interface FeatureGates {
  /** An autoscaler may have no replicas at all. */
  readonly hpaScaleToZero: boolean;
}

/** Every built-in resource, as the features have it. */
export function definitionsWith({ hpaScaleToZero }: FeatureGates): readonly ResourceDefinition[] {
  if (!hpaScaleToZero) return allDefinitions;
  const plain: ResourceDefinition = horizontalPodAutoscalerDefinition as ResourceDefinition;
  return allDefinitions.map((one) =>
    one === plain ? (horizontalPodAutoscalerToZeroDefinition as ResourceDefinition) : one,
  );
}
