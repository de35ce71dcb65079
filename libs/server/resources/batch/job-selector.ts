import type { FieldError } from '@drydock/base/apimachinery';
import { fieldPath, invalidValue, required } from '@drydock/base/apimachinery';
import type { Job, JobSpec } from '@drydock/api/batch/v1';
import { selectorMatches } from '../common/index.ts';

const uidLabel = 'batch.kubernetes.io/controller-uid';
const nameLabels = ['job-name', 'batch.kubernetes.io/job-name'];
const uidLabels = ['controller-uid', uidLabel];

function generatedLabels(job: Job): Record<string, string> {
  const { name = '', uid = '' } = job.metadata;
  return Object.fromEntries([
    ...nameLabels.map((key) => [key, name] as const),
    ...uidLabels.map((key) => [key, uid] as const),
  ]);
}

/** Gives the Job's Pods labels of their own and selects by them. What the user set stays, and is told in validation. */
export function generateSelector(job: Job): void {
  const spec = (job.spec ??= {} as JobSpec);
  const template = (spec.template ??= {});
  template.metadata ??= {};
  template.metadata.labels = { ...generatedLabels(job), ...template.metadata.labels };
  const selector = (spec.selector ??= {});
  selector.matchLabels = { [uidLabel]: job.metadata.uid ?? '', ...selector.matchLabels };
}

/** Generated selectors must really select by what was generated, so that no two Jobs share Pods. */
export function generatedSelectorErrors(job: Job): FieldError[] {
  const spec = job.spec;
  if (spec?.manualSelector === true || spec?.selector === undefined) return [];
  const errors: FieldError[] = [];
  if ((job.metadata.uid ?? '') === '') errors.push(required(fieldPath('metadata', 'uid')));
  const labels = spec.template?.metadata?.labels ?? {};
  const where = fieldPath('spec', 'template', 'metadata', 'labels');
  const expected = generatedLabels(job);
  for (const key of ['controller-uid', 'job-name', uidLabel, 'batch.kubernetes.io/job-name']) {
    const value = labels[key];
    if (value === undefined) errors.push(required(where.key(key), `must be '${expected[key] ?? ''}'`));
    else if (value !== expected[key]) {
      errors.push(invalidValue(where.key(key), labels, `must be '${expected[key] ?? ''}'`));
    }
  }
  if (selectorMatches(spec.selector, expected) === false) {
    errors.push(invalidValue(fieldPath('spec', 'selector'), spec.selector, '`selector` not auto-generated'));
  }
  return errors;
}
