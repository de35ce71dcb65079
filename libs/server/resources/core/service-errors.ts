import {
  canonicalIp,
  duplicate,
  fieldPath,
  forbiddenField,
  invalidValue,
  isIpv6,
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
const rangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const hintsAnnotation = 'service.kubernetes.io/topology-aware-hints';
const modeAnnotation = 'service.kubernetes.io/topology-mode';
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
  return [...errors, ...clusterIpErrors(value)];
}

function clusterIpErrors(value: ServiceSpec): FieldError[] {
  const { clusterIP = '', clusterIPs: addresses = [], ipFamilies = [] } = value;
  const at = spec.child('clusterIPs');
  const errors: FieldError[] = [];
  const refuse = (detail: string) => errors.push(invalidValue(at, addresses, detail));
  if (clusterIP !== '' && addresses.length === 0) errors.push(required(at));
  else if (clusterIP !== '' && addresses[0] !== clusterIP) refuse('first value must match `clusterIP`');
  else if (clusterIP === '' && addresses.length > 0)
    refuse('must be empty when `clusterIP` is not specified');
  const checked = errors.length;
  addresses.forEach((address, index) => {
    if (index === 0 && address === 'None') {
      if (addresses.length > 1) refuse("'None' must be the first and only value");
    } else errors.push(...textErrors(validateIp(address), address, at.index(index)));
  });
  const wellFormed = errors.length === checked;
  if (addresses.length > 2) refuse('may only hold up to 2 values');
  // What follows would only repeat that there is something that is no address.
  if (!wellFormed || addresses[0] === 'None') return errors;
  const given = addresses.map((address) => (isIpv6(address) ? 'IPv6' : 'IPv4'));
  if (addresses.length > 1 && new Set(given).size < 2)
    refuse('may specify no more than one IP for each IP family');
  ipFamilies.slice(0, addresses.length).forEach((family, index) => {
    if (family === given[index] || !families.includes(family)) return;
    const detail = `expected an ${family} value as indicated by \`ipFamilies[${index}]\``;
    errors.push(invalidValue(at.index(index), addresses[index], detail));
  });
  return errors;
}

function balancerErrors(service: Service): FieldError[] {
  const value = service.spec ?? {};
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
  const annotation = service.metadata.annotations?.[rangesAnnotation];
  if (ranges.length === 0 && annotation !== undefined) {
    const where = fieldPath('metadata', 'annotations').key(rangesAnnotation);
    if (!balancer) errors.push(forbiddenField(where, only));
    for (const range of annotation.trim() === '' ? [] : annotation.split(','))
      errors.push(...textErrors(validateCidr(range.trim()), range.trim(), where));
  }
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
  const port = value.healthCheckNodePort ?? 0;
  const where = spec.child('healthCheckNodePort');
  if (port !== 0 && !(value.type === 'LoadBalancer' && external === 'Local')) {
    const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.push(invalidValue(where, port, detail));
  } else if (port !== 0) errors.push(...textErrors(validatePortNumber(port), port, where));
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
  const { [hintsAnnotation]: hints, [modeAnnotation]: mode } = service.metadata.annotations ?? {};
  if (hints !== undefined && mode !== undefined && hints !== mode) {
    const at = fieldPath('metadata', 'annotations').key(modeAnnotation);
    errors.push(invalidValue(at, mode, `must match annotations[${hintsAnnotation}] when both are specified`));
  }
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
    ...balancerErrors(service),
    ...trafficErrors(value),
  ];
}

const fixed = 'may not change once set';
const isHeadless = ({ clusterIPs = [] }: ServiceSpec): boolean =>
  clusterIPs.length === 1 && clusterIPs[0] === 'None';

/** The second address may come, and go with the policy for one; nothing else. */
function changedAddresses(now: ServiceSpec, before: ServiceSpec): FieldError[] {
  if (isHeadless(now) && isHeadless(before)) return [];
  const given = now.clusterIPs ?? [];
  const old = before.clusterIPs ?? [];
  const refuse = (index: number, detail: string) =>
    invalidValue(spec.child('clusterIPs').index(index), given, detail);
  if (old.length === given.length)
    return old.flatMap((address, index) => (address === given[index] ? [] : [refuse(index, fixed)]));
  const errors: FieldError[] = [];
  if (given.length === 0) errors.push(refuse(0, 'primary clusterIP can not be unset'));
  else if (old.length > 0 && given[0] !== old[0]) errors.push(refuse(0, fixed));
  if (old.length > 1 && given.length === 1) errors.push(...releaseErrors(now, 'clusterIP'));
  return errors;
}

/** As the addresses; a headless Service may change its families. */
function changedFamilies(now: ServiceSpec, before: ServiceSpec): FieldError[] {
  if (isHeadless(now) || isHeadless(before)) return [];
  const given = now.ipFamilies ?? [];
  const old = before.ipFamilies ?? [];
  const refuse = (value: readonly string[], detail: string) =>
    invalidValue(spec.child('ipFamilies').index(0), value, detail);
  if (old.length === given.length)
    return old.flatMap((family, index) => (family === given[index] ? [] : [refuse(given, fixed)]));
  const errors: FieldError[] = [];
  if (old.length > given.length && (now.clusterIPs ?? []).length === 0)
    errors.push(refuse(given, 'primary ipFamily can not be unset'));
  if (old.length > 0 && given.length > 0 && given[0] !== old[0])
    errors.push(refuse(now.clusterIPs ?? [], fixed));
  if (old.length > 1 && given.length === 1) errors.push(...releaseErrors(now, 'ipFamily'));
  return errors;
}

function releaseErrors(now: ServiceSpec, what: string): FieldError[] {
  const { ipFamilyPolicy } = now;
  const detail = `must be set to 'SingleStack' when releasing the secondary ${what}`;
  return ipFamilyPolicy === 'SingleStack'
    ? []
    : [invalidValue(spec.child('ipFamilyPolicy'), ipFamilyPolicy ?? null, detail)];
}

/** What may not be said of where a Service can be reached from outside. */
export function serviceStatusErrors({ spec: value = {}, status }: Service): FieldError[] {
  const points = status?.loadBalancer?.ingress ?? [];
  const list = fieldPath('status', 'loadBalancer', 'ingress');
  if (value.type !== 'LoadBalancer')
    return points.length === 0
      ? []
      : [forbiddenField(list, "may only be used when `spec.type` is 'LoadBalancer'")];
  return points.flatMap(({ ip = '', ipMode, hostname = '' }, index) => {
    const at = list.index(index);
    const mode = at.child('ipMode');
    const errors = ip === '' ? [] : textErrors(validateIp(ip), ip, at.child('ip'));
    if (ipMode === undefined) {
      if (ip !== '') errors.push(required(mode, 'must be specified when `ip` is set'));
    } else if (ip === '') errors.push(forbiddenField(mode, 'may not be specified when `ip` is not set'));
    else errors.push(...optionalOneOf(ipMode, ['Proxy', 'VIP'], mode));
    if (hostname === '') return errors;
    const where = at.child('hostname');
    errors.push(...textErrors(validateDns1123Subdomain(hostname), hostname, where));
    if (canonicalIp(hostname) !== undefined)
      errors.push(invalidValue(where, hostname, 'must be a DNS name, not an IP address'));
    return errors;
  });
}

/** What may not change in a Service. */
export function serviceChangeErrors(service: Service, old: Service): FieldError[] {
  const now = service.spec ?? {};
  const before = old.spec ?? {};
  const errors: FieldError[] = [];
  if (before.type !== 'ExternalName' && now.type !== 'ExternalName') {
    errors.push(...changedAddresses(now, before), ...changedFamilies(now, before));
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
