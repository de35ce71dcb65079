import type { ResourceDefinition } from '../../registry/types.ts';
import { podDisruptionBudgetDefinition } from './pod-disruption-budget.ts';

/** All of policy/v1 but Eviction, which is a subresource of Pods. */
export const policyDefinitions: ResourceDefinition[] = [podDisruptionBudgetDefinition];
