import type { MutatingAdmissionPolicyBinding } from '@drydock/api/admissionregistration/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, nameColumn, textColumn } from '../common/index.ts';
import { bindingErrors, defaultMatchResources, paramRefText } from './policy-errors.ts';

/** admissionregistration.k8s.io/v1 MutatingAdmissionPolicyBinding: where a mutating policy holds. */
export const mutatingAdmissionPolicyBindingDefinition: ResourceDefinition<MutatingAdmissionPolicyBinding> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingAdmissionPolicyBinding',
  resource: 'mutatingadmissionpolicybindings',
  singular: 'mutatingadmissionpolicybinding',
  categories: ['api-extensions'],
  namespaced: false,
  schema: 'k8s.io.api.admissionregistration.v1.MutatingAdmissionPolicyBinding',
  strategy: {
    allowUnconditionalUpdate: false,
    defaults({ spec }) {
      defaultMatchResources(spec?.matchResources);
    },
    validate: (object) => bindingErrors(object.spec ?? {}, true),
  },
  columns: [
    nameColumn,
    textColumn('PolicyName', 'The policy.', (object) => object.spec?.policyName ?? ''),
    textColumn('ParamRef', 'Its parameters.', (object) => paramRefText(object.spec?.paramRef)),
    ageColumn,
  ],
};
