import type { ResourceDefinition } from '../../registry/types.ts';
import { deviceClassDefinition } from './device-class.ts';
import { resourceClaimTemplateDefinition } from './resource-claim-template.ts';
import { resourceClaimDefinition } from './resource-claim.ts';
import { resourceSliceDefinition } from './resource-slice.ts';

/** The stable part of resource.k8s.io/v1. */
export const resourceDefinitions: ResourceDefinition[] = [
  deviceClassDefinition,
  resourceClaimDefinition,
  resourceClaimTemplateDefinition,
  resourceSliceDefinition,
] as readonly unknown[] as ResourceDefinition[];
