import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import { fieldPath, invalidValue, notSupported, required, semanticEqual } from '@drydock/base/apimachinery';
import type { DaemonSet, DaemonSetSpec, DaemonSetUpdateStrategy } from '@drydock/api/apps/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import {
  above100PercentErrors,
  ageColumn,
  alwaysRestartErrors,
  collisionCountErrors,
  containerColumns,
  defaultPodTemplate,
  immutable,
  integerColumn,
  intOrPercentErrors,
  intOrPercentValue,
  labelsText,
  nameColumn,
  nonNegative,
  nonNegativeFields,
  selectorText,
  textColumn,
  workloadSelectorErrors,
} from '../common/index.ts';
import { templateWarnings, validatePodTemplateSpec } from '../shared/index.ts';

const spec = fieldPath('spec');
const status = fieldPath('status');
const template = spec.child('template');

/** Counts the versions of the template; v1 has no field for it any more. */
const templateGenerationAnnotation = 'deprecated.daemonset.template.generation';

function templateGeneration(object: DaemonSet): number {
  const value = Number(object.metadata.annotations?.[templateGenerationAnnotation] ?? 0);
  return Number.isInteger(value) ? value : 0;
}

function setTemplateGeneration(object: DaemonSet, generation: number): void {
  object.metadata.annotations = {
    ...object.metadata.annotations,
    [templateGenerationAnnotation]: String(generation),
  };
}

function updateStrategyErrors(strategy: DaemonSetUpdateStrategy | undefined, where: FieldPath): FieldError[] {
  if (strategy?.type === 'OnDelete') return [];
  if (strategy?.type !== 'RollingUpdate')
    return [notSupported(where, strategy ?? {}, ['RollingUpdate', 'OnDelete'])];
  const at = where.child('rollingUpdate');
  const rolling = strategy.rollingUpdate;
  if (rolling === undefined) return [required(at)];
  const unavailable = at.child('maxUnavailable');
  const surge = at.child('maxSurge');
  const errors = [
    ...intOrPercentErrors(rolling.maxUnavailable, unavailable),
    ...intOrPercentErrors(rolling.maxSurge, surge),
    ...above100PercentErrors(rolling.maxUnavailable, unavailable),
    ...above100PercentErrors(rolling.maxSurge, surge),
  ];
  const hasUnavailable = intOrPercentValue(rolling.maxUnavailable) !== 0;
  const hasSurge = intOrPercentValue(rolling.maxSurge) !== 0;
  if (hasUnavailable && hasSurge) {
    errors.push(invalidValue(surge, rolling.maxSurge, 'may not be set when maxUnavailable is non-zero'));
  } else if (!hasUnavailable && !hasSurge) {
    errors.push(required(unavailable, 'cannot be 0 when maxSurge is 0'));
  }
  return errors;
}

function specErrors(value: DaemonSetSpec): FieldError[] {
  return [
    ...workloadSelectorErrors(value, spec, 'empty selector is invalid for daemonset').filter(
      // The selector's absence is told by the labels it does not match.
      (error) => error.type !== 'FieldValueRequired',
    ),
    ...validatePodTemplateSpec(value.template ?? {}, template),
    ...alwaysRestartErrors(value.template?.spec, 'DaemonSet', template.child('spec')),
    ...nonNegative(value.minReadySeconds, spec.child('minReadySeconds')),
    ...updateStrategyErrors(value.updateStrategy, spec.child('updateStrategy')),
    ...nonNegative(value.revisionHistoryLimit, spec.child('revisionHistoryLimit')),
  ];
}

/** apps/v1 DaemonSet. */
export const daemonSetDefinition: ResourceDefinition<DaemonSet> = {
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  resource: 'daemonsets',
  singular: 'daemonset',
  shortNames: ['ds'],
  categories: ['all'],
  namespaced: true,
  schema: 'k8s.io.api.apps.v1.DaemonSet',
  status: true,
  strategy: {
    defaults(object) {
      const value = (object.spec ??= {} as DaemonSetSpec);
      value.updateStrategy ??= {};
      const update = value.updateStrategy;
      update.type ||= 'RollingUpdate';
      if (update.type === 'RollingUpdate') {
        update.rollingUpdate ??= {};
        update.rollingUpdate.maxUnavailable ??= 1;
        update.rollingUpdate.maxSurge ??= 0;
      }
      value.revisionHistoryLimit ??= 10;
      defaultPodTemplate(value);
    },
    prepareForCreate(object) {
      object.status = {
        currentNumberScheduled: 0,
        desiredNumberScheduled: 0,
        numberMisscheduled: 0,
        numberReady: 0,
      };
      setTemplateGeneration(object, Math.max(1, templateGeneration(object)));
    },
    prepareForUpdate(object, old) {
      const changed = !semanticEqual(object.spec.template, old.spec.template);
      setTemplateGeneration(object, templateGeneration(old) + (changed ? 1 : 0));
    },
    validate: (object) => specErrors(object.spec),
    validateUpdate: (object, old) =>
      immutable(object.spec.selector, old.spec?.selector, spec.child('selector')),
    validateStatusUpdate: (object, old) => [
      ...nonNegativeFields(
        object.status ?? {},
        [
          'currentNumberScheduled',
          'numberMisscheduled',
          'desiredNumberScheduled',
          'numberReady',
          'observedGeneration',
          'updatedNumberScheduled',
          'numberAvailable',
          'numberUnavailable',
          'collisionCount',
        ],
        status,
      ),
      ...collisionCountErrors(object.status, old.status),
    ],
    warnings: (object, old) => templateWarnings(object, old, object.spec?.template),
  },
  columns: [
    nameColumn,
    integerColumn(
      'Desired',
      'Nodes that should run the Pod.',
      (object) => object.status?.desiredNumberScheduled,
    ),
    integerColumn(
      'Current',
      'Nodes that run the Pod and should.',
      (object) => object.status?.currentNumberScheduled,
    ),
    integerColumn('Ready', 'Nodes with a ready Pod.', (object) => object.status?.numberReady),
    integerColumn('Up-to-date', 'Nodes with a Pod of the latest template.', (object) => {
      return object.status?.updatedNumberScheduled;
    }),
    integerColumn('Available', 'Nodes with an available Pod.', (object) => object.status?.numberAvailable),
    textColumn('Node Selector', 'Labels of the nodes that are chosen.', (object) => {
      return labelsText(object.spec?.template?.spec?.nodeSelector);
    }),
    ageColumn,
    ...containerColumns<DaemonSet>((object) => object.spec),
    textColumn('Selector', 'Label selector of the Pods.', (object) => selectorText(object.spec?.selector), 1),
  ],
};
