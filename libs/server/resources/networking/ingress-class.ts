import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  byteLength,
  fieldPath,
  forbiddenField,
  notSupported,
  required,
  tooLong,
  validateDns1123Label,
} from '@drydock/base/apimachinery';
import type {
  IngressClass,
  IngressClassParametersReference,
  IngressClassSpec,
} from '@drydock/api/networking/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import {
  ageColumn,
  domainPathErrors,
  immutable,
  nameColumn,
  textColumn,
  textErrors,
} from '../common/index.ts';
import { typedReferenceErrors } from './references.ts';

const maxControllerBytes = 250;
const spec = fieldPath('spec');

function parametersErrors(
  parameters: IngressClassParametersReference | undefined,
  where: FieldPath,
): FieldError[] {
  if (parameters === undefined) return [];
  const errors = typedReferenceErrors(parameters, where);
  const { scope, namespace } = parameters;
  const at = where.child('namespace');
  if (scope === undefined) errors.push(required(where.child('scope')));
  else if (scope === 'Namespace') {
    if (namespace === undefined) errors.push(required(at, "`parameters.scope` is set to 'Namespace'"));
    else errors.push(...textErrors(validateDns1123Label(namespace), namespace, at));
  } else if (scope !== 'Cluster')
    errors.push(notSupported(where.child('scope'), scope, ['Cluster', 'Namespace']));
  else if (namespace !== undefined) errors.push(forbiddenField(at, "`parameters.scope` is set to 'Cluster'"));
  return errors;
}

function parametersText({ spec: value }: IngressClass): string {
  const parameters = value?.parameters;
  if (parameters === undefined) return '<none>';
  const group = parameters.apiGroup === undefined ? '' : `.${parameters.apiGroup}`;
  return `${parameters.kind}${group}/${parameters.name}`;
}

/** networking.k8s.io/v1 IngressClass: a kind of Ingress and who serves it. */
export const ingressClassDefinition: ResourceDefinition<IngressClass> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  resource: 'ingressclasses',
  singular: 'ingressclass',
  namespaced: false,
  schema: 'k8s.io.api.networking.v1.IngressClass',
  strategy: {
    defaults(object) {
      const parameters = object.spec?.parameters;
      if (parameters !== undefined) parameters.scope ??= 'Cluster';
    },
    validate({ spec: value = {} as IngressClassSpec }) {
      const controller = value.controller ?? '';
      const at = spec.child('controller');
      return [
        ...(byteLength(controller) > maxControllerBytes ? [tooLong(at, maxControllerBytes)] : []),
        ...domainPathErrors(controller, at),
        ...parametersErrors(value.parameters, spec.child('parameters')),
      ];
    },
    validateUpdate: (object, old) =>
      immutable(object.spec?.controller, old.spec?.controller, spec.child('controller')),
  },
  columns: [
    nameColumn,
    textColumn('Controller', 'Who serves the class.', (object) => object.spec?.controller ?? ''),
    textColumn('Parameters', 'Where its configuration is.', parametersText),
    ageColumn,
  ],
};
