import type { FieldError } from '@drydock/base/apimachinery';
import {
  fieldPath,
  formatTime,
  invalidValue,
  required,
  validateDns1035Label,
  validateDns1123Subdomain,
  validatePortNumber,
} from '@drydock/base/apimachinery';
import type { APIService, APIServiceSpec, ServiceReference } from '@drydock/api/apiregistration/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, nameColumn, textColumn, textErrors } from '../common/index.ts';

const spec = fieldPath('spec');
const defaultPort = 443;
const maxGroupPriority = 20_000;
const maxVersionPriority = 1000;

function groupErrors({ group = '', version = '' }: APIServiceSpec): FieldError[] {
  const at = spec.child('group');
  if (group !== '') return textErrors(validateDns1123Subdomain(group), group, at);
  return version === 'v1'
    ? []
    : [required(at, 'only v1 may have an empty group and it better be legacy kube')];
}

function serviceErrors(service: ServiceReference | undefined): FieldError[] {
  if (service === undefined) return [];
  const where = spec.child('service');
  const errors: FieldError[] = [];
  if ((service.namespace ?? '') === '') errors.push(required(where.child('namespace')));
  if ((service.name ?? '') === '') errors.push(required(where.child('name')));
  const port = service.port ?? 0;
  return [...errors, ...textErrors(validatePortNumber(port), port, where.child('port'))];
}

function specErrors(value: APIServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const priority = (name: 'groupPriorityMinimum' | 'versionPriority', max: number): void => {
    const number = value[name] ?? 0;
    if (number <= 0 || number > max) {
      errors.push(invalidValue(spec.child(name), number, `must be positive and less than ${max}`));
    }
  };
  priority('groupPriorityMinimum', maxGroupPriority);
  priority('versionPriority', maxVersionPriority);
  const skips = value.insecureSkipTLSVerify === true;
  const bundled = (value.caBundle ?? '') !== '';
  if (value.service === undefined) {
    if (bundled) {
      errors.push(
        invalidValue(
          spec.child('caBundle'),
          `${value.caBundle ?? ''}`,
          'local APIServices may not have a caBundle',
        ),
      );
    }
    if (skips) {
      const detail = 'local APIServices may not have insecureSkipTLSVerify';
      errors.push(invalidValue(spec.child('insecureSkipTLSVerify'), true, detail));
    }
    return errors;
  }
  errors.push(...serviceErrors(value.service));
  if (skips && bundled) {
    const detail = 'may not be true if caBundle is present';
    errors.push(invalidValue(spec.child('insecureSkipTLSVerify'), true, detail));
  }
  return errors;
}

function validate({ metadata, spec: value = {} as APIServiceSpec }: APIService): FieldError[] {
  const { group = '', version = '' } = value;
  const expected = `${version}.${group}`;
  const name = metadata.name ?? '';
  return [
    ...(name === expected
      ? []
      : [
          invalidValue(
            fieldPath('metadata', 'name'),
            name,
            `must be \`spec.version+"."+spec.group\`: "${expected}"`,
          ),
        ]),
    ...groupErrors(value),
    ...textErrors(validateDns1035Label(version), version, spec.child('version')),
    ...specErrors(value),
  ];
}

function serviceText({ spec: value }: APIService): string {
  return value?.service === undefined ? 'Local' : `${value.service.namespace}/${value.service.name}`;
}

function availableText({ status }: APIService): string {
  const condition = status?.conditions?.find(({ type }) => type === 'Available');
  if (condition === undefined) return 'Unknown';
  if (condition.status === 'True') return 'True';
  return `${condition.status} (${condition.reason ?? ''})`;
}

/** What is said of a group version that is served here. */
export const localAvailability = {
  status: 'True',
  reason: 'Local',
  message: 'Local APIServices are always available',
} as const;

const localCondition = (nowMs: number) => ({
  type: 'Available',
  lastTransitionTime: formatTime(nowMs),
  ...localAvailability,
});

/** apiregistration.k8s.io/v1 APIService: who serves a group and version. */
export const apiServiceDefinition: ResourceDefinition<APIService> = {
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  resource: 'apiservices',
  singular: 'apiservice',
  categories: ['api-extensions'],
  namespaced: false,
  schema: 'k8s.io.kube_aggregator.pkg.apis.apiregistration.v1.APIService',
  status: true,
  strategy: {
    nameFormat: 'path',
    generation: false,
    allowUnconditionalUpdate: false,
    defaults(object) {
      const service = object.spec?.service;
      if (service !== undefined) service.port ??= defaultPort;
    },
    prepareForCreate(object, { clock }) {
      // What is served here needs no check.
      object.status = object.spec?.service === undefined ? { conditions: [localCondition(clock.now())] } : {};
    },
    // What it was created with is told above.
    keepStatusOnCreate: true,
    validate,
  },
  columns: [
    nameColumn,
    textColumn('Service', 'Service behind it, or Local.', serviceText),
    textColumn('Available', 'Whether it can be reached.', availableText),
    ageColumn,
  ],
};
