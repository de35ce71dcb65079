import { cloneJson } from '@drydock/base/apimachinery';
import type { DaemonSet } from '@drydock/api/apps/v1';
import type { Affinity, Pod, PodSpec, PodTemplateSpec, Toleration } from '@drydock/api/core/v1';

export const hashLabel = 'controller-revision-hash';
export const templateGenerationLabel = 'pod-template-generation';
const templateGenerationAnnotation = 'deprecated.daemonset.template.generation';
const nameField = 'metadata.name';

const always: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];
const hostNetworkOnly: Toleration = {
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
  effect: 'NoSchedule',
};

/** The taints that every daemon Pod bears, added to what the template bears already. */
export function daemonTolerations(spec: PodSpec): Toleration[] {
  const tolerations = [...(spec.tolerations ?? [])];
  for (const added of spec.hostNetwork === true ? [...always, hostNetworkOnly] : always) {
    const known = tolerations.findIndex(
      (one) =>
        one.key === added.key &&
        one.effect === added.effect &&
        one.operator === added.operator &&
        (one.value ?? '') === '',
    );
    if (known < 0) tolerations.push(added);
    else tolerations[known] = added;
  }
  return tolerations;
}

/** The affinity that holds for one node only, whatever the template asked of nodes; the rest of it stays. */
export function affinityToNode(affinity: Affinity | undefined, nodeName: string): Affinity {
  return {
    ...affinity,
    nodeAffinity: {
      ...affinity?.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: nameField, operator: 'In', values: [nodeName] }] }],
      },
    },
  };
}

/** The number of the template's version; undefined when the DaemonSet does not count them. */
export function templateGenerationOf(daemonSet: DaemonSet): string | undefined {
  const text = daemonSet.metadata.annotations?.[templateGenerationAnnotation];
  return text !== undefined && /^\d+$/.test(text) ? text : undefined;
}

/** The template of the Pods of one revision, before a node is chosen. */
export function daemonTemplate(daemonSet: DaemonSet, hash: string): PodTemplateSpec {
  const template = cloneJson(daemonSet.spec.template);
  const generation = templateGenerationOf(daemonSet);
  return {
    ...template,
    metadata: {
      ...template.metadata,
      labels: {
        ...template.metadata?.labels,
        ...(generation === undefined ? {} : { [templateGenerationLabel]: generation }),
        ...(hash === '' ? {} : { [hashLabel]: hash }),
      },
    },
    spec: {
      ...template.spec,
      containers: template.spec?.containers ?? [],
      tolerations: daemonTolerations(template.spec ?? { containers: [] }),
    },
  };
}

/** The node a daemon Pod is on or is meant for; undefined for a Pod that names none. */
export function targetNodeOf(pod: Pod): string | undefined {
  if (pod.spec?.nodeName) return pod.spec.nodeName;
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  for (const term of required?.nodeSelectorTerms ?? []) {
    for (const field of term.matchFields ?? []) {
      if (field.key === nameField && field.operator === 'In' && field.values?.length === 1)
        return field.values[0];
    }
  }
  return undefined;
}

/** Whether a Pod is of this revision: by the hash or by the number of its template. */
export function isPodUpdated(pod: Pod, hash: string, templateGeneration: string | undefined): boolean {
  const labels = pod.metadata.labels ?? {};
  return (
    (templateGeneration !== undefined && labels[templateGenerationLabel] === templateGeneration) ||
    (hash !== '' && labels[hashLabel] === hash)
  );
}
