import type { ResourceDefinition } from '../../registry/types.ts';
import { endpointSliceDefinition } from './endpoint-slice.ts';

/** All of discovery.k8s.io/v1. */
export const discoveryDefinitions: ResourceDefinition[] = [endpointSliceDefinition];
