import {
  deepEqual,
  duplicate,
  fieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  validateDns1123Label,
  validatePortName,
  validatePortNumber,
  type FieldError,
} from '@drydock/base/apimachinery';
import type { Service, ServicePort } from '@drydock/api/core/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, labelsText, nameColumn, textColumn } from '../common/index.ts';

const spec = fieldPath('spec');
const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const protocols = ['SCTP', 'TCP', 'UDP'];

function externalIp(service: Service): string {
  const ips = service.spec?.externalIPs ?? [];
  switch (service.spec?.type) {
    case 'LoadBalancer': {
      const ingress = (service.status?.loadBalancer?.ingress ?? []).map(
        ({ ip, hostname }) => ip || hostname || '',
      );
      const all = [...[...new Set(ingress)].filter((point) => point !== '').sort(), ...ips];
      return all.length > 0 ? all.join(',') : '<pending>';
    }
    case 'ExternalName':
      return service.spec.externalName ?? '';
    default:
      return ips.length > 0 ? ips.join(',') : '<none>';
  }
}

function portsText(ports: readonly ServicePort[] | undefined): string {
  const text = (ports ?? [])
    .map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol ?? 'TCP'}`)
    .join(',');
  return text === '' ? '<none>' : text;
}

function validatePorts(service: Service): FieldError[] {
  const errors: FieldError[] = [];
  const ports = service.spec?.ports ?? [];
  const headless = service.spec?.clusterIP === 'None';
  if (ports.length === 0 && !headless && service.spec?.type !== 'ExternalName')
    errors.push(required(spec.child('ports')));
  const names = new Set<string>();
  const taken = new Set<string>();
  ports.forEach((port, index) => {
    const at = spec.child('ports').index(index);
    if (!port.name) {
      if (ports.length > 1) errors.push(required(at.child('name')));
    } else {
      for (const message of validateDns1123Label(port.name))
        errors.push(invalidValue(at.child('name'), port.name, message));
      if (names.has(port.name)) errors.push(duplicate(at.child('name'), port.name));
      names.add(port.name);
    }
    for (const message of validatePortNumber(port.port ?? 0))
      errors.push(invalidValue(at.child('port'), port.port, message));
    if (!protocols.includes(port.protocol ?? ''))
      errors.push(notSupported(at.child('protocol'), port.protocol ?? '', protocols));
    const { targetPort } = port;
    if (typeof targetPort === 'number') {
      for (const message of validatePortNumber(targetPort))
        errors.push(invalidValue(at.child('targetPort'), targetPort, message));
    } else if (typeof targetPort === 'string') {
      for (const message of validatePortName(targetPort))
        errors.push(invalidValue(at.child('targetPort'), targetPort, message));
    }
    const key = `${port.protocol}/${port.port}`;
    if (taken.has(key)) errors.push(duplicate(at, { port: port.port, protocol: port.protocol }));
    taken.add(key);
    if (port.nodePort && service.spec?.type === 'ClusterIP') {
      errors.push(forbiddenField(at.child('nodePort'), "may not be used when `type` is 'ClusterIP'"));
    }
  });
  return errors;
}

function validate(service: Service): FieldError[] {
  const errors = validatePorts(service);
  const { type, externalName, sessionAffinity } = service.spec ?? {};
  if (!type) errors.push(required(spec.child('type')));
  else if (!types.includes(type)) errors.push(notSupported(spec.child('type'), type, types));
  if (type === 'ExternalName' && !externalName) errors.push(required(spec.child('externalName')));
  if (sessionAffinity !== undefined && !['ClientIP', 'None'].includes(sessionAffinity)) {
    errors.push(notSupported(spec.child('sessionAffinity'), sessionAffinity, ['ClientIP', 'None']));
  }
  return errors;
}

function validateUpdate(service: Service, old: Service): FieldError[] {
  const before = old.spec?.clusterIP;
  const fixed = old.spec?.type !== 'ExternalName' && service.spec?.type !== 'ExternalName';
  if (fixed && before && service.spec?.clusterIP !== before) {
    return [
      invalidValue(
        spec.child('clusterIPs').index(0),
        service.spec?.clusterIPs ?? [service.spec?.clusterIP ?? ''],
        'may not change once set',
      ),
    ];
  }
  return [];
}

/** core/v1 Service. Addresses and node ports are given by admission. */
export const serviceDefinition: ResourceDefinition<Service> = {
  group: '',
  version: 'v1',
  kind: 'Service',
  resource: 'services',
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  schema: 'k8s.io.api.core.v1.Service',
  status: true,
  strategy: {
    returnDeletedObject: true,
    generation: false,
    nameFormat: 'dns1035label',
    defaults(service) {
      const { spec: value } = service;
      if (value === undefined) return;
      for (const port of value.ports ?? []) port.targetPort ??= port.port;
      if (value.sessionAffinity === 'ClientIP') {
        value.sessionAffinityConfig ??= { clientIP: { timeoutSeconds: 10_800 } };
      }
      if (value.type === 'NodePort' || value.type === 'LoadBalancer')
        value.externalTrafficPolicy ??= 'Cluster';
      if (value.type === 'LoadBalancer') value.allocateLoadBalancerNodePorts ??= true;
      if (value.type !== 'ExternalName') value.internalTrafficPolicy ??= 'Cluster';
    },
    prepareForCreate(service) {
      service.status = { loadBalancer: {} };
    },
    prepareForUpdate(service, old) {
      // What clients leave out of a replacement stays as it was given.
      const now = service.spec;
      const before = old.spec;
      if (now === undefined || before === undefined || now.type === 'ExternalName') return;
      if (!now.clusterIP && before.clusterIP) now.clusterIP = before.clusterIP;
      if (!now.clusterIPs && now.clusterIP === before.clusterIP) now.clusterIPs = before.clusterIPs;
      if (!now.ipFamilies && before.ipFamilies) now.ipFamilies = before.ipFamilies;
      now.ipFamilyPolicy ??= before.ipFamilyPolicy;
      if (now.type === 'NodePort' || now.type === 'LoadBalancer') {
        for (const port of now.ports ?? []) {
          const same = before.ports?.find((one) => one.port === port.port && one.protocol === port.protocol);
          if (!port.nodePort && same?.nodePort) port.nodePort = same.nodePort;
        }
      } else if (before.type !== now.type) {
        for (const [index, port] of (now.ports ?? []).entries()) {
          if (deepEqual(port.nodePort, before.ports?.[index]?.nodePort)) delete port.nodePort;
        }
      }
    },
    validate,
    validateUpdate,
  },
  selectableFields: {
    'spec.clusterIP': (service) => service.spec?.clusterIP ?? '',
    'spec.type': (service) => service.spec?.type ?? '',
  },
  columns: [
    nameColumn as never,
    textColumn('Type', 'How the Service is exposed.', (service) => service.spec?.type ?? ''),
    textColumn(
      'Cluster-IP',
      'Address inside the cluster.',
      (service) => service.spec?.clusterIPs?.[0] ?? service.spec?.clusterIP ?? '<none>',
    ),
    textColumn('External-IP', 'Address outside the cluster.', externalIp),
    textColumn('Port(s)', 'Ports, node ports and protocols.', (service) => portsText(service.spec?.ports)),
    ageColumn as never,
    textColumn(
      'Selector',
      'Labels of the Pods behind it.',
      (service) => labelsText(service.spec?.selector),
      1,
    ),
  ],
};
