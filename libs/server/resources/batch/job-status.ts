import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  duplicate,
  fieldPath,
  invalidValue,
  parseTime,
  required,
  semanticEqual,
} from '@drydock/base/apimachinery';
import type { Job, JobStatus } from '@drydock/api/batch/v1';
import { nonNegativeFields } from '../common/index.ts';
import { firstOverlap, parseIndexIntervals } from './index-intervals.ts';

const where = fieldPath('status');
const atConditions = where.child('conditions');

/** Whether a condition of the Job is true. */
export function hasCondition(status: JobStatus | undefined, type: string): boolean {
  return (status?.conditions ?? []).some(
    (condition) => condition.type === type && condition.status === 'True',
  );
}

function uncountedErrors(status: JobStatus): FieldError[] {
  const seen = new Set<string>();
  const check = (uids: readonly string[] | undefined, at: FieldPath): FieldError[] =>
    (uids ?? []).flatMap((uid, index) => {
      if (uid === '') return [invalidValue(at.index(index), uid, 'must not be empty')];
      if (seen.has(uid)) return [duplicate(at.index(index), uid)];
      seen.add(uid);
      return [];
    });
  const at = where.child('uncountedTerminatedPods');
  return [
    ...check(status.uncountedTerminatedPods?.succeeded, at.child('succeeded')),
    ...check(status.uncountedTerminatedPods?.failed, at.child('failed')),
  ];
}

function conditionErrors(job: Job, status: JobStatus): FieldError[] {
  const is = (type: string): boolean => hasCondition(status, type);
  const rules: readonly (readonly [broken: boolean, detail: string])[] = [
    [is('Complete') && is('Failed'), 'cannot set Complete=True and Failed=true conditions'],
    [is('Complete') && is('FailureTarget'), 'cannot set Complete=True and FailureTarget=true conditions'],
    [
      is('Failed') && !is('FailureTarget'),
      'cannot set Failed=True condition without the FailureTarget=true condition',
    ],
    [
      is('Complete') && !is('SuccessCriteriaMet'),
      'cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
    ],
    [
      is('SuccessCriteriaMet') && is('Failed'),
      'cannot set SuccessCriteriaMet=True and Failed=true conditions',
    ],
    [
      is('SuccessCriteriaMet') && is('FailureTarget'),
      'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions',
    ],
    [
      job.spec?.successPolicy !== undefined && !is('SuccessCriteriaMet') && is('Complete'),
      'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True',
    ],
  ];
  return rules
    .filter(([broken]) => broken)
    .map(([, detail]) => invalidValue(atConditions, undefined, detail));
}

function finishErrors(status: JobStatus): FieldError[] {
  const errors: FieldError[] = [];
  const complete = hasCondition(status, 'Complete');
  const finished = complete || hasCondition(status, 'Failed');
  const atEnd = where.child('completionTime');
  const { startTime, completionTime } = status;
  if (completionTime !== undefined && !complete) {
    const detail = 'cannot set completionTime when there is no Complete=True condition';
    errors.push(invalidValue(atEnd, completionTime, detail));
  }
  if (completionTime === undefined && complete) {
    errors.push(required(atEnd, 'completionTime is required for Complete jobs'));
  }
  if (
    startTime !== undefined &&
    completionTime !== undefined &&
    parseTime(completionTime) < parseTime(startTime)
  ) {
    errors.push(invalidValue(atEnd, completionTime, 'completionTime cannot be set before startTime'));
  }
  if (!finished) return errors;
  if ((status.active ?? 0) > 0) {
    errors.push(invalidValue(where.child('active'), status.active, 'active>0 is invalid for finished job'));
  }
  if (startTime === undefined) {
    errors.push(required(where.child('startTime'), 'startTime is required for finished job'));
  }
  const uncounted = status.uncountedTerminatedPods;
  if ((uncounted?.failed?.length ?? 0) + (uncounted?.succeeded?.length ?? 0) > 0) {
    const detail = 'uncountedTerminatedPods needs to be empty for finished job';
    errors.push(invalidValue(where.child('uncountedTerminatedPods'), uncounted, detail));
  }
  if ((status.terminating ?? 0) > 0) {
    const detail = 'terminating>0 is invalid for finished job';
    errors.push(invalidValue(where.child('terminating'), status.terminating, detail));
  }
  return errors;
}

function indexErrors(job: Job, status: JobStatus): FieldError[] {
  const errors: FieldError[] = [];
  const { completedIndexes = '', failedIndexes } = status;
  const completions = job.spec?.completions;
  const atCompleted = where.child('completedIndexes');
  const atFailed = where.child('failedIndexes');
  if (completions !== undefined) {
    const completed = parseIndexIntervals(completedIndexes, completions);
    const failed = parseIndexIntervals(failedIndexes ?? '', completions);
    if (completed.problem !== undefined) {
      const detail = `error parsing completedIndexes: ${completed.problem}`;
      errors.push(invalidValue(atCompleted, completedIndexes, detail));
    }
    if (failed.problem !== undefined && job.spec?.backoffLimitPerIndex !== undefined) {
      errors.push(invalidValue(atFailed, failedIndexes, `error parsing failedIndexes: ${failed.problem}`));
    }
    const overlap = firstOverlap(completed, failed);
    if (overlap !== undefined) {
      const detail = `failedIndexes and completedIndexes overlap at index: ${overlap}`;
      errors.push(invalidValue(atFailed, failedIndexes, detail));
    }
  }
  if (completedIndexes !== '' && job.spec?.completionMode !== 'Indexed') {
    const detail = 'cannot set non-empty completedIndexes when non-indexed completion mode';
    errors.push(invalidValue(atCompleted, completedIndexes, detail));
  }
  if (failedIndexes !== undefined && job.spec?.backoffLimitPerIndex === undefined) {
    const detail = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null';
    errors.push(invalidValue(atFailed, failedIndexes, detail));
  }
  return errors;
}

function changeErrors(job: Job, status: JobStatus, old: JobStatus): FieldError[] {
  const errors: FieldError[] = [];
  for (const type of ['Failed', 'Complete', 'FailureTarget']) {
    if (hasCondition(old, type) && !hasCondition(status, type)) {
      errors.push(
        invalidValue(atConditions, undefined, `cannot disable the terminal ${type}=True condition`),
      );
    }
  }
  for (const name of ['failed', 'succeeded'] as const) {
    if ((status[name] ?? 0) < (old[name] ?? 0)) {
      errors.push(invalidValue(where.child(name), status[name] ?? 0, `cannot decrease the ${name} counter`));
    }
  }
  const { completionTime } = status;
  if (
    completionTime !== undefined &&
    old.completionTime !== undefined &&
    completionTime !== old.completionTime
  ) {
    errors.push(
      invalidValue(where.child('completionTime'), completionTime, 'completionTime cannot be mutated'),
    );
  }
  if (old.startTime !== undefined && old.startTime !== status.startTime && job.spec?.suspend !== true) {
    errors.push(required(where.child('startTime'), 'startTime cannot be removed for unsuspended job'));
  }
  if (hasCondition(old, 'SuccessCriteriaMet') && !hasCondition(status, 'SuccessCriteriaMet')) {
    errors.push(
      invalidValue(atConditions, undefined, 'cannot disable the SuccessCriteriaMet=True condition'),
    );
  }
  return errors;
}

/** Checks a write to a Job's status. Rules about a part are held only by writes that change the part. */
export function jobStatusErrors(job: Job, oldJob: Job): FieldError[] {
  const status = job.status ?? ({} as JobStatus);
  const old = oldJob.status ?? ({} as JobStatus);
  const changed = (...names: (keyof JobStatus)[]): boolean =>
    names.some((name) => !semanticEqual(status[name], old[name]));
  const errors = [
    ...nonNegativeFields(status, ['active', 'succeeded', 'failed', 'ready', 'terminating'], where),
    ...uncountedErrors(status),
  ];
  if (changed('conditions')) errors.push(...conditionErrors(job, status));
  if (
    changed('conditions', 'startTime', 'completionTime', 'active', 'terminating', 'uncountedTerminatedPods')
  ) {
    errors.push(...finishErrors(status));
  }
  if (changed('completedIndexes', 'failedIndexes')) errors.push(...indexErrors(job, status));
  if (changed('ready', 'active') && (status.ready ?? 0) > (status.active ?? 0)) {
    errors.push(invalidValue(where.child('ready'), status.ready, 'cannot set more ready pods than active'));
  }
  return [...errors, ...changeErrors(job, status, old)];
}
