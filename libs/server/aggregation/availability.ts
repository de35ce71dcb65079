import { deepEqual, formatTime } from '@drydock/base/apimachinery';
import type { APIService } from '@drydock/api/apiregistration/v1';
import { localAvailability } from '../resources/apiregistration/index.ts';

type Condition = NonNullable<NonNullable<APIService['status']>['conditions']>[number];

/** Whether an APIService can be asked, as its `Available` condition says. */
export interface Availability {
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/** A server that is this one. */
export const local: Availability = localAvailability;

export const passed: Availability = { status: 'True', reason: 'Passed', message: 'all checks passed' };

/** The status with that condition; undefined when it has it already. */
export function withAvailability(
  service: APIService,
  found: Availability,
  nowMs: number,
): APIService['status'] | undefined {
  const conditions: readonly Condition[] = service.status?.conditions ?? [];
  const before = conditions.find(({ type }) => type === 'Available');
  const since = before?.status === found.status ? before.lastTransitionTime : undefined;
  const condition = { type: 'Available', lastTransitionTime: since ?? formatTime(nowMs), ...found };
  if (before !== undefined && deepEqual(before, condition)) return undefined;
  return {
    ...service.status,
    conditions: [...conditions.filter(({ type }) => type !== 'Available'), condition],
  };
}
