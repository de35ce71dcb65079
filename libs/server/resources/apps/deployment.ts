import { deepEqual, fieldPath, forbiddenField, invalidValue, notSupported } from '@drydock/base/apimachinery';
import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import type { Deployment, DeploymentSpec, DeploymentStrategy } from '@drydock/api/apps/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import {
  above100PercentErrors,
  ageColumn,
  alwaysRestartErrors,
  collisionCountErrors,
  containerColumns,
  defaultPodTemplate,
  immutable,
  intOrPercentErrors,
  intOrPercentValue,
  nameColumn,
  nonNegative,
  nonNegativeFields,
  textColumn,
  workloadSelectorErrors,
  availabilityErrors,
} from '../common/index.ts';
import { templateWarnings, validatePodTemplateSpec } from '../shared/index.ts';
import { selectorTextOfMatch } from './replicas.ts';
import { podNameWarnings } from '../common/index.ts';

const spec = fieldPath('spec');
const status = fieldPath('status');

function strategyErrors(strategy: DeploymentStrategy | undefined, where: FieldPath): FieldError[] {
  const rolling = strategy?.rollingUpdate;
  const at = where.child('rollingUpdate');
  switch (strategy?.type) {
    case 'Recreate':
      return rolling === undefined
        ? []
        : [forbiddenField(at, "may not be specified when strategy `type` is 'Recreate'")];
    case 'RollingUpdate': {
      const unavailable = at.child('maxUnavailable');
      const errors = [
        ...intOrPercentErrors(rolling?.maxUnavailable, unavailable),
        ...intOrPercentErrors(rolling?.maxSurge, at.child('maxSurge')),
      ];
      if (intOrPercentValue(rolling?.maxUnavailable) === 0 && intOrPercentValue(rolling?.maxSurge) === 0) {
        errors.push(
          invalidValue(unavailable, rolling?.maxUnavailable ?? 0, 'may not be 0 when `maxSurge` is 0'),
        );
      }
      return [...errors, ...above100PercentErrors(rolling?.maxUnavailable, unavailable)];
    }
    default:
      return [notSupported(where, strategy ?? {}, ['Recreate', 'RollingUpdate'])];
  }
}

function specErrors(value: DeploymentSpec, where: FieldPath): FieldError[] {
  const template = where.child('template');
  const errors = [
    ...nonNegative(value.replicas, where.child('replicas')),
    ...workloadSelectorErrors(value, where, 'empty selector is invalid for deployment'),
    ...validatePodTemplateSpec(value.template, template),
    ...alwaysRestartErrors(value.template?.spec, 'ReplicaSet', template.child('spec')),
    ...strategyErrors(value.strategy, where.child('strategy')),
    ...nonNegative(value.minReadySeconds, where.child('minReadySeconds')),
    ...nonNegative(value.revisionHistoryLimit, where.child('revisionHistoryLimit')),
  ];
  const deadline = value.progressDeadlineSeconds;
  if (deadline !== undefined) {
    const at = where.child('progressDeadlineSeconds');
    errors.push(...nonNegative(deadline, at));
    if (deadline <= (value.minReadySeconds ?? 0)) {
      errors.push(invalidValue(at, deadline, 'must be greater than minReadySeconds'));
    }
  }
  return errors;
}

/** apps/v1 Deployment. */
export const deploymentDefinition: ResourceDefinition<Deployment> = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  resource: 'deployments',
  singular: 'deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  namespaced: true,
  schema: 'k8s.io.api.apps.v1.Deployment',
  status: true,
  scale: {
    specReplicasPath: 'spec.replicas',
    statusReplicasPath: 'status.replicas',
    selector: (object) => (object as Deployment).spec?.selector,
  },
  strategy: {
    defaults(object) {
      const value = (object.spec ??= {} as DeploymentSpec);
      value.replicas ??= 1;
      value.revisionHistoryLimit ??= 10;
      value.progressDeadlineSeconds ??= 600;
      value.strategy ??= {};
      value.strategy.type ||= 'RollingUpdate';
      if (value.strategy.type === 'RollingUpdate') {
        value.strategy.rollingUpdate ??= {};
        value.strategy.rollingUpdate.maxUnavailable ??= '25%';
        value.strategy.rollingUpdate.maxSurge ??= '25%';
      }
      defaultPodTemplate(value);
    },
    prepareForUpdate(object, old) {
      // Annotations of a Deployment are copied to its ReplicaSets, so they count as a change to act on.
      const before = old.metadata.annotations ?? {};
      if (!deepEqual(object.metadata.annotations ?? {}, before)) {
        object.metadata.generation = (old.metadata.generation ?? 0) + 1;
      }
    },
    validate: (object) => specErrors(object.spec ?? ({} as DeploymentSpec), spec),
    validateUpdate: (object, old) =>
      immutable(object.spec?.selector, old.spec?.selector, spec.child('selector')),
    validateStatusUpdate: (object, old) => [
      ...nonNegativeFields(
        object.status ?? {},
        [
          'observedGeneration',
          'replicas',
          'updatedReplicas',
          'readyReplicas',
          'availableReplicas',
          'unavailableReplicas',
          'terminatingReplicas',
          'collisionCount',
        ],
        status,
      ),
      ...availabilityErrors(
        object.status ?? {},
        ['updatedReplicas', 'readyReplicas', 'availableReplicas'],
        status,
      ),
      ...collisionCountErrors(object.status, old.status),
    ],
    warnings: (object, old) => [
      ...(old === undefined ? podNameWarnings(object) : []),
      ...templateWarnings(object, old, object.spec?.template),
    ],
  },
  columns: [
    nameColumn,
    textColumn('Ready', 'Ready Pods against desired ones.', (object) => {
      return `${object.status?.readyReplicas ?? 0}/${object.spec?.replicas ?? 0}`;
    }),
    textColumn('Up-to-date', 'Pods of the latest template.', (object) => object.status?.updatedReplicas ?? 0),
    textColumn(
      'Available',
      'Pods ready for minReadySeconds.',
      (object) => object.status?.availableReplicas ?? 0,
    ),
    ageColumn,
    ...containerColumns<Deployment>((object) => object.spec),
    textColumn(
      'Selector',
      'Label selector of the Pods.',
      (object) => selectorTextOfMatch(object.spec?.selector),
      1,
    ),
  ],
};
