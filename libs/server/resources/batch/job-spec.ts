import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  byteLength,
  invalidValue,
  notSupported,
  required,
  semanticEqual,
  tooLong,
  validateLabelSelector,
} from '@drydock/base/apimachinery';
import type { PodTemplateSpec } from '@drydock/api/core/v1';
import type { Job, JobSpec } from '@drydock/api/batch/v1';
import { domainPathErrors, immutable, nonNegative, selectorMatches } from '../common/index.ts';
import { validatePodTemplateSpec } from '../shared/index.ts';
import { podFailurePolicyErrors, successPolicyErrors } from './job-policies.ts';

const maxIndexedParallelism = 100_000;
const maxIndexedFailures = 100_000;
const manyCompletions = 100_000;
const maxManyParallelism = 10_000;
const maxManyFailures = 10_000;
const maxManagedByBytes = 63;
const modes = ['NonIndexed', 'Indexed'];

function indexedErrors(spec: JobSpec, where: FieldPath): FieldError[] {
  const { completions, parallelism = 0, maxFailedIndexes: maxFailed } = spec;
  const errors: FieldError[] = [];
  const atParallelism = where.child('parallelism');
  const atFailed = where.child('maxFailedIndexes');
  if (completions === undefined) {
    errors.push(required(where.child('completions'), 'when completion mode is Indexed'));
  }
  if (parallelism > maxIndexedParallelism) {
    const detail = `must be less than or equal to ${maxIndexedParallelism} when completion mode is Indexed`;
    errors.push(invalidValue(atParallelism, parallelism, detail));
  }
  if (completions !== undefined && maxFailed !== undefined && maxFailed > completions) {
    errors.push(invalidValue(atFailed, maxFailed, 'must be less than or equal to completions'));
  }
  if (maxFailed !== undefined && maxFailed > maxIndexedFailures) {
    errors.push(invalidValue(atFailed, maxFailed, `must be less than or equal to ${maxIndexedFailures}`));
  }
  if (
    completions === undefined ||
    completions <= manyCompletions ||
    spec.backoffLimitPerIndex === undefined
  ) {
    return errors;
  }
  const above = `when completions are above ${manyCompletions} and used with backoff limit per index`;
  if (maxFailed === undefined) {
    errors.push(required(atFailed, `must be specified when completions is above ${manyCompletions}`));
  }
  if (parallelism > maxManyParallelism) {
    errors.push(
      invalidValue(
        atParallelism,
        parallelism,
        `must be less than or equal to ${maxManyParallelism} ${above}`,
      ),
    );
  }
  if (maxFailed !== undefined && maxFailed > maxManyFailures) {
    errors.push(
      invalidValue(atFailed, maxFailed, `must be less than or equal to ${maxManyFailures} ${above}`),
    );
  }
  return errors;
}

function modeErrors(spec: JobSpec, where: FieldPath): FieldError[] {
  const mode = spec.completionMode ?? 'NonIndexed';
  const errors = modes.includes(mode) ? [] : [notSupported(where.child('completionMode'), mode, modes)];
  if (mode === 'Indexed') errors.push(...indexedErrors(spec, where));
  if (mode !== 'NonIndexed') return errors;
  for (const name of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) {
    if (spec[name] !== undefined) {
      errors.push(invalidValue(where.child(name), spec[name], 'requires indexed completion mode'));
    }
  }
  return errors;
}

function restartPolicyErrors(spec: JobSpec, where: FieldPath): FieldError[] {
  const policy = spec.template?.spec?.restartPolicy ?? '';
  if (policy === '' || policy === 'Always') return [required(where, 'valid values: "OnFailure", "Never"')];
  if (policy !== 'OnFailure' && policy !== 'Never')
    return [notSupported(where, policy, ['OnFailure', 'Never'])];
  if (spec.podFailurePolicy !== undefined && policy !== 'Never') {
    return [invalidValue(where, policy, 'only "Never" is supported when podFailurePolicy is specified')];
  }
  return [];
}

/** Checks that hold for Jobs and for the Job templates of CronJobs. */
export function jobTemplateErrors(spec: JobSpec, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const counters = [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  ] as const;
  for (const name of counters) errors.push(...nonNegative(spec[name], where.child(name)));
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    errors.push(required(where.child('backoffLimitPerIndex'), 'when maxFailedIndexes is specified'));
  }
  if (spec.managedBy !== undefined) {
    const at = where.child('managedBy');
    errors.push(...domainPathErrors(spec.managedBy, at));
    if (byteLength(spec.managedBy) > maxManagedByBytes) errors.push(tooLong(at, maxManagedByBytes));
  }
  errors.push(...modeErrors(spec, where));
  if (spec.podFailurePolicy !== undefined) {
    errors.push(...podFailurePolicyErrors(spec, where.child('podFailurePolicy')));
  }
  errors.push(...successPolicyErrors(spec, where.child('successPolicy')));
  const replacement = spec.podReplacementPolicy;
  const replacements = spec.podFailurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed'];
  if (replacement !== undefined && !replacements.includes(replacement)) {
    errors.push(notSupported(where.child('podReplacementPolicy'), replacement, replacements));
  }
  return [
    ...errors,
    ...validatePodTemplateSpec(spec.template ?? {}, where.child('template')),
    ...restartPolicyErrors(spec, where.child('template', 'spec', 'restartPolicy')),
  ];
}

/** Checks the spec of a Job, its selector included. */
export function jobSpecErrors(spec: JobSpec, where: FieldPath): FieldError[] {
  const errors = jobTemplateErrors(spec, where);
  const at = where.child('selector');
  if (spec.selector === undefined) errors.push(required(at));
  else errors.push(...validateLabelSelector(spec.selector, at));
  const labels = spec.template?.metadata?.labels;
  if (selectorMatches(spec.selector, labels) === false) {
    const labelsPath = where.child('template', 'metadata', 'labels');
    errors.push(invalidValue(labelsPath, labels ?? null, '`selector` does not match template `labels`'));
  }
  return errors;
}

function completionsChangeErrors(spec: JobSpec, old: JobSpec, where: FieldPath): FieldError[] {
  if (spec.completionMode !== 'Indexed') return immutable(spec.completions, old.completions, where);
  if (spec.completions === old.completions || spec.completions === undefined) return [];
  if (spec.completions === spec.parallelism) return [];
  return [invalidValue(where, spec.completions, 'can only be modified in tandem with spec.parallelism')];
}

/** Where the Pods of a Job that was never started may go is still open to change. */
function withSchedulingOf(old: PodTemplateSpec, template: PodTemplateSpec): PodTemplateSpec {
  const { nodeSelector, tolerations, schedulingGates, affinity } = template.spec ?? {};
  const merged = { ...old.spec?.affinity, nodeAffinity: affinity?.nodeAffinity };
  const kept = { labels: template.metadata?.labels, annotations: template.metadata?.annotations };
  // Through JSON, which leaves out what is absent.
  return JSON.parse(
    JSON.stringify({
      ...old,
      metadata: { ...old.metadata, ...kept },
      spec: { ...old.spec, nodeSelector, tolerations, schedulingGates, affinity: merged },
    }),
  ) as PodTemplateSpec;
}

/** What may not change in a Job's spec. */
export function jobSpecChangeErrors(job: Job, old: Job, where: FieldPath): FieldError[] {
  const spec = job.spec ?? ({} as JobSpec);
  const oldSpec = old.spec ?? ({} as JobSpec);
  const errors = [
    ...completionsChangeErrors(spec, oldSpec, where.child('completions')),
    ...immutable(spec.selector, oldSpec.selector, where.child('selector')),
  ];
  const notStarted = oldSpec.suspend === true && old.status?.startTime === undefined;
  const template = notStarted
    ? withSchedulingOf(oldSpec.template ?? {}, spec.template ?? {})
    : oldSpec.template;
  if (!semanticEqual(spec.template, template))
    errors.push(...immutable(spec.template, null, where.child('template')));
  const fixed = [
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
    'successPolicy',
  ] as const;
  for (const name of fixed) errors.push(...immutable(spec[name], oldSpec[name], where.child(name)));
  return errors;
}

/** Advice on Jobs of so many indexes, so many at once, that those that fail may not be kept track of. */
export function indexWarnings(spec: JobSpec | undefined, where: FieldPath): string[] {
  const { completionMode, completions = 0, parallelism = 0 } = spec ?? {};
  if (completionMode !== 'Indexed' || completions <= 100_000 || parallelism <= 10_000) return [];
  const told =
    'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail';
  return [`${where.toString()}: ${told}`];
}
