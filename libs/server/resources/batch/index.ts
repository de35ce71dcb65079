import type { ResourceDefinition } from '../../registry/types.ts';
import { cronJobDefinition } from './cron-job.ts';
import { jobDefinition } from './job.ts';

/** All of batch/v1. */
export const batchDefinitions: ResourceDefinition[] = [cronJobDefinition, jobDefinition];
