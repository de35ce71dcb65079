import type { FieldError } from '@drydock/base/apimachinery';
import { fieldPath, invalidValue, parseCidr, required, validateCidr } from '@drydock/base/apimachinery';
import type { ServiceCIDR } from '@drydock/api/networking/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, immutable, nameColumn, textColumn, textErrors } from '../common/index.ts';

const where = fieldPath('spec', 'cidrs');

function cidrsErrors(cidrs: readonly string[], spec: unknown): FieldError[] {
  if (cidrs.length === 0) return [required(where, 'at least one CIDR required')];
  if (cidrs.length > 2) return [invalidValue(where, spec, 'may only hold up to 2 values')];
  const families = cidrs.map((cidr) => parseCidr(cidr)?.family);
  if (cidrs.length === 2 && (families.includes(undefined) || families[0] === families[1])) {
    const detail = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64';
    return [invalidValue(where, spec, detail)];
  }
  return cidrs.flatMap((cidr, index) =>
    textErrors(validateCidr(cidr, { canonical: true }), cidr, where.index(index)),
  );
}

/** networking.k8s.io/v1 ServiceCIDR: a range that addresses of Services are taken from. */
export const serviceCidrDefinition: ResourceDefinition<ServiceCIDR> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  resource: 'servicecidrs',
  singular: 'servicecidr',
  namespaced: false,
  schema: 'k8s.io.api.networking.v1.ServiceCIDR',
  status: true,
  strategy: {
    generation: false,
    validate: (object) => cidrsErrors(object.spec?.cidrs ?? [], object.spec ?? {}),
    validateUpdate: (object, old) => immutable(object.spec?.cidrs, old.spec?.cidrs, where),
  },
  columns: [
    nameColumn,
    textColumn('CIDRs', 'The ranges.', (object) => (object.spec?.cidrs ?? []).join(',')),
    ageColumn,
  ],
};
