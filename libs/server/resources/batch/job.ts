import {
  fieldPath,
  humanDuration,
  invalidValue,
  parseTime,
  semanticEqual,
  validateDns1123Label,
} from '@drydock/base/apimachinery';
import type { FieldError } from '@drydock/base/apimachinery';
import type { Job, JobSpec, JobStatus } from '@drydock/api/batch/v1';
import { templateWarnings } from '../shared/index.ts';
import type { ResourceDefinition } from '../../registry/types.ts';
import {
  ageColumn,
  containerColumns,
  defaultPodTemplate,
  nameColumn,
  podNameWarnings,
  selectorText,
  textColumn,
} from '../common/index.ts';
import { generateSelector, generatedSelectorErrors } from './job-selector.ts';
import { indexWarnings, jobSpecChangeErrors, jobSpecErrors } from './job-spec.ts';
import { hasCondition, jobStatusErrors } from './job-status.ts';

const spec = fieldPath('spec');
const defaultBackoffLimit = 6;
const maxInt32 = 2 ** 31 - 1;

function defaultSpec(value: JobSpec): void {
  // Neither given: one Pod, once. Only parallelism given: a work queue, which ends when one Pod has succeeded.
  if (value.completions === undefined && value.parallelism === undefined) {
    value.completions = 1;
    value.parallelism = 1;
  }
  value.parallelism ??= 1;
  value.backoffLimit ??= value.backoffLimitPerIndex === undefined ? defaultBackoffLimit : maxInt32;
  value.completionMode ??= 'NonIndexed';
  value.suspend ??= false;
  value.manualSelector ??= false;
  value.podReplacementPolicy ??= value.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed';
  defaultFailurePolicy(value);
  defaultPodTemplate(value);
}

/** Fills in the status that a failure policy's condition patterns leave open. */
export function defaultFailurePolicy(value: JobSpec): void {
  for (const rule of value.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True';
  }
}

function hostNameErrors(object: Job): FieldError[] {
  const { completionMode, completions = 0 } = object.spec ?? {};
  if (completionMode !== 'Indexed' || completions <= 0) return [];
  const name = object.metadata.name ?? '';
  const longest = `${name}-${completions - 1}`;
  if (validateDns1123Label(longest).length === 0) return [];
  const detail = `will not able to create pod with invalid DNS label: ${longest}`;
  return [invalidValue(fieldPath('metadata', 'name'), name, detail)];
}

function completionsText({ spec: value, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (value?.completions !== undefined) return `${succeeded}/${value.completions}`;
  const parallelism = value?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationText({ status }: Job, now: number): string {
  if (status?.startTime === undefined) return '';
  const end = status.completionTime === undefined ? now : parseTime(status.completionTime);
  return humanDuration(end - parseTime(status.startTime));
}

function statusText({ metadata, status }: Job): string {
  if (hasCondition(status, 'Complete')) return 'Complete';
  if (hasCondition(status, 'Failed')) return 'Failed';
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (hasCondition(status, 'Suspended')) return 'Suspended';
  return hasCondition(status, 'FailureTarget') ? 'FailureTarget' : 'Running';
}

/** batch/v1 Job: Pods that run to their end. */
export const jobDefinition: ResourceDefinition<Job> = {
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  resource: 'jobs',
  singular: 'job',
  categories: ['all'],
  namespaced: true,
  schema: 'k8s.io.api.batch.v1.Job',
  status: true,
  selectableFields: { 'status.successful': (object) => String(object.status?.succeeded ?? 0) },
  strategy: {
    defaultPropagation: 'Orphan',
    defaults(object) {
      const value = (object.spec ??= {} as JobSpec);
      defaultSpec(value);
      const labels = value.template?.metadata?.labels;
      if (labels !== undefined && Object.keys(object.metadata.labels ?? {}).length === 0) {
        object.metadata.labels = { ...labels };
      }
    },
    prepareForCreate(object) {
      object.status = {} as JobStatus;
      const value = (object.spec ??= {} as JobSpec);
      if (value.manualSelector === true) return;
      const labels = object.metadata.labels ?? {};
      const follows = semanticEqual(labels, value.template?.metadata?.labels);
      generateSelector(object);
      // A Job without labels of its own carries its template's, the generated ones included.
      if (follows) object.metadata.labels = { ...value.template?.metadata?.labels };
    },
    validate: (object) => [
      ...generatedSelectorErrors(object),
      ...jobSpecErrors(object.spec ?? ({} as JobSpec), spec),
      ...hostNameErrors(object),
    ],
    validateUpdate: (object, old) => jobSpecChangeErrors(object, old, spec),
    validateStatusUpdate: jobStatusErrors,
    warnings: (object, old) => [
      ...(old === undefined ? podNameWarnings(object) : []),
      ...(old !== undefined && old.metadata.generation === object.metadata.generation
        ? []
        : indexWarnings(object.spec, spec)),
      ...templateWarnings(object, old, object.spec?.template),
    ],
  },
  columns: [
    nameColumn,
    textColumn('Status', 'How the Job stands.', statusText),
    textColumn('Completions', 'Successful Pods against wanted ones.', completionsText),
    textColumn('Duration', 'How long it ran or has run.', durationText),
    ageColumn,
    ...containerColumns<Job>((object) => object.spec),
    textColumn('Selector', 'Label selector of the Pods.', (object) => selectorText(object.spec?.selector), 1),
  ],
};
