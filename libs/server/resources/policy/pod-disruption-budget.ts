import type { FieldError } from '@drydock/base/apimachinery';
import { fieldPath, invalidValue, notSupported, validateLabelSelector } from '@drydock/base/apimachinery';
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '@drydock/api/policy/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import {
  above100PercentErrors,
  ageColumn,
  integerColumn,
  intOrPercentErrors,
  nameColumn,
  nonNegativeFields,
  textColumn,
} from '../common/index.ts';

const spec = fieldPath('spec');
const evictionPolicies = ['IfHealthyBudget', 'AlwaysAllow'];

function amountText(value: number | string | undefined): string {
  return value === undefined ? 'N/A' : String(value);
}

/** policy/v1 PodDisruptionBudget: how many Pods may be taken away on purpose. */
export const podDisruptionBudgetDefinition: ResourceDefinition<PodDisruptionBudget> = {
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  resource: 'poddisruptionbudgets',
  singular: 'poddisruptionbudget',
  shortNames: ['pdb'],
  namespaced: true,
  schema: 'k8s.io.api.policy.v1.PodDisruptionBudget',
  status: true,
  strategy: {
    allowUnconditionalUpdate: false,
    defaults(object) {
      object.spec ??= {};
    },
    prepareForCreate(object) {
      object.status = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
    },
    validate({ spec: value = {} }) {
      const errors: FieldError[] = [];
      const { minAvailable, maxUnavailable } = value;
      if (minAvailable !== undefined && maxUnavailable !== undefined) {
        errors.push(invalidValue(spec, value, 'minAvailable and maxUnavailable cannot be both set'));
      }
      const atMin = spec.child('minAvailable');
      const atMax = spec.child('maxUnavailable');
      errors.push(
        ...intOrPercentErrors(minAvailable, atMin),
        ...above100PercentErrors(minAvailable, atMin),
        ...intOrPercentErrors(maxUnavailable, atMax),
        ...above100PercentErrors(maxUnavailable, atMax),
        ...validateLabelSelector(value.selector, spec.child('selector')),
      );
      const policy = value.unhealthyPodEvictionPolicy;
      if (policy !== undefined && !evictionPolicies.includes(policy)) {
        errors.push(
          notSupported(spec.child('unhealthyPodEvictionPolicy'), policy, [...evictionPolicies].sort()),
        );
      }
      return errors;
    },
    validateStatusUpdate: (object) =>
      nonNegativeFields(
        object.status ?? ({} as PodDisruptionBudgetStatus),
        ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'],
        fieldPath('status'),
      ),
  },
  columns: [
    nameColumn,
    textColumn('Min Available', 'Pods that must stay available.', (object) =>
      amountText(object.spec?.minAvailable),
    ),
    textColumn('Max Unavailable', 'Pods that may be away.', (object) =>
      amountText(object.spec?.maxUnavailable),
    ),
    integerColumn('Allowed Disruptions', 'Pods that may be taken away now.', (object) => {
      return object.status?.disruptionsAllowed;
    }),
    ageColumn,
  ],
};
