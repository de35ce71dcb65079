import { fieldPath, formatTime } from '@drydock/base/apimachinery';
import { applyPodSpecDefaults } from '@drydock/api/defaulting';
import type { Pod, PodSpec } from '@drydock/api/core/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { podWarnings, validatePodOnly, validatePodSpec } from '../shared/index.ts';
import { eviction } from './eviction.ts';
import { podAnnotationErrors, podCreateErrors, podStatusErrors, podUpdateErrors } from './pod-errors.ts';
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
    validate(pod, context) {
      const { namespace = '', name = '' } = pod.metadata;
      const fresh = context.lookup('', 'pods', `${namespace}/${name}`) === undefined;
      return [
        ...podAnnotationErrors(pod),
        ...validatePodSpec(pod.spec, spec),
        ...validatePodOnly(pod.spec, spec),
        ...(fresh ? podCreateErrors(pod) : []),
      ];
    },
    validateUpdate: (pod, old) => podUpdateErrors(pod, old),
    validateStatusUpdate: podStatusErrors,
    gracePeriodSeconds(pod, requested) {
      // Nothing runs yet, or nothing any more: there is nobody to wait for.
      const over = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
      if (over || !pod.spec?.nodeName) return 0;
      const grace = requested ?? pod.spec.terminationGracePeriodSeconds ?? 30;
      return grace < 0 ? 1 : grace;
    },
  },
};
