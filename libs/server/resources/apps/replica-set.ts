import { fieldPath } from '@drydock/base/apimachinery';
import type { ReplicaSet, ReplicaSetSpec } from '@drydock/api/apps/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import {
  ageColumn,
  alwaysRestartErrors,
  containerColumns,
  defaultPodTemplate,
  immutable,
  integerColumn,
  nameColumn,
  nonNegative,
  nonNegativeFields,
  selectorText,
  textColumn,
  workloadSelectorErrors,
  availabilityErrors,
} from '../common/index.ts';
import { templateWarnings, validatePodTemplateSpec } from '../shared/index.ts';
import { podNameWarnings } from '../common/index.ts';

const spec = fieldPath('spec');
const status = fieldPath('status');
const template = spec.child('template');

/** apps/v1 ReplicaSet. */
export const replicaSetDefinition: ResourceDefinition<ReplicaSet> = {
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  resource: 'replicasets',
  singular: 'replicaset',
  shortNames: ['rs'],
  categories: ['all'],
  namespaced: true,
  schema: 'k8s.io.api.apps.v1.ReplicaSet',
  status: true,
  scale: {
    specReplicasPath: 'spec.replicas',
    statusReplicasPath: 'status.replicas',
    selector: (object) => (object as ReplicaSet).spec?.selector,
  },
  selectableFields: { 'status.replicas': (object) => String(object.status?.replicas ?? 0) },
  strategy: {
    defaults(object) {
      const value = (object.spec ??= {} as ReplicaSetSpec);
      value.replicas ??= 1;
      defaultPodTemplate(value);
    },
    prepareForCreate(object) {
      object.status = { replicas: 0 };
    },
    validate: ({ spec: value }) => [
      ...nonNegative(value.replicas, spec.child('replicas')),
      ...nonNegative(value.minReadySeconds, spec.child('minReadySeconds')),
      // Kubernetes names the Deployment here too.
      ...workloadSelectorErrors(value, spec, 'empty selector is invalid for deployment'),
      ...validatePodTemplateSpec(value.template ?? {}, template),
      ...alwaysRestartErrors(value.template?.spec, 'ReplicaSet', template.child('spec')),
    ],
    validateUpdate: (object, old) =>
      immutable(object.spec.selector, old.spec?.selector, spec.child('selector')),
    validateStatusUpdate: (object) => [
      ...nonNegativeFields(
        object.status ?? {},
        [
          'replicas',
          'fullyLabeledReplicas',
          'readyReplicas',
          'availableReplicas',
          'observedGeneration',
          'terminatingReplicas',
        ],
        status,
      ),
      ...availabilityErrors(
        object.status ?? {},
        ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
        status,
      ),
    ],
    warnings: (object, old) => [
      ...(old === undefined ? podNameWarnings(object) : []),
      ...templateWarnings(object, old, object.spec?.template),
    ],
  },
  columns: [
    nameColumn,
    integerColumn('Desired', 'Pods asked for.', (object) => object.spec?.replicas),
    integerColumn('Current', 'Pods that exist.', (object) => object.status?.replicas),
    integerColumn('Ready', 'Pods that are ready.', (object) => object.status?.readyReplicas),
    ageColumn,
    ...containerColumns<ReplicaSet>((object) => object.spec),
    textColumn('Selector', 'Label selector of the Pods.', (object) => selectorText(object.spec?.selector), 1),
  ],
};
