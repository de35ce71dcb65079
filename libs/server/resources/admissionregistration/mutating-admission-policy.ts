import type { MutatingAdmissionPolicy } from '@drydock/api/admissionregistration/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, integerColumn, nameColumn, textColumn } from '../common/index.ts';
import { fieldPath, required } from '@drydock/base/apimachinery';
import { oneOf } from '../common/index.ts';
import { defaultMatchResources, paramKindText, policyErrors } from './policy-errors.ts';
import { matchConditionsErrors } from './rules-errors.ts';

const where = fieldPath('spec');

/** admissionregistration.k8s.io/v1 MutatingAdmissionPolicy: expressions that may change objects. */
export const mutatingAdmissionPolicyDefinition: ResourceDefinition<MutatingAdmissionPolicy> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingAdmissionPolicy',
  resource: 'mutatingadmissionpolicies',
  singular: 'mutatingadmissionpolicy',
  categories: ['api-extensions'],
  namespaced: false,
  schema: 'k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicy',
  strategy: {
    allowUnconditionalUpdate: false,
    defaults({ spec }) {
      if (spec === undefined) return;
      spec.failurePolicy ??= 'Fail';
      defaultMatchResources(spec.matchConstraints);
    },
    validate({ spec = {} as MutatingAdmissionPolicy['spec'] }) {
      const mutations = spec.mutations ?? [];
      const at = where.child('mutations');
      return [
        ...policyErrors(spec),
        ...matchConditionsErrors(spec.matchConditions ?? [], where.child('matchConditions')),
        ...(mutations.length === 0 ? [required(at, 'mutations must contain at least one item')] : []),
        ...mutations.flatMap(({ patchType }, index) =>
          oneOf(patchType, ['ApplyConfiguration', 'JSONPatch'], at.index(index).child('patchType')),
        ),
        ...oneOf(spec.reinvocationPolicy, ['IfNeeded', 'Never'], where.child('reinvocationPolicy')),
      ];
    },
  },
  columns: [
    nameColumn,
    integerColumn('Mutations', 'Number of changes.', (object) => object.spec?.mutations?.length),
    textColumn('ParamKind', 'Kind of its parameters.', (object) => paramKindText(object.spec?.paramKind)),
    ageColumn,
  ],
};
