import {
  cloneJson,
  deepEqual,
  fieldPath,
  forbiddenField,
  formatTime,
  type FieldError,
} from '@drydock/base/apimachinery';
import { applyPodSpecDefaults } from '@drydock/api/defaulting';
import type { Pod, PodSpec } from '@drydock/api/core/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { podWarnings, validatePodOnly, validatePodSpec } from '../shared/index.ts';
import { eviction } from './eviction.ts';
import { podColumns, podRowConditions } from './pod-columns.ts';
import { binding, ephemeralContainers, resize } from './pod-subresources.ts';

const spec = fieldPath('spec');

/** Guaranteed, Burstable or BestEffort, by the cpu and memory that containers ask for. */
function qosClass(podSpec: PodSpec | undefined): string {
  let any = false;
  let guaranteed = true;
  for (const { resources } of [...(podSpec?.containers ?? []), ...(podSpec?.initContainers ?? [])]) {
    for (const name of ['cpu', 'memory']) {
      const request = resources?.requests?.[name];
      const limit = resources?.limits?.[name];
      if (request !== undefined || limit !== undefined) any = true;
      if (limit === undefined || (request !== undefined && request !== limit)) guaranteed = false;
    }
  }
  if (!any) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

/** The parts of a Pod's spec that may change, taken out, so that the rest can be compared. */
function frozenPart(podSpec: PodSpec | undefined, old: PodSpec | undefined): PodSpec {
  const frozen = cloneJson(podSpec ?? ({} as PodSpec));
  frozen.containers?.forEach((container, index) => (container.image = old?.containers?.[index]?.image));
  frozen.initContainers?.forEach(
    (container, index) => (container.image = old?.initContainers?.[index]?.image),
  );
  frozen.activeDeadlineSeconds = old?.activeDeadlineSeconds;
  frozen.tolerations = old?.tolerations;
  if (old?.terminationGracePeriodSeconds !== undefined && old.terminationGracePeriodSeconds < 0) {
    frozen.terminationGracePeriodSeconds = old.terminationGracePeriodSeconds;
  }
  if ((old?.schedulingGates ?? []).length > 0) {
    frozen.schedulingGates = old?.schedulingGates;
    frozen.nodeSelector = old?.nodeSelector;
    frozen.affinity = old?.affinity;
  }
  return JSON.parse(JSON.stringify(frozen)) as PodSpec;
}

function updateErrors(pod: Pod, old: Pod): FieldError[] {
  const errors: FieldError[] = [];
  if ((pod.spec?.containers ?? []).length !== (old.spec?.containers ?? []).length) {
    return [forbiddenField(spec.child('containers'), 'pod updates may not add or remove containers')];
  }
  const tolerations = pod.spec?.tolerations ?? [];
  const lost = (old.spec?.tolerations ?? []).some(
    (before) =>
      !tolerations.some((after) =>
        deepEqual({ ...after, tolerationSeconds: 0 }, { ...before, tolerationSeconds: 0 }),
      ),
  );
  if (lost) {
    errors.push(
      forbiddenField(
        spec.child('tolerations'),
        'existing toleration can not be modified except its tolerationSeconds',
      ),
    );
  }
  const before = frozenPart(old.spec, old.spec);
  const after = frozenPart(pod.spec, old.spec);
  if (!deepEqual(before, after)) {
    errors.push(
      forbiddenField(
        spec,
        'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
          '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
          '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n' +
          difference(before, after),
      ),
    );
  }
  return errors;
}

/** The top-level fields that differ, the old ones marked `-` and the new ones `+`. */
function difference(before: PodSpec, after: PodSpec): string {
  const lines: string[] = ['  core.PodSpec{'];
  const olds = before as unknown as Record<string, unknown>;
  const news = after as unknown as Record<string, unknown>;
  for (const name of [...new Set([...Object.keys(olds), ...Object.keys(news)])].sort()) {
    if (deepEqual(olds[name], news[name])) continue;
    const label = `${name[0]?.toUpperCase() ?? ''}${name.slice(1)}`;
    if (olds[name] !== undefined) lines.push(`- \t${label}: ${JSON.stringify(olds[name])},`);
    if (news[name] !== undefined) lines.push(`+ \t${label}: ${JSON.stringify(news[name])},`);
  }
  lines.push('  }\n');
  return lines.join('\n');
}

/** core/v1 Pod. */
export const podDefinition: ResourceDefinition<Pod> = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  resource: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  schema: 'k8s.io.api.core.v1.Pod',
  status: true,
  subresources: { binding, eviction, ephemeralcontainers: ephemeralContainers, resize },
  columns: podColumns,
  rowConditions: podRowConditions,
  selectableFields: {
    'spec.nodeName': (pod) => pod.spec?.nodeName ?? '',
    'spec.restartPolicy': (pod) => pod.spec?.restartPolicy ?? '',
    'spec.schedulerName': (pod) => pod.spec?.schedulerName ?? '',
    'spec.serviceAccountName': (pod) => pod.spec?.serviceAccountName ?? '',
    'spec.hostNetwork': (pod) => String(pod.spec?.hostNetwork ?? false),
    'status.phase': (pod) => pod.status?.phase ?? '',
    'status.podIP': (pod) => pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '',
    'status.nominatedNodeName': (pod) => pod.status?.nominatedNodeName ?? '',
  },
  strategy: {
    returnDeletedObject: true,
    defaults(pod) {
      if (pod.spec === undefined) return;
      applyPodSpecDefaults(pod.spec);
      pod.spec.enableServiceLinks ??= true;
    },
    prepareForCreate(pod, { clock }) {
      pod.status = { phase: 'Pending', qosClass: qosClass(pod.spec) };
      if ((pod.spec?.schedulingGates ?? []).length > 0) {
        pod.status.conditions = [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'SchedulingGated',
            message: 'Scheduling is blocked due to non-empty scheduling gates',
            lastTransitionTime: formatTime(clock.now()),
          },
        ];
      }
    },
    warnings: (pod) => podWarnings(pod),
    validate: (pod) => [...validatePodSpec(pod.spec, spec), ...validatePodOnly(pod.spec, spec)],
    validateUpdate: (pod, old) => updateErrors(pod, old),
    gracePeriodSeconds(pod, requested) {
      // Nothing runs yet, or nothing any more: there is nobody to wait for.
      const over = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
      if (over || !pod.spec?.nodeName) return 0;
      const grace = requested ?? pod.spec.terminationGracePeriodSeconds ?? 30;
      return grace < 0 ? 1 : grace;
    },
  },
};
