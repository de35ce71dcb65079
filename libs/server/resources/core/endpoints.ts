import {
  fieldPath,
  required,
  validateDns1123Label,
  validateDns1123Subdomain,
  validateIp,
  validatePortNumber,
  validateQualifiedName,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type { Endpoints } from '@drydock/api/core/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { addressWarnings } from '../shared/index.ts';
import { ageColumn, nameColumn, oneOf, specialIpErrors, textColumn, textErrors } from '../common/index.ts';

const shown = 3;
const protocols = ['SCTP', 'TCP', 'UDP'];

function addresses(endpoints: Endpoints): string {
  if ((endpoints.subsets ?? []).length === 0) return '<none>';
  const all: string[] = [];
  for (const { addresses: ready, ports } of endpoints.subsets ?? []) {
    if ((ports ?? []).length === 0) for (const { ip = '' } of ready ?? []) all.push(ip);
    for (const { port } of ports ?? []) {
      for (const { ip = '' } of ready ?? []) all.push(ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);
    }
  }
  const text = all.slice(0, shown).join(',');
  return all.length > shown ? `${text} + ${all.length - shown} more...` : text;
}

type Subset = NonNullable<Endpoints['subsets']>[number];

function addressErrors(address: NonNullable<Subset['addresses']>[number], where: FieldPath): FieldError[] {
  const { ip = '', hostname = '', nodeName } = address;
  const at = where.child('ip');
  // What is no address at all is told twice.
  const errors = [...textErrors(validateIp(ip), ip, at), ...specialIpErrors(ip, at)];
  if (hostname !== '')
    errors.push(...textErrors(validateDns1123Label(hostname), hostname, where.child('hostname')));
  if (nodeName !== undefined)
    errors.push(...textErrors(validateDns1123Subdomain(nodeName), nodeName, where.child('nodeName')));
  return errors;
}

function subsetErrors(subset: Subset, where: FieldPath): FieldError[] {
  const { addresses: ready = [], notReadyAddresses: unready = [], ports = [] } = subset;
  const errors: FieldError[] = [];
  if (ready.length === 0 && unready.length === 0)
    errors.push(required(where, 'must specify `addresses` or `notReadyAddresses`'));
  ready.forEach((one, index) => errors.push(...addressErrors(one, where.child('addresses').index(index))));
  unready.forEach((one, index) =>
    errors.push(...addressErrors(one, where.child('notReadyAddresses').index(index))),
  );
  ports.forEach(({ name = '', port = 0, protocol, appProtocol }, index) => {
    const at = where.child('ports').index(index);
    if (name !== '') errors.push(...textErrors(validateDns1123Label(name), name, at.child('name')));
    else if (ports.length > 1) errors.push(required(at.child('name')));
    errors.push(
      ...textErrors(validatePortNumber(port), port, at.child('port')),
      ...oneOf(protocol, protocols, at.child('protocol')),
    );
    if (appProtocol !== undefined)
      errors.push(...textErrors(validateQualifiedName(appProtocol), appProtocol, at.child('appProtocol')));
  });
  return errors;
}

function validate({ subsets }: Endpoints): FieldError[] {
  const at = fieldPath('subsets');
  return (subsets ?? []).flatMap((subset, index) => subsetErrors(subset, at.index(index)));
}

/** The controller that makes them from Services mends addresses itself. */
function warnings({ metadata, subsets }: Endpoints): string[] {
  if (metadata.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller') return [];
  return (subsets ?? []).flatMap((subset, index) =>
    (['addresses', 'notReadyAddresses'] as const).flatMap((list) =>
      (subset[list] ?? []).flatMap(({ ip }, position) =>
        addressWarnings(ip, fieldPath('subsets').index(index).child(list).index(position).child('ip')),
      ),
    ),
  );
}

/** core/v1 Endpoints. */
export const endpointsDefinition: ResourceDefinition<Endpoints> = {
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  resource: 'endpoints',
  singular: 'endpoints',
  shortNames: ['ep'],
  namespaced: true,
  schema: 'k8s.io.api.core.v1.Endpoints',
  warning: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  strategy: { generation: false, allowCreateOnUpdate: true, validate, warnings },
  columns: [
    nameColumn as never,
    textColumn('Endpoints', 'Addresses and ports.', addresses),
    ageColumn as never,
  ],
};
