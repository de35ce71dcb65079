import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  deepEqual,
  duplicate,
  fieldPath,
  invalidValue,
  notSupported,
  parseIp,
  required,
  tooMany,
  validateDns1123Label,
  validateDns1123Subdomain,
  validateQualifiedName,
} from '@drydock/base/apimachinery';
import type { Endpoint, EndpointHints, EndpointPort, EndpointSlice } from '@drydock/api/discovery/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import {
  ageColumn,
  immutable,
  nameColumn,
  oneOf,
  specialIpErrors,
  textColumn,
  textErrors,
} from '../common/index.ts';
import { addressWarnings } from '../shared/index.ts';

const addressTypes = ['FQDN', 'IPv4', 'IPv6'];
const protocols = ['SCTP', 'TCP', 'UDP'];
const maxEndpoints = 1000;
const maxAddresses = 100;
const maxPorts = 20000;
const maxTopologyLabels = 16;
const maxHints = 8;
/** How many names a cell shows before it counts the rest. */
const shownItems = 3;

function domainErrors(address: string, where: FieldPath): FieldError[] {
  if (address === '') return [required(where)];
  const name = address.endsWith('.') ? address.slice(0, -1) : address;
  const messages = validateDns1123Subdomain(name);
  if (messages.length > 0) return textErrors([messages.join(',')], name, where);
  const labels = name.split('.');
  if (labels.length < 2) {
    return [invalidValue(where, address, 'should be a domain with at least two segments separated by dots')];
  }
  return labels.flatMap((label) => textErrors(validateDns1123Label(label), label, where));
}

function addressErrors(type: string, address: string, where: FieldPath): FieldError[] {
  switch (type) {
    case 'IPv4':
    case 'IPv6': {
      const family = parseIp(address)?.family;
      const fits = family !== undefined && `IPv${family}` === type;
      const errors = fits ? [] : [invalidValue(where, address, `must be a valid ${type} address`)];
      return [...errors, ...specialIpErrors(address, where)];
    }
    case 'FQDN':
      return domainErrors(address, where);
    default:
      return [];
  }
}

function hintErrors(hints: EndpointHints | undefined, where: FieldPath): FieldError[] {
  const check = (name: 'forZones' | 'forNodes'): FieldError[] => {
    const at = where.child(name);
    const list = hints?.[name] ?? [];
    if (list.length > maxHints) return [tooMany(at, list.length, maxHints)];
    const seen = new Set<string>();
    return list.flatMap((hint, index) => {
      const atName = at.index(index).child('name');
      const value = hint.name ?? '';
      if (seen.has(value)) return [duplicate(atName, value)];
      seen.add(value);
      const messages = name === 'forZones' ? validateQualifiedName(value) : validateDns1123Subdomain(value);
      return textErrors(messages, value, atName);
    });
  };
  return [...check('forZones'), ...check('forNodes')];
}

function endpointErrors(type: string, endpoint: Endpoint, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const addresses = endpoint.addresses ?? [];
  const atAddresses = where.child('addresses');
  if (addresses.length === 0) errors.push(required(atAddresses, 'must contain at least 1 address'));
  else if (addresses.length > maxAddresses) errors.push(tooMany(atAddresses, addresses.length, maxAddresses));
  addresses.forEach((address, index) =>
    errors.push(...addressErrors(type, address, atAddresses.index(index))),
  );
  if (endpoint.nodeName !== undefined) {
    errors.push(
      ...textErrors(validateDns1123Subdomain(endpoint.nodeName), endpoint.nodeName, where.child('nodeName')),
    );
  }
  const topology = Object.keys(endpoint.deprecatedTopology ?? {});
  if (topology.length > maxTopologyLabels) {
    errors.push(tooMany(where.child('deprecatedTopology'), topology.length, maxTopologyLabels));
  }
  if (endpoint.hostname !== undefined) {
    errors.push(
      ...textErrors(validateDns1123Label(endpoint.hostname), endpoint.hostname, where.child('hostname')),
    );
  }
  return [...errors, ...hintErrors(endpoint.hints, where.child('hints'))];
}

function portErrors(ports: readonly EndpointPort[], where: FieldPath): FieldError[] {
  if (ports.length > maxPorts) return [tooMany(where, ports.length, maxPorts)];
  const seen = new Set<string>();
  return ports.flatMap((port, index) => {
    const at = where.index(index);
    const name = port.name ?? '';
    const errors = name === '' ? [] : textErrors(validateDns1123Label(name), name, at.child('name'));
    if (seen.has(name)) errors.push(duplicate(at.child('name'), name));
    seen.add(name);
    if (port.protocol === undefined) errors.push(required(at.child('protocol')));
    else if (!protocols.includes(port.protocol)) {
      errors.push(notSupported(at.child('protocol'), port.protocol, protocols));
    }
    if (port.appProtocol !== undefined) {
      errors.push(
        ...textErrors(validateQualifiedName(port.appProtocol), port.appProtocol, at.child('appProtocol')),
      );
    }
    return errors;
  });
}

function moreText(items: readonly string[]): string {
  const shown = items.slice(0, shownItems).join(',');
  if (items.length > shownItems) return `${shown} + ${items.length - shownItems} more...`;
  return shown === '' ? '<unset>' : shown;
}

function portsText(object: EndpointSlice): string {
  return moreText((object.ports ?? []).map((port) => String(port.port ?? port.name ?? '*')));
}

function endpointsText(object: EndpointSlice): string {
  return moreText((object.endpoints ?? []).flatMap((endpoint) => endpoint.addresses ?? []));
}

function contents(object: EndpointSlice): object {
  const { metadata, ...rest } = object;
  return { ...rest, labels: metadata.labels ?? {} };
}

/** A field of the version before v1, which cannot be written through v1. */
function dropTopology({ endpoints }: EndpointSlice): void {
  for (const endpoint of endpoints ?? []) delete endpoint.deprecatedTopology;
}

/** Who makes slices from Services and Endpoints mends addresses itself. */
const mendingManagers = ['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io'];

function warnings({ metadata, addressType, endpoints }: EndpointSlice): string[] {
  const outdated = addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : [];
  if (mendingManagers.includes(metadata.labels?.['endpointslice.kubernetes.io/managed-by'] ?? ''))
    return outdated;
  const at = fieldPath('endpoints');
  return [
    ...outdated,
    ...(endpoints ?? []).flatMap(({ addresses = [] }, index) =>
      addresses.flatMap((address, position) =>
        addressWarnings(address, at.index(index).child('addresses').index(position)),
      ),
    ),
  ];
}

/** discovery.k8s.io/v1 EndpointSlice: a share of the addresses behind a Service. */
export const endpointSliceDefinition: ResourceDefinition<EndpointSlice> = {
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  resource: 'endpointslices',
  singular: 'endpointslice',
  namespaced: true,
  schema: 'k8s.io.api.discovery.v1.EndpointSlice',
  strategy: {
    generation: true,
    defaults(object) {
      for (const port of object.ports ?? []) {
        port.name ??= '';
        port.protocol ??= 'TCP';
      }
    },
    prepareForCreate: dropTopology,
    prepareForUpdate(object, old) {
      dropTopology(object);
      // Labels say what the slice is of, so they count as content here.
      if (!deepEqual(contents(object), contents(old))) {
        object.metadata.generation = (old.metadata.generation ?? 0) + 1;
      }
    },
    validate: (object) => [
      ...oneOf(object.addressType, addressTypes, fieldPath('addressType')),
      ...((object.endpoints ?? []).length > maxEndpoints
        ? [tooMany(fieldPath('endpoints'), (object.endpoints ?? []).length, maxEndpoints)]
        : (object.endpoints ?? []).flatMap((endpoint, index) =>
            endpointErrors(object.addressType, endpoint, fieldPath('endpoints').index(index)),
          )),
      ...portErrors(object.ports ?? [], fieldPath('ports')),
    ],
    warnings,
    validateUpdate: (object, old) => immutable(object.addressType, old.addressType, fieldPath('addressType')),
  },
  columns: [
    nameColumn,
    textColumn('AddressType', 'Kind of the addresses.', (object) => object.addressType ?? ''),
    textColumn('Ports', 'Ports of every endpoint.', portsText),
    textColumn('Endpoints', 'Addresses of the endpoints.', endpointsText),
    ageColumn,
  ],
};
