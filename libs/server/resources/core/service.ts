import { deepEqual } from '@drydock/base/apimachinery';
import type { Service, ServicePort, ServiceSpec } from '@drydock/api/core/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { ageColumn, labelsText, nameColumn, textColumn } from '../common/index.ts';
import {
  dropFieldsOfOldType,
  isExternallyAccessible,
  serviceChangeErrors,
  serviceErrors,
  serviceStatusErrors,
} from './service-errors.ts';
import { serviceStatusWarnings, serviceWarnings } from './service-warnings.ts';

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

/** Whether it is said how long a client stays with its endpoint. */
const hasTimeout = ({ sessionAffinityConfig: config }: ServiceSpec): boolean =>
  (config?.clientIP?.timeoutSeconds ?? undefined) !== undefined;

const hasNodePorts = ({ type, allocateLoadBalancerNodePorts }: ServiceSpec) =>
  type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false);

const nodePorts = ({ ports = [] }: ServiceSpec) =>
  [...new Set(ports.map(({ nodePort }) => nodePort ?? 0))].filter((port) => port !== 0).sort();

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
    allowCreateOnUpdate: true,
    defaults(service) {
      const { spec: value } = service;
      if (value === undefined) return;
      // Clients in Go send 0 for a port they leave out.
      for (const port of value.ports ?? []) port.targetPort ||= port.port;
      if (value.sessionAffinity === 'None') delete value.sessionAffinityConfig;
      if (value.sessionAffinity === 'ClientIP' && !hasTimeout(value))
        value.sessionAffinityConfig = { clientIP: { timeoutSeconds: 10_800 } };
      if (isExternallyAccessible(value)) value.externalTrafficPolicy ||= 'Cluster';
      if (value.type === 'LoadBalancer') {
        value.allocateLoadBalancerNodePorts ??= true;
        for (const point of service.status?.loadBalancer?.ingress ?? []) if (point.ip) point.ipMode ??= 'VIP';
      }
      if (value.type !== 'ExternalName') value.internalTrafficPolicy ??= 'Cluster';
    },
    prepareForCreate(service) {
      service.status = { loadBalancer: {} };
      const { spec: value } = service;
      // Who writes only the older field means both.
      if (value?.clusterIP && (value.clusterIPs ?? []).length === 0) value.clusterIPs = [value.clusterIP];
    },
    prepareForUpdate(service, old) {
      // What clients leave out of a replacement stays as it was given.
      const now = service.spec;
      const before = old.spec;
      if (now === undefined || before === undefined) return;
      dropFieldsOfOldType(now, before);
      // Numbers that were given are given back with the type that needs them, unless their author has changed them.
      if (hasNodePorts(before) && !hasNodePorts(now) && deepEqual(nodePorts(now), nodePorts(before)))
        for (const port of now.ports ?? []) delete port.nodePort;
      if (now.type === 'ExternalName') return;
      if (!now.clusterIP && before.clusterIP) now.clusterIP = before.clusterIP;
      if (!now.clusterIPs && now.clusterIP === before.clusterIP) now.clusterIPs = before.clusterIPs;
      // Who writes only the older field means both.
      if (now.clusterIP !== before.clusterIP && deepEqual(now.clusterIPs, before.clusterIPs))
        now.clusterIPs = [now.clusterIP ?? '', ...(before.clusterIPs ?? []).slice(1)];
      if (!now.ipFamilies && before.ipFamilies) now.ipFamilies = before.ipFamilies;
      now.ipFamilyPolicy ??= before.ipFamilyPolicy;
      if (hasNodePorts(now)) {
        for (const port of now.ports ?? []) {
          const same = before.ports?.find((one) => one.port === port.port && one.protocol === port.protocol);
          if (!port.nodePort && same?.nodePort) port.nodePort = same.nodePort;
        }
      }
    },
    validate: serviceErrors,
    validateUpdate: serviceChangeErrors,
    validateStatusUpdate: serviceStatusErrors,
    warnings: serviceWarnings,
    statusWarnings: serviceStatusWarnings,
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
      (service) => service.spec?.clusterIPs?.[0] || service.spec?.clusterIP || '<none>',
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
