import type { ResourceDefinition } from '../../registry/types.ts';
import { bindingDefinition } from './binding.ts';
import { componentStatusDefinition } from './component-status.ts';
import { configMapDefinition } from './config-map.ts';
import { endpointsDefinition } from './endpoints.ts';
import { eventDefinition } from './event.ts';
import { namespaceDefinition } from './namespace.ts';
import { nodeDefinition } from './node.ts';
import { podDefinition } from './pod.ts';
import { limitRangeDefinition, podTemplateDefinition, resourceQuotaDefinition } from './policies.ts';
import { replicationControllerDefinition } from './replication-controller.ts';
import { secretDefinition } from './secret.ts';
import { serviceAccountDefinition } from './service-account.ts';
import { serviceDefinition } from './service.ts';
import { persistentVolumeClaimDefinition, persistentVolumeDefinition } from './volumes.ts';

export { eventColumns } from './event.ts';
export { createComponentStatusDefinition, type ComponentHealth } from './component-status.ts';
export { createServiceAccountDefinition } from './service-account.ts';
export { summarize } from './pod-columns.ts';

/** The resources of the core group. */
export const coreDefinitions: readonly ResourceDefinition[] = [
  bindingDefinition,
  componentStatusDefinition,
  configMapDefinition,
  endpointsDefinition,
  eventDefinition,
  limitRangeDefinition,
  namespaceDefinition,
  nodeDefinition,
  persistentVolumeClaimDefinition,
  persistentVolumeDefinition,
  podDefinition,
  podTemplateDefinition,
  replicationControllerDefinition,
  resourceQuotaDefinition,
  secretDefinition,
  serviceAccountDefinition,
  serviceDefinition,
] as readonly unknown[] as readonly ResourceDefinition[];
