import {
  duplicate,
  fieldPath,
  forbiddenField,
  invalidValue,
  required,
  validateCidr,
  validateDns1123Label,
  validateDns1123Subdomain,
  validateIp,
  validateLabels,
  validatePortNumber,
  validateQualifiedName,
  type FieldError,
} from '@drydock/base/apimachinery';
import type { Service, ServiceSpec } from '@drydock/api/core/v1';
import { oneOf, optionalOneOf, specialIpErrors, textErrors } from '../common/index.ts';
import { portErrors } from '../shared/index.ts';

const spec = fieldPath('spec');
const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const protocols = ['SCTP', 'TCP', 'UDP'];
const families = ['IPv4', 'IPv6'];
const familyPolicies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const distributions = ['PreferClose', 'PreferSameNode', 'PreferSameZone'];
const maxAffinitySeconds = 86_400;

/** Whether anything outside the cluster can reach the Service. */
export function isExternallyAccessible(value: ServiceSpec): boolean {
  if (value.type === 'LoadBalancer' || value.type === 'NodePort') return true;
  return value.type === 'ClusterIP' && (value.externalIPs ?? []).length > 0;
}

function portsErrors(value: ServiceSpec): FieldError[] {
  const ports = value.ports ?? [];
  const names = new Set<string>();
  return ports.flatMap((port, index) => {
    const at = spec.child('ports').index(index);
    const errors: FieldError[] = [];
    if (!port.name) {
      if (ports.length > 1) errors.push(required(at.child('name')));
    } else {
      errors.push(...textErrors(validateDns1123Label(port.name), port.name, at.child('name')));
      if (names.has(port.name)) errors.push(duplicate(at.child('name'), port.name));
      names.add(port.name);
    }
    errors.push(
      ...textErrors(validatePortNumber(port.port ?? 0), port.port ?? 0, at.child('port')),
      ...oneOf(port.protocol, protocols, at.child('protocol')),
      ...portErrors(port.targetPort, at.child('targetPort')),
    );
    const { appProtocol } = port;
    if (appProtocol !== undefined)
      errors.push(...textErrors(validateQualifiedName(appProtocol), appProtocol, at.child('appProtocol')));
    return errors;
  });
}

/** Kubernetes prints a port that is there twice whole, as its internal type. */
function wholePort(protocol: string, port: number): object {
  return { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 };
}

function repeatedPortErrors(value: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const ports = value.ports ?? [];
  const at = spec.child('ports');
  if (value.type === 'ClusterIP') {
    ports.forEach(({ nodePort }, index) => {
      if (!nodePort) return;
      const detail = "may not be used when `type` is 'ClusterIP'";
      errors.push(forbiddenField(at.index(index).child('nodePort'), detail));
    });
  }
  const nodePorts = new Set<string>();
  ports.forEach(({ nodePort, protocol }, index) => {
    if (!nodePort) return;
    const key = `${protocol}/${nodePort}`;
    if (nodePorts.has(key)) errors.push(duplicate(at.index(index).child('nodePort'), nodePort));
    nodePorts.add(key);
  });
  const numbers = new Set<string>();
  ports.forEach(({ port, protocol = '' }, index) => {
    const key = `${protocol}/${port}`;
    if (numbers.has(key)) errors.push(duplicate(at.index(index), wholePort(protocol, port ?? 0)));
    numbers.add(key);
  });
  return errors;
}

function kindErrors(value: ServiceSpec): FieldError[] {
  const headless = value.clusterIP === 'None';
  if (value.type === 'LoadBalancer' || value.type === 'NodePort') {
    const detail = `may not be set to 'None' for ${value.type} services`;
    return headless ? [invalidValue(spec.child('clusterIPs').index(0), 'None', detail)] : [];
  }
  if (value.type !== 'ExternalName') return [];
  const errors: FieldError[] = [];
  const forbid = (field: string) =>
    errors.push(forbiddenField(spec.child(field), 'may not be set for ExternalName services'));
  if ((value.clusterIPs ?? []).length > 0 || value.clusterIP) forbid('clusterIPs');
  if ((value.ipFamilies ?? []).length > 0) forbid('ipFamilies');
  if (value.ipFamilyPolicy !== undefined) forbid('ipFamilyPolicy');
  const name = (value.externalName ?? '').replace(/\.$/, '');
  const at = spec.child('externalName');
  if (name === '') return [...errors, required(at)];
  return [...errors, ...textErrors(validateDns1123Subdomain(name), name, at)];
}

function affinityErrors(value: ServiceSpec): FieldError[] {
  const { sessionAffinity, sessionAffinityConfig: config } = value;
  const errors = oneOf(sessionAffinity, ['ClientIP', 'None'], spec.child('sessionAffinity'));
  const at = spec.child('sessionAffinityConfig');
  if (sessionAffinity === 'None' && config !== undefined)
    errors.push(forbiddenField(at, 'must not be set when session affinity is None'));
  if (sessionAffinity !== 'ClientIP') return errors;
  const needed = 'when session affinity type is ClientIP';
  const timeout = at.child('clientIP', 'timeoutSeconds');
  if (config === undefined) return [...errors, required(at, needed)];
  if (config.clientIP === undefined) return [...errors, required(at.child('clientIP'), needed)];
  const seconds = config.clientIP.timeoutSeconds;
  if (seconds === undefined) return [...errors, required(timeout, needed)];
  if (seconds <= 0 || seconds > maxAffinitySeconds)
    errors.push(invalidValue(timeout, seconds, `must be greater than 0 and less than ${maxAffinitySeconds}`));
  return errors;
}

function addressErrors(value: ServiceSpec): FieldError[] {
  if (value.type === 'ExternalName') return [];
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  value.ipFamilies?.forEach((family, index) => {
    const at = spec.child('ipFamilies').index(index);
    errors.push(...optionalOneOf(family, families, at));
    if (seen.has(family)) errors.push(duplicate(at, family));
    seen.add(family);
  });
  errors.push(...optionalOneOf(value.ipFamilyPolicy, familyPolicies, spec.child('ipFamilyPolicy')));
  const addresses = value.clusterIPs ?? [];
  const at = spec.child('clusterIPs');
  if (addresses.length > 0 && value.clusterIP !== addresses[0])
    errors.push(invalidValue(at, addresses, 'first value must match `clusterIP`'));
  addresses.forEach((address, index) => {
    if (index === 0 && address === 'None') {
      if (addresses.length > 1)
        errors.push(invalidValue(at, addresses, "'None' must be the first and only value"));
    } else errors.push(...textErrors(validateIp(address), address, at.index(index)));
  });
  if (addresses.length > 2) errors.push(invalidValue(at, addresses, 'may only hold up to 2 values'));
  return errors;
}

function balancerErrors(value: ServiceSpec): FieldError[] {
  const only = "may only be used when `type` is 'LoadBalancer'";
  const balancer = value.type === 'LoadBalancer';
  const errors: FieldError[] = [];
  const ranges = value.loadBalancerSourceRanges ?? [];
  // The field's name is written with a capital in these errors.
  const at = spec.child('LoadBalancerSourceRanges');
  if (ranges.length > 0 && !balancer) errors.push(forbiddenField(at, only));
  ranges.forEach((range, index) =>
    errors.push(...textErrors(validateCidr(range.trim()), range.trim(), at.index(index))),
  );
  if (value.allocateLoadBalancerNodePorts !== undefined && !balancer)
    errors.push(forbiddenField(spec.child('allocateLoadBalancerNodePorts'), only));
  const { loadBalancerClass } = value;
  if (loadBalancerClass === undefined) return errors;
  const where = spec.child('loadBalancerClass');
  if (!balancer) return [...errors, forbiddenField(where, only)];
  return [...errors, ...textErrors(validateQualifiedName(loadBalancerClass), loadBalancerClass, where)];
}

function trafficErrors(value: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const external = value.externalTrafficPolicy;
  const at = spec.child('externalTrafficPolicy');
  if (isExternallyAccessible(value)) errors.push(...oneOf(external, ['Cluster', 'Local'], at));
  else if (external)
    errors.push(invalidValue(at, external, 'may only be set for externally-accessible services'));
  if (value.healthCheckNodePort && !(value.type === 'LoadBalancer' && external === 'Local')) {
    const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.push(invalidValue(spec.child('healthCheckNodePort'), value.healthCheckNodePort, detail));
  }
  return [
    ...errors,
    ...optionalOneOf(value.internalTrafficPolicy, ['Cluster', 'Local'], spec.child('internalTrafficPolicy')),
    ...optionalOneOf(value.trafficDistribution, distributions, spec.child('trafficDistribution')),
  ];
}

/** What is wrong with a Service, in Kubernetes' order. */
export function serviceErrors(service: Service): FieldError[] {
  const value = service.spec ?? {};
  const errors: FieldError[] = [];
  if ((value.ports ?? []).length === 0 && value.clusterIP !== 'None' && value.type !== 'ExternalName')
    errors.push(required(spec.child('ports')));
  errors.push(
    ...kindErrors(value),
    ...portsErrors(value),
    ...validateLabels(value.selector, spec.child('selector')),
    ...affinityErrors(value),
    ...addressErrors(value),
  );
  value.externalIPs?.forEach((address, index) => {
    const at = spec.child('externalIPs').index(index);
    const messages = textErrors(validateIp(address), address, at);
    errors.push(...(messages.length > 0 ? messages : specialIpErrors(address, at)));
  });
  return [
    ...errors,
    ...oneOf(value.type, types, spec.child('type')),
    ...repeatedPortErrors(value),
    ...balancerErrors(value),
    ...trafficErrors(value),
  ];
}

/** What may not change in a Service. */
export function serviceChangeErrors(service: Service, old: Service): FieldError[] {
  const now = service.spec ?? {};
  const before = old.spec ?? {};
  const errors: FieldError[] = [];
  const fixed = 'may not change once set';
  if (before.type !== 'ExternalName' && now.type !== 'ExternalName') {
    if (before.clusterIP && now.clusterIP !== before.clusterIP) {
      const given = now.clusterIPs ?? [now.clusterIP ?? ''];
      errors.push(invalidValue(spec.child('clusterIPs').index(0), given, fixed));
    }
    const [family] = before.ipFamilies ?? [];
    if (family !== undefined && now.ipFamilies?.[0] !== undefined && now.ipFamilies[0] !== family)
      errors.push(invalidValue(spec.child('ipFamilies').index(0), now.ipFamilies, fixed));
  }
  const balancers = now.type === 'LoadBalancer' && before.type === 'LoadBalancer';
  if (balancers && now.loadBalancerClass !== before.loadBalancerClass)
    errors.push(invalidValue(spec.child('loadBalancerClass'), now.loadBalancerClass ?? null, fixed));
  const checked = (value: ServiceSpec) =>
    value.type === 'LoadBalancer' && value.externalTrafficPolicy === 'Local';
  if (checked(now) && checked(before) && now.healthCheckNodePort !== before.healthCheckNodePort)
    errors.push(forbiddenField(spec.child('healthCheckNodePort'), 'field is immutable'));
  return errors;
}

/** Drops what only the old type had a use for, unless the change gives it a value of its own. */
export function dropFieldsOfOldType(now: ServiceSpec, before: ServiceSpec): void {
  const drop = (field: keyof ServiceSpec) => {
    if (now[field] === before[field]) delete now[field];
  };
  const lost = (needs: (value: ServiceSpec) => boolean) => needs(before) && !needs(now);
  const balances = (value: ServiceSpec) => value.type === 'LoadBalancer';
  if (lost((value) => balances(value) && value.externalTrafficPolicy === 'Local'))
    drop('healthCheckNodePort');
  if (lost(balances)) {
    drop('allocateLoadBalancerNodePorts');
    drop('loadBalancerClass');
  }
  if (lost(isExternallyAccessible)) drop('externalTrafficPolicy');
}
