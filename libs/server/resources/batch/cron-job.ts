import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import { fieldPath, invalidValue, notSupported, required } from '@drydock/base/apimachinery';
import type { CronJob, CronJobSpec, CronJobStatus, JobSpec } from '@drydock/api/batch/v1';
import { templateWarnings } from '../shared/index.ts';
import type { ResourceDefinition } from '../../registry/types.ts';
import {
  ageColumn,
  containerColumns,
  defaultPodTemplate,
  integerColumn,
  nameColumn,
  nonNegative,
  oneOf,
  podNameWarnings,
  selectorText,
  since,
  textColumn,
} from '../common/index.ts';
import { cronScheduleProblem, isTimeZone } from './cron-schedule.ts';
import { defaultFailurePolicy } from './job.ts';
import { indexWarnings, jobTemplateErrors } from './job-spec.ts';

const spec = fieldPath('spec');
/** Jobs are named after the CronJob and their minute, which takes 11 characters of 63. */
const maxNameLength = 52;
const policies = ['Allow', 'Forbid', 'Replace'];

function timeZoneErrors(zone: string | undefined, where: FieldPath): FieldError[] {
  if (zone === undefined) return [];
  if (zone === '') return [invalidValue(where, zone, 'timeZone must be nil or non-empty string')];
  const fits = (part: string): boolean =>
    part !== '.' && part !== '..' && !part.startsWith('-') && /^[A-Za-z.\-_0-9+]{1,14}$/.test(part);
  const unknown = invalidValue(where, zone, `unknown time zone ${zone}`);
  if (!zone.split('/').every(fits)) return [unknown];
  if (zone.toLowerCase() === 'local') {
    const detail = 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones';
    return [invalidValue(where, zone, detail)];
  }
  return isTimeZone(zone) ? [] : [unknown];
}

function scheduleErrors(value: CronJobSpec): FieldError[] {
  const where = spec.child('schedule');
  const schedule = value.schedule ?? '';
  if (schedule === '') return [required(where)];
  const problem = cronScheduleProblem(schedule);
  return problem === undefined ? [] : [invalidValue(where, schedule, problem)];
}

/** A zone within the schedule is refused, but objects that already have one may keep it. */
function scheduleZoneErrors(value: CronJobSpec, old: CronJobSpec | undefined): FieldError[] {
  const schedule = value.schedule ?? '';
  if (!schedule.includes('TZ')) return [];
  const where = spec.child('schedule');
  if (old?.schedule?.includes('TZ') !== true) {
    return [
      invalidValue(where, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'),
    ];
  }
  if (value.timeZone === undefined) return [];
  return [invalidValue(where, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule')];
}

function specErrors(value: CronJobSpec, old: CronJobSpec | undefined): FieldError[] {
  const job = value.jobTemplate?.spec ?? ({} as JobSpec);
  const atJob = spec.child('jobTemplate', 'spec');
  const errors = [
    ...scheduleErrors(value),
    ...scheduleZoneErrors(value, old),
    ...nonNegative(value.startingDeadlineSeconds, spec.child('startingDeadlineSeconds')),
    ...(old !== undefined && old.timeZone === value.timeZone
      ? []
      : timeZoneErrors(value.timeZone, spec.child('timeZone'))),
    ...oneOf(value.concurrencyPolicy, policies, spec.child('concurrencyPolicy')),
    ...jobTemplateErrors(job, atJob),
  ];
  if (job.selector !== undefined) {
    errors.push(invalidValue(atJob.child('selector'), job.selector, '`selector` will be auto-generated'));
  }
  if (job.manualSelector === true) {
    errors.push(notSupported(atJob.child('manualSelector'), true, ['nil', 'false']));
  }
  return [
    ...errors,
    ...nonNegative(value.successfulJobsHistoryLimit, spec.child('successfulJobsHistoryLimit')),
    ...nonNegative(value.failedJobsHistoryLimit, spec.child('failedJobsHistoryLimit')),
  ];
}

/** batch/v1 CronJob: Jobs at given times. */
export const cronJobDefinition: ResourceDefinition<CronJob> = {
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  resource: 'cronjobs',
  singular: 'cronjob',
  shortNames: ['cj'],
  categories: ['all'],
  namespaced: true,
  schema: 'k8s.io.api.batch.v1.CronJob',
  status: true,
  strategy: {
    defaults(object) {
      const value = (object.spec ??= {} as CronJobSpec);
      value.concurrencyPolicy ||= 'Allow';
      value.suspend ??= false;
      value.successfulJobsHistoryLimit ??= 3;
      value.failedJobsHistoryLimit ??= 1;
      const template = (value.jobTemplate ??= {});
      const job = (template.spec ??= {} as JobSpec);
      defaultFailurePolicy(job);
      defaultPodTemplate(job);
    },
    prepareForCreate(object) {
      object.status = {} as CronJobStatus;
    },
    validate(object, context) {
      const { namespace = '', name = '' } = object.metadata;
      const known = context.lookup('batch', 'cronjobs', `${namespace}/${name}`) as CronJob | undefined;
      const errors = specErrors(object.spec, known?.spec);
      // Longer names were once allowed, so only new objects are held to it.
      if (known === undefined && name.length > maxNameLength) {
        const detail = `must be no more than ${maxNameLength} characters`;
        errors.push(invalidValue(fieldPath('metadata', 'name'), name, detail));
      }
      return errors;
    },
    warnings(object, old) {
      const warnings = old === undefined ? podNameWarnings(object) : [];
      if ((object.spec?.schedule ?? '').includes('TZ')) {
        warnings.push(
          'CRON_TZ or TZ used in spec.schedule is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
        );
      }
      const at = spec.child('jobTemplate', 'spec');
      const job = object.spec?.jobTemplate?.spec;
      if (old === undefined || old.metadata.generation !== object.metadata.generation)
        warnings.push(...indexWarnings(job, at));
      warnings.push(...templateWarnings(object, old, job?.template, at.child('template')));
      return warnings;
    },
  },
  columns: [
    nameColumn,
    textColumn('Schedule', 'When Jobs start, in cron form.', (object) => object.spec?.schedule ?? ''),
    textColumn('Timezone', 'Time zone of the schedule.', (object) => object.spec?.timeZone ?? '<none>'),
    {
      name: 'Suspend',
      type: 'boolean',
      description: 'Whether starts are held.',
      priority: 0,
      cell: (object) => {
        if (object.spec?.suspend === undefined) return '<unset>';
        return object.spec.suspend ? 'True' : 'False';
      },
    },
    integerColumn('Active', 'Jobs running now.', (object) => object.status?.active?.length),
    textColumn('Last Schedule', 'Time since the last start.', (object, now) => {
      return object.status?.lastScheduleTime === undefined
        ? '<none>'
        : since(object.status.lastScheduleTime, now);
    }),
    ageColumn,
    ...containerColumns<CronJob>((object) => object.spec?.jobTemplate?.spec),
    textColumn(
      'Selector',
      'Label selector of the Pods.',
      (object) => {
        return selectorText(object.spec?.jobTemplate?.spec?.selector);
      },
      1,
    ),
  ],
};
