import type { MutatingAdmissionPolicy, Mutation } from '@drydock/api/admissionregistration/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, integerColumn, nameColumn, textColumn } from '../common/index.ts';
import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import { fieldPath, invalidValue, required } from '@drydock/base/apimachinery';
import { appliedType, patchListType, type ExpressionScope } from '../../admission/index.ts';
import { oneOf } from '../common/index.ts';
import {
  defaultMatchResources,
  expressionErrors,
  paramKindText,
  policyErrors,
  policyScope,
} from './policy-errors.ts';

const where = fieldPath('spec');

/** A mutation is of one type, and its expression makes what that type asks for. */
function mutationErrors(mutation: Mutation, scope: ExpressionScope, at: FieldPath): FieldError[] {
  const { patchType } = mutation;
  const wrongType = oneOf(patchType, ['ApplyConfiguration', 'JSONPatch'], at.child('patchType'));
  if (wrongType.length > 0) return wrongType;
  const [own, other] =
    patchType === 'JSONPatch'
      ? (['jsonPatch', 'applyConfiguration'] as const)
      : (['applyConfiguration', 'jsonPatch'] as const);
  const errors: FieldError[] = [];
  const expression = mutation[own]?.expression?.trim();
  const path = at.child(own);
  if (mutation[own] === undefined)
    errors.push(required(path, `must be specified when patchType is ${patchType}`));
  else if (!expression) errors.push(required(path.child('expression')));
  else {
    const wanted = patchType === 'JSONPatch' ? patchListType : appliedType;
    errors.push(...expressionErrors(expression, scope, [wanted], path.child('expression')));
  }
  if (mutation[other] !== undefined) {
    const detail = `must not be specified when patchType is ${patchType}`;
    errors.push(invalidValue(at.child(other), `{${other}}`, detail));
  }
  return errors;
}

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
      const scope = { ...policyScope(spec), changes: true };
      const { reinvocationPolicy } = spec;
      return [
        ...policyErrors(spec, true),
        ...(mutations.length === 0 ? [required(at, 'mutations must contain at least one item')] : []),
        ...mutations.flatMap((mutation, index) => mutationErrors(mutation, scope, at.index(index))),
        ...oneOf(reinvocationPolicy, ['IfNeeded', 'Never'], where.child('reinvocationPolicy')),
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
