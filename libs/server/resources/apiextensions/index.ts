import type { ResourceDefinition } from '../../registry/types.ts';
import { customResourceDefinitionDefinition } from './custom-resource-definition.ts';

/** All of apiextensions.k8s.io/v1. */
export const apiextensionsDefinitions: ResourceDefinition[] = [customResourceDefinitionDefinition];
