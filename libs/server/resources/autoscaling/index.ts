import type { ResourceDefinition } from '../../registry/types.ts';
import { horizontalPodAutoscalerDefinition } from './horizontal-pod-autoscaler.ts';
import { horizontalPodAutoscalerV1Definition } from './v1.ts';

export {
  horizontalPodAutoscalerDefinition,
  horizontalPodAutoscalerToZeroDefinition,
} from './horizontal-pod-autoscaler.ts';

/** All of autoscaling, the preferred version first. */
export const autoscalingDefinitions: ResourceDefinition[] = [
  horizontalPodAutoscalerDefinition,
  horizontalPodAutoscalerV1Definition,
];
