import type { ResourceDefinition } from '../../registry/types.ts';
import { runtimeClassDefinition } from './runtime-class.ts';

/** All of node.k8s.io/v1. */
export const nodeDefinitions: ResourceDefinition[] = [runtimeClassDefinition];
