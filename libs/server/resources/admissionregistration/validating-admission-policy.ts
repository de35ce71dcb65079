import type { ValidatingAdmissionPolicy } from '@drydock/api/admissionregistration/v1';
import { fieldPath, required } from '@drydock/base/apimachinery';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, integerColumn, nameColumn, textColumn } from '../common/index.ts';
import { defaultMatchResources, paramKindText, policyErrors, validationsErrors } from './policy-errors.ts';

const warnings = fieldPath('status', 'typeChecking', 'expressionWarnings');

/** admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy: expressions that may refuse objects. */
export const validatingAdmissionPolicyDefinition: ResourceDefinition<ValidatingAdmissionPolicy> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  resource: 'validatingadmissionpolicies',
  singular: 'validatingadmissionpolicy',
  categories: ['api-extensions'],
  namespaced: false,
  schema: 'k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicy',
  status: true,
  strategy: {
    allowUnconditionalUpdate: false,
    validateStatusUpdate: ({ status }) => [
      ...(status?.typeChecking?.expressionWarnings ?? []).flatMap(({ fieldRef, warning }, index) => {
        const at = warnings.index(index);
        return [
          ...(warning ? [] : [required(at.child('warning'))]),
          ...(fieldRef?.trim() ? [] : [required(at.child('fieldRef'))]),
        ];
      }),
    ],
    defaults({ spec }) {
      if (spec === undefined) return;
      spec.failurePolicy ??= 'Fail';
      defaultMatchResources(spec.matchConstraints);
    },
    validate: ({ metadata, spec = {} as ValidatingAdmissionPolicy['spec'] }) => [
      ...policyErrors(spec),
      ...validationsErrors(metadata.name ?? '', spec),
    ],
  },
  columns: [
    nameColumn,
    integerColumn('Validations', 'Number of rules.', (object) => object.spec?.validations?.length),
    textColumn('ParamKind', 'Kind of its parameters.', (object) => paramKindText(object.spec?.paramKind)),
    ageColumn,
  ],
};
