import { fieldPath } from '@drydock/base/apimachinery';
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec } from '@drydock/api/autoscaling/v2';
import type { ResourceDefinition, Strategy } from '../../registry/types.ts';
import { ageColumn, nameColumn, nonNegativeFields, textColumn } from '../common/index.ts';
import { defaultAutoscaler } from './defaults.ts';
import { autoscalerSpecErrors } from './spec-errors.ts';
import { targetsText } from './targets-text.ts';

const none = {} as HorizontalPodAutoscalerSpec;

function validation(
  scaleToZero: boolean,
): Pick<Strategy<HorizontalPodAutoscaler>, 'validate' | 'validateUpdate'> {
  return {
    validate: (object) => autoscalerSpecErrors(object.spec ?? none, undefined, scaleToZero),
    validateUpdate: (object, old) => autoscalerSpecErrors(object.spec ?? none, old.spec ?? none, scaleToZero),
  };
}

/** autoscaling/v2 HorizontalPodAutoscaler: the stored version. */
export const horizontalPodAutoscalerDefinition: ResourceDefinition<HorizontalPodAutoscaler> = {
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  resource: 'horizontalpodautoscalers',
  singular: 'horizontalpodautoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  namespaced: true,
  schema: 'k8s.io.api.autoscaling.v2.HorizontalPodAutoscaler',
  status: true,
  strategy: {
    // Kubernetes counts them from 1.37 on.
    generation: false,
    defaults: defaultAutoscaler,
    prepareForCreate(object) {
      object.status = { desiredReplicas: 0 };
    },
    ...validation(false),
    updatesValidateAlone: true,
    validateStatusUpdate: (object) =>
      nonNegativeFields(object.status ?? {}, ['currentReplicas', 'desiredReplicas'], fieldPath('status')),
  },
  columns: [
    nameColumn,
    textColumn('Reference', 'Kind and name of what is scaled.', ({ spec }) => {
      return `${spec?.scaleTargetRef?.kind ?? ''}/${spec?.scaleTargetRef?.name ?? ''}`;
    }),
    textColumn('Targets', 'Current against wanted values of the metrics.', ({ spec, status }) => {
      return targetsText(spec?.metrics ?? [], status?.currentMetrics ?? []);
    }),
    textColumn('MinPods', 'Replicas at least.', (object) => String(object.spec?.minReplicas ?? '<unset>')),
    textColumn('MaxPods', 'Replicas at most.', (object) => object.spec?.maxReplicas ?? 0),
    textColumn('Replicas', 'Replicas now.', (object) => object.status?.currentReplicas ?? 0),
    ageColumn,
  ],
};

/** The same with the feature gate HPAScaleToZero: an autoscaler may ask for no replicas at all. */
export const horizontalPodAutoscalerToZeroDefinition: ResourceDefinition<HorizontalPodAutoscaler> = {
  ...horizontalPodAutoscalerDefinition,
  strategy: { ...horizontalPodAutoscalerDefinition.strategy, ...validation(true) },
};
