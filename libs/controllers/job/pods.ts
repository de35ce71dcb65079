import { cloneJson } from '@drydock/base/apimachinery';
import { Job } from '@drydock/api/batch/v1';
import type { Container, Pod } from '@drydock/api/core/v1';
import { controllerReference } from '@drydock/machinery/controller';
import { leastUsefulFirst } from '../replicas/index.ts';
import { completionIndex, indexAnnotation } from './indexes.ts';

export const finalizer = 'batch.kubernetes.io/job-tracking';
const maxNameLength = 63;
const generatedLength = 5;

export function hasFinalizer(pod: Pod): boolean {
  return pod.metadata.finalizers?.includes(finalizer) === true;
}

export function isIndexed(job: Job): boolean {
  return job.spec?.completionMode === 'Indexed';
}

const indexVariable = {
  name: 'JOB_COMPLETION_INDEX',
  valueFrom: { fieldRef: { fieldPath: `metadata.labels['${indexAnnotation}']` } },
};

function withIndexVariable(container: Container): Container {
  if (container.env?.some(({ name }) => name === indexVariable.name)) return container;
  return { ...container, env: [...(container.env ?? []), indexVariable] };
}

/** The start of the name of a Pod with an index; the suffix that makes it unique follows. */
export function podNamePrefix(jobName: string, index: number): string {
  const suffix = `-${index}-`;
  const room = maxNameLength - generatedLength - suffix.length;
  return `${jobName.slice(0, Math.max(0, room))}${suffix}`;
}

/** The Pod of a Job, for one index or for none. */
export function jobPod(job: Job, index: number | undefined, annotations: Record<string, string> = {}): Pod {
  const { name = '', namespace = '' } = job.metadata;
  const template = cloneJson(job.spec?.template ?? {});
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace,
      generateName: `${name}-`,
      labels: template.metadata?.labels ?? {},
      ownerReferences: [controllerReference(job, Job)],
      finalizers: [...(template.metadata?.finalizers ?? []), finalizer],
    },
    spec: { ...template.spec, containers: template.spec?.containers ?? [] },
  };
  const notes = { ...template.metadata?.annotations, ...annotations };
  if (index !== undefined) {
    notes[indexAnnotation] = String(index);
    pod.metadata.labels = { ...pod.metadata.labels, [indexAnnotation]: String(index) };
    pod.metadata.generateName = podNamePrefix(name, index);
    const spec = { ...template.spec, containers: (template.spec?.containers ?? []).map(withIndexVariable) };
    if (spec.initContainers !== undefined) spec.initContainers = spec.initContainers.map(withIndexVariable);
    spec.hostname = `${name}-${index}`;
    pod.spec = spec;
  }
  if (Object.keys(notes).length > 0) pod.metadata.annotations = notes;
  return pod;
}

/**
 * Of the active Pods of an indexed Job, those with no index of use and those whose index another Pod has that has come
 * further; what stays is in the order of the indexes.
 */
export function superfluous(pods: readonly Pod[], completions: number): { remove: Pod[]; left: Pod[] } {
  const byIndex = new Map<number, Pod[]>();
  for (const pod of pods) {
    const index = completionIndex(pod) ?? -1;
    const same = byIndex.get(index);
    if (same === undefined) byIndex.set(index, [pod]);
    else same.push(pod);
  }
  const remove: Pod[] = [];
  const left: Pod[] = [];
  for (const index of [...byIndex.keys()].sort((a, b) => a - b)) {
    const same = byIndex.get(index) ?? [];
    if (index < 0 || index >= completions) remove.push(...same);
    else {
      const ordered = leastUsefulFirst(same);
      remove.push(...ordered.slice(0, -1));
      left.push(...ordered.slice(-1));
    }
  }
  return { remove, left };
}
