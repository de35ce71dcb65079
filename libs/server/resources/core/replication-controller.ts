import { fieldPath, invalidValue, required, type FieldError } from '@drydock/base/apimachinery';
import type { ReplicationController } from '@drydock/api/core/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import {
  ageColumn,
  alwaysRestartErrors,
  availabilityErrors,
  containerColumns,
  defaultPodTemplate,
  integerColumn,
  labelsText,
  nameColumn,
  nonNegative,
  nonNegativeFields,
  podNameWarnings,
  textColumn,
} from '../common/index.ts';
import { templateWarnings, validatePodTemplateSpec } from '../shared/index.ts';

const spec = fieldPath('spec');
const counters = ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'];

function validate(controller: ReplicationController): FieldError[] {
  const value = controller.spec;
  const errors: FieldError[] = [
    ...nonNegative(value?.minReadySeconds, spec.child('minReadySeconds')),
    ...nonNegative(value?.replicas, spec.child('replicas')),
  ];
  const selector = Object.entries(value?.selector ?? {});
  if (selector.length === 0) errors.push(required(spec.child('selector')));
  if (value?.template === undefined) return [...errors, required(spec.child('template'))];
  const labels = value.template.metadata?.labels ?? {};
  if (!selector.every(([key, wanted]) => labels[key] === wanted)) {
    errors.push(
      invalidValue(
        spec.child('template', 'metadata', 'labels'),
        labels,
        '`selector` does not match template `labels`',
      ),
    );
  }
  return [
    ...errors,
    ...validatePodTemplateSpec(value.template, spec.child('template')),
    ...alwaysRestartErrors(value.template.spec, 'ReplicationController', spec.child('template', 'spec')),
  ];
}

/** core/v1 ReplicationController. */
export const replicationControllerDefinition: ResourceDefinition<ReplicationController> = {
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  resource: 'replicationcontrollers',
  singular: 'replicationcontroller',
  shortNames: ['rc'],
  categories: ['all'],
  namespaced: true,
  schema: 'k8s.io.api.core.v1.ReplicationController',
  status: true,
  scale: {
    specReplicasPath: 'spec.replicas',
    statusReplicasPath: 'status.replicas',
    selector: (object) => ({ matchLabels: (object as ReplicationController).spec?.selector ?? {} }),
  },
  strategy: {
    warnings: (controller, old) => [
      ...(old === undefined ? podNameWarnings(controller) : []),
      ...templateWarnings(controller, old, controller.spec?.template),
    ],
    defaultPropagation: 'Orphan',
    defaults(controller) {
      const { spec: value, metadata } = controller;
      if (value?.template === undefined) return;
      const labels = value.template.metadata?.labels;
      if (labels !== undefined) {
        if (Object.keys(value.selector ?? {}).length === 0) value.selector = { ...labels };
        if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
      }
      defaultPodTemplate(value);
    },
    prepareForCreate(controller) {
      controller.status = { replicas: 0 };
    },
    validate,
    validateStatusUpdate: ({ status = {} }) => [
      ...nonNegativeFields(status, [...counters, 'observedGeneration'], fieldPath('status')),
      ...availabilityErrors(status, counters.slice(1), fieldPath('status')),
    ],
  },
  selectableFields: { 'status.replicas': (controller) => String(controller.status?.replicas ?? 0) },
  columns: [
    nameColumn as never,
    integerColumn(
      'Desired',
      'Pods asked for.',
      (value: ReplicationController) => value.spec?.replicas,
    ) as never,
    integerColumn(
      'Current',
      'Pods there are.',
      (value: ReplicationController) => value.status?.replicas,
    ) as never,
    integerColumn(
      'Ready',
      'Pods that are ready.',
      (value: ReplicationController) => value.status?.readyReplicas,
    ) as never,
    ageColumn as never,
    ...containerColumns<ReplicationController>((value) => value.spec as never),
    textColumn('Selector', 'Labels of its Pods.', (value) => labelsText(value.spec?.selector), 1),
  ],
};
