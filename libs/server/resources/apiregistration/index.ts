import type { ResourceDefinition } from '../../registry/types.ts';
import { apiServiceDefinition } from './api-service.ts';

export { localAvailability } from './api-service.ts';

/** All of apiregistration.k8s.io/v1. */
export const apiregistrationDefinitions: ResourceDefinition[] = [apiServiceDefinition];
