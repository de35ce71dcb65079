import type { FieldError } from '@drydock/base/apimachinery';
import {
  fieldPath,
  required,
  validateDns1123Subdomain,
  validateIp,
  validatePathSegment,
} from '@drydock/base/apimachinery';
import type { IPAddress, ParentReference } from '@drydock/api/networking/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { immutable, nameColumn, textColumn, textErrors } from '../common/index.ts';
import { pathPartErrors } from './references.ts';

const where = fieldPath('spec', 'parentRef');

function parentErrors(parent: ParentReference | undefined): FieldError[] {
  if (parent === undefined) return [required(where)];
  const { group = '', resource, name, namespace = '' } = parent;
  return [
    ...(group === '' ? [] : textErrors(validateDns1123Subdomain(group), group, where.child('group'))),
    ...pathPartErrors(resource, where.child('resource')),
    ...pathPartErrors(name, where.child('name')),
    ...textErrors(validatePathSegment(namespace), namespace, where.child('namespace')),
  ];
}

function parentText({ spec }: IPAddress): string {
  const parent = spec?.parentRef;
  if (parent === undefined) return '<none>';
  const { group = '', resource, name, namespace = '' } = parent;
  const owner = (group === '' ? resource : `${resource}.${group}`).toLowerCase();
  return [owner, namespace, name].filter((part) => part !== '').join('/');
}

/** networking.k8s.io/v1 IPAddress: an address of the cluster's Services that is taken. */
export const ipAddressDefinition: ResourceDefinition<IPAddress> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  resource: 'ipaddresses',
  singular: 'ipaddress',
  shortNames: ['ip'],
  namespaced: false,
  schema: 'k8s.io.api.networking.v1.IPAddress',
  strategy: {
    generation: false,
    // Colons of IPv6 are no part of DNS names; that it is an address is checked below.
    nameFormat: 'path',
    validate(object) {
      const name = object.metadata.name ?? '';
      return [
        ...textErrors(validateIp(name, { canonical: true }), name, fieldPath('metadata', 'name')),
        ...parentErrors(object.spec?.parentRef),
      ];
    },
    validateUpdate: (object, old) => immutable(object.spec?.parentRef, old.spec?.parentRef, where),
  },
  columns: [nameColumn, textColumn('ParentRef', 'Who holds it.', parentText)],
};
