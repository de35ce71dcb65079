import type { ResourceDefinition } from '../../registry/types.ts';
import { leaseDefinition } from './lease.ts';

/** All of coordination.k8s.io/v1. */
export const coordinationDefinitions: ResourceDefinition[] = [leaseDefinition];
