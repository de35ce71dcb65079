import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  fieldPath,
  invalidValue,
  isIp,
  notSupported,
  required,
  validateDns1035Label,
  validateDns1123Subdomain,
  validateIp,
  validatePortName,
  validatePortNumber,
  validateWildcardDns1123Subdomain,
} from '@drydock/base/apimachinery';
import type {
  HTTPIngressPath,
  HTTPIngressRuleValue,
  IngressBackend,
  IngressRule,
  IngressServiceBackend,
  IngressSpec,
  IngressStatus,
} from '@drydock/api/networking/v1';
import { textErrors } from '../common/index.ts';
import { typedReferenceErrors } from './references.ts';

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'];
const badSequences = ['//', '/./', '/../', '%2f', '%2F'];
const badEndings = ['/..', '/.'];
const notAnAddress = 'must be a DNS name, not an IP address';

function serviceErrors(service: IngressServiceBackend, where: FieldPath): FieldError[] {
  const at = where.child('service');
  const name = service.name ?? '';
  const errors =
    name === ''
      ? [required(at.child('name'))]
      : textErrors(validateDns1035Label(name), name, at.child('name'));
  const portName = service.port?.name ?? '';
  const portNumber = service.port?.number ?? 0;
  if (portName !== '' && portNumber !== 0) {
    errors.push(invalidValue(where, '', 'cannot set both port name & port number'));
  } else if (portName !== '') {
    errors.push(...textErrors(validatePortName(portName), portName, at.child('port', 'name')));
  } else if (portNumber !== 0) {
    errors.push(...textErrors(validatePortNumber(portNumber), portNumber, at.child('port', 'number')));
  } else errors.push(required(where, 'port name or number is required'));
  return errors;
}

function backendErrors(backend: IngressBackend | undefined, where: FieldPath): FieldError[] {
  const { resource, service } = backend ?? {};
  if (resource !== undefined && service !== undefined) {
    return [invalidValue(where, '', 'cannot set both resource and service backends')];
  }
  if (resource !== undefined) return typedReferenceErrors(resource, where.child('resource'));
  if (service !== undefined) return serviceErrors(service, where);
  return [invalidValue(where, '', 'resource or service backend is required')];
}

function pathErrors(rule: HTTPIngressPath, where: FieldPath): FieldError[] {
  if (rule.pathType === undefined) return [required(where.child('pathType'), 'pathType must be specified')];
  const at = where.child('path');
  const path = rule.path ?? '';
  const errors: FieldError[] = [];
  const literal = rule.pathType === 'Exact' || rule.pathType === 'Prefix';
  if (!pathTypes.includes(rule.pathType)) {
    errors.push(notSupported(where.child('pathType'), rule.pathType, pathTypes));
  } else if (!path.startsWith('/') && (literal || path !== '')) {
    errors.push(invalidValue(at, path, 'must be an absolute path'));
  }
  if (literal) {
    for (const part of badSequences) {
      if (path.includes(part)) errors.push(invalidValue(at, path, `must not contain '${part}'`));
    }
    for (const part of badEndings) {
      if (path.endsWith(part)) errors.push(invalidValue(at, path, `cannot end with '${part}'`));
    }
  }
  return [...errors, ...backendErrors(rule.backend, where.child('backend'))];
}

function httpErrors(http: HTTPIngressRuleValue | undefined, where: FieldPath): FieldError[] {
  if (http === undefined) return [];
  const at = where.child('paths');
  const paths = http.paths ?? [];
  if (paths.length === 0) return [required(at)];
  return paths.flatMap((path, index) => pathErrors(path, at.index(index)));
}

function hostErrors(host: string, where: FieldPath): FieldError[] {
  const messages = host.includes('*')
    ? validateWildcardDns1123Subdomain(host)
    : validateDns1123Subdomain(host);
  return textErrors(messages, host, where);
}

function ruleErrors(rule: IngressRule, where: FieldPath, lenient: boolean): FieldError[] {
  const host = rule.host ?? '';
  const errors: FieldError[] = [];
  if (host !== '') {
    if (isIp(host)) errors.push(invalidValue(where.child('host'), host, notAnAddress));
    errors.push(...hostErrors(host, where.child('host')));
  }
  return lenient && isWildcard(rule) ? errors : [...errors, ...httpErrors(rule.http, where.child('http'))];
}

/** Names of Secrets that are none, and rules for wildcard hosts that are wrong. */
function oldFaults(old: IngressSpec | undefined) {
  const where = fieldPath();
  return {
    secrets: (old?.tls ?? []).some(({ secretName = '' }) => secretErrors(secretName, where).length > 0),
    wildcards: (old?.rules ?? []).some((rule) => isWildcard(rule) && httpErrors(rule.http, where).length > 0),
  };
}

const isWildcard = ({ host = '' }: IngressRule): boolean => host.includes('*');

function secretErrors(secret: string, where: FieldPath): FieldError[] {
  return secret === '' ? [] : textErrors(validateDns1123Subdomain(secret), secret, where);
}

/**
 * Checks the spec of an Ingress.
 * @param old what it was before: some of what was wrong then may stay
 */
export function ingressSpecErrors(spec: IngressSpec, where: FieldPath, old?: IngressSpec): FieldError[] {
  const faults = oldFaults(old);
  const errors: FieldError[] = [];
  const rules = spec.rules ?? [];
  if (rules.length === 0 && spec.defaultBackend === undefined) {
    errors.push(
      invalidValue(where, spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified'),
    );
  }
  if (spec.defaultBackend !== undefined) {
    errors.push(...backendErrors(spec.defaultBackend, where.child('defaultBackend')));
  }
  rules.forEach((rule, index) =>
    errors.push(...ruleErrors(rule, where.child('rules').index(index), faults.wildcards)),
  );
  (spec.tls ?? []).forEach((tls, index) => {
    const at = where.child('tls').index(index);
    (tls.hosts ?? []).forEach((host, hostIndex) =>
      errors.push(...hostErrors(host, at.child('hosts').index(hostIndex))),
    );
    if (!faults.secrets) errors.push(...secretErrors(tls.secretName ?? '', at.child('secretName')));
  });
  const name = spec.ingressClassName;
  if (name !== undefined) {
    errors.push(...textErrors(validateDns1123Subdomain(name), name, where.child('ingressClassName')));
  }
  return errors;
}

/** Checks the addresses that a controller reports for an Ingress. */
export function ingressStatusErrors(status: IngressStatus | undefined): FieldError[] {
  const where = fieldPath('status', 'loadBalancer', 'ingress');
  return (status?.loadBalancer?.ingress ?? []).flatMap((point, index) => {
    const { ip = '', hostname = '' } = point;
    const atHost = where.index(index).child('hostname');
    const errors = ip === '' ? [] : textErrors(validateIp(ip), ip, where.index(index).child('ip'));
    if (hostname === '') return errors;
    errors.push(...textErrors(validateDns1123Subdomain(hostname), hostname, atHost));
    if (isIp(hostname)) errors.push(invalidValue(atHost, hostname, notAnAddress));
    return errors;
  });
}
