import { fieldPath, formatTime, validateDns1123Label } from '@drydock/base/apimachinery';
import { applyPodDefaults } from '@drydock/api/defaulting';
import { qosClassOf } from '@drydock/api/quota';
import type { Pod } from '@drydock/api/core/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import {
  addressWarnings,
  podAnnotationErrors,
  podWarnings,
  validatePodOnly,
  validatePodSpec,
} from '../shared/index.ts';
import { eviction } from './eviction.ts';
import { podCreateErrors, podStatusErrors, podUpdateErrors } from './pod-errors.ts';
import { fillAppArmorProfiles, mergeLabelKeys } from './pod-preparation.ts';
import { podColumns, podRowConditions } from './pod-columns.ts';
import { binding, ephemeralContainers, resize } from './pod-subresources.ts';

const spec = fieldPath('spec');

/** Advice on a name that makes no host name. */
function hostNameWarnings({ metadata }: Pod): string[] {
  const messages = validateDns1123Label(metadata.name ?? '');
  if (messages.length === 0) return [];
  const surprise = "this is used in the Pod's hostname, which can result in surprising behavior";
  return [`metadata.name: ${surprise}; a DNS label is recommended: [${messages.join(' ')}]`];
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
    // The name of the field in versions before v1.
    'spec.host': (pod) => pod.spec?.nodeName ?? '',
    'spec.restartPolicy': (pod) => pod.spec?.restartPolicy ?? '',
    'spec.schedulerName': (pod) => pod.spec?.schedulerName ?? '',
    'spec.serviceAccountName': (pod) => pod.spec?.serviceAccountName ?? '',
    'spec.hostNetwork': (pod) => String(pod.spec?.hostNetwork ?? false),
    'status.phase': (pod) => pod.status?.phase ?? '',
    'status.podIP': (pod) => pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '',
    // Known, but no Pod is found by it.
    'status.podIPs': () => '',
    'status.nominatedNodeName': (pod) => pod.status?.nominatedNodeName ?? '',
  },
  strategy: {
    returnDeletedObject: true,
    defaults: applyPodDefaults,
    prepareForCreate(pod, context) {
      mergeLabelKeys(pod);
      fillAppArmorProfiles(pod, (text) => context.warn(text));
      pod.status = { phase: 'Pending', qosClass: qosClassOf(pod.spec) };
      if ((pod.spec?.schedulingGates ?? []).length > 0) {
        pod.status.conditions = [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'SchedulingGated',
            message: 'Scheduling is blocked due to non-empty scheduling gates',
            lastTransitionTime: formatTime(context.clock.now()),
          },
        ];
      }
    },
    prepareForStatusUpdate(pod, old) {
      // Told once and for all at the creation; who writes a whole status need not know it.
      const { qosClass } = old.status ?? {};
      if (qosClass !== undefined && !pod.status?.qosClass) pod.status = { ...pod.status, qosClass };
    },
    warnings: (pod, old) => [...(old === undefined ? hostNameWarnings(pod) : []), ...podWarnings(pod)],
    statusWarnings: ({ status }) =>
      (['podIPs', 'hostIPs'] as const).flatMap((list) =>
        (status?.[list] ?? []).flatMap(({ ip }, index) =>
          addressWarnings(ip, fieldPath('status', list).index(index).child('ip')),
        ),
      ),
    validate(pod, context) {
      const { namespace = '', name = '' } = pod.metadata;
      const fresh = context.lookup('', 'pods', `${namespace}/${name}`) === undefined;
      return [
        ...podAnnotationErrors(pod.metadata.annotations, pod.spec, fieldPath('metadata', 'annotations')),
        ...validatePodSpec(pod.spec, spec, name),
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
