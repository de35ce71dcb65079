import type { ResourceDefinition } from '../../registry/types.ts';
import { eventDefinition } from './event.ts';

/** All of events.k8s.io/v1. */
export const eventsDefinitions: ResourceDefinition[] = [eventDefinition];
