import type { ResourceDefinition } from '../../registry/types.ts';
import { controllerRevisionDefinition } from './controller-revision.ts';
import { daemonSetDefinition } from './daemon-set.ts';
import { deploymentDefinition } from './deployment.ts';
import { replicaSetDefinition } from './replica-set.ts';
import { statefulSetDefinition } from './stateful-set.ts';

/** All of apps/v1. */
export const appsDefinitions: ResourceDefinition[] = [
  controllerRevisionDefinition,
  daemonSetDefinition,
  deploymentDefinition,
  replicaSetDefinition,
  statefulSetDefinition,
];
