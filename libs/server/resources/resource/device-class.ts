import type { FieldError } from '@drydock/base/apimachinery';
import { fieldPath, invalidValue, validateQualifiedName } from '@drydock/base/apimachinery';
import type { DeviceClass } from '@drydock/api/resource/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, nameColumn } from '../common/index.ts';
import { itemsErrors } from './checks.ts';
import { configurationErrors, selectorsErrors } from './device-selectors.ts';

const maxConfig = 32;
const spec = fieldPath('spec');

/** Resources in a domain that is not Kubernetes' own and is not that of requests in quotas. */
function isExtendedResourceName(name: string): boolean {
  const native = !name.includes('/') || name.includes('kubernetes.io/');
  if (native || name.startsWith('requests.')) return false;
  return validateQualifiedName(`requests.${name}`).length === 0;
}

function deviceClassErrors({ spec: value }: DeviceClass): FieldError[] {
  const errors = [
    ...selectorsErrors(value?.selectors, spec.child('selectors')),
    ...itemsErrors(value?.config, maxConfig, spec.child('config'), configurationErrors),
  ];
  const name = value?.extendedResourceName;
  if (name !== undefined && !isExtendedResourceName(name)) {
    const at = spec.child('extendedResourceName');
    errors.push(invalidValue(at, name, 'must be a valid extended resource name'));
  }
  return errors;
}

/** resource.k8s.io/v1 DeviceClass: a kind of device that claims can ask for by name. */
export const deviceClassDefinition: ResourceDefinition<DeviceClass> = {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'DeviceClass',
  resource: 'deviceclasses',
  singular: 'deviceclass',
  namespaced: false,
  schema: 'k8s.io.api.resource.v1.DeviceClass',
  strategy: { generation: true, validate: deviceClassErrors },
  columns: [nameColumn as never, ageColumn as never],
};
