import type { ResourceDefinition } from '../registry/types.ts';
import { appsDefinitions } from './apps/index.ts';
import { coordinationDefinitions } from './coordination/index.ts';
import { coreDefinitions } from './core/index.ts';
import { discoveryDefinitions } from './discovery/index.ts';
import { eventsDefinitions } from './events/index.ts';
import { nodeDefinitions } from './node/index.ts';
import { policyDefinitions } from './policy/index.ts';
import { rbacDefinitions } from './rbac/index.ts';
import { schedulingDefinitions } from './scheduling/index.ts';
import { storageDefinitions } from './storage/index.ts';

/** Every built-in resource. */
export const allDefinitions: readonly ResourceDefinition[] = [
  ...coreDefinitions,
  ...appsDefinitions,
  ...eventsDefinitions,
  ...policyDefinitions,
  ...rbacDefinitions,
  ...storageDefinitions,
  ...schedulingDefinitions,
  ...coordinationDefinitions,
  ...nodeDefinitions,
  ...discoveryDefinitions,
];
