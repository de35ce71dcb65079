import type { ResourceDefinition } from '../../registry/types.ts';
import { flowSchemaDefinition } from './flow-schema.ts';
import { priorityLevelConfigurationDefinition } from './priority-level-configuration.ts';

/** All of flowcontrol.apiserver.k8s.io/v1. */
export const flowcontrolDefinitions: ResourceDefinition[] = [
  flowSchemaDefinition,
  priorityLevelConfigurationDefinition,
];
