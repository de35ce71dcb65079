import type { ResourceDefinition } from '../../registry/types.ts';
import { priorityClassDefinition } from './priority-class.ts';

/** All of scheduling.k8s.io/v1. */
export const schedulingDefinitions: ResourceDefinition[] = [priorityClassDefinition];
