import type { ValidatingAdmissionPolicyBinding } from '@drydock/api/admissionregistration/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, nameColumn, textColumn } from '../common/index.ts';
import { actionsErrors, bindingErrors, defaultMatchResources, paramRefText } from './policy-errors.ts';

/** admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding: where a validating policy holds. */
export const validatingAdmissionPolicyBindingDefinition: ResourceDefinition<ValidatingAdmissionPolicyBinding> =
  {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    resource: 'validatingadmissionpolicybindings',
    singular: 'validatingadmissionpolicybinding',
    categories: ['api-extensions'],
    namespaced: false,
    schema: 'k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding',
    strategy: {
      allowUnconditionalUpdate: false,
      defaults({ spec }) {
        defaultMatchResources(spec?.matchResources);
      },
      validate: ({ spec = {} as ValidatingAdmissionPolicyBinding['spec'] }) => [
        ...bindingErrors(spec),
        ...actionsErrors(spec.validationActions ?? []),
      ],
    },
    columns: [
      nameColumn,
      textColumn('PolicyName', 'The policy.', (object) => object.spec?.policyName ?? ''),
      textColumn('ParamRef', 'Its parameters.', (object) => paramRefText(object.spec?.paramRef)),
      ageColumn,
    ],
  };
