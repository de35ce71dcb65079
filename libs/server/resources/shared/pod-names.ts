import {
  invalidValue,
  required,
  validateDns1123Label,
  validateDns1123Subdomain,
  validateIp,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type { PodSpec } from '@drydock/api/core/v1';
import { textErrors } from '../common/index.ts';

const maxNameservers = 3;
const maxSearches = 32;
const maxSearchCharacters = 2048;

/** A search domain: underscores are let through, and so is the root. */
function searchErrors(search: string, where: FieldPath): FieldError[] {
  if (search === '.') return [];
  const name = search.replace(/\.$/, '').replaceAll('_', '-');
  return textErrors(validateDns1123Subdomain(name.replace(/^-|-$/g, 'a')), search, where);
}

/** How a Pod looks names up. */
export function validateDnsConfig(spec: PodSpec, where: FieldPath): FieldError[] {
  const config = spec.dnsConfig ?? undefined;
  const errors: FieldError[] = [];
  const servers = where.child('nameservers');
  if (spec.dnsPolicy === 'None') {
    if (config === undefined) return [required(where, 'must provide `dnsConfig` when `dnsPolicy` is None')];
    if ((config.nameservers ?? []).length === 0)
      return [required(servers, 'must provide at least one DNS nameserver when `dnsPolicy` is None')];
  }
  if (config === undefined) return errors;
  const { nameservers = [], searches = [], options = [] } = config;
  if (nameservers.length > maxNameservers)
    errors.push(invalidValue(servers, nameservers, `must not have more than ${maxNameservers} nameservers`));
  nameservers.forEach((server, index) =>
    errors.push(...textErrors(validateIp(server), server, servers.index(index))),
  );
  const at = where.child('searches');
  if (searches.length > maxSearches)
    errors.push(invalidValue(at, searches, `must not have more than ${maxSearches} search paths`));
  if (searches.join(' ').length > maxSearchCharacters) {
    const detail = `must not have more than ${maxSearchCharacters} characters (including spaces) in the search list`;
    errors.push(invalidValue(at, searches, detail));
  }
  searches.forEach((search, index) => errors.push(...searchErrors(search, at.index(index))));
  options.forEach(({ name }, index) => {
    if (!name) errors.push(required(where.child('options').index(index), 'must not be empty'));
  });
  return errors;
}

/** The names a Pod gives itself and others: host name, subdomain and the entries of its hosts file. */
export function validateHostnames(spec: PodSpec, where: FieldPath): FieldError[] {
  return (['hostname', 'subdomain'] as const).flatMap((field) => {
    const name = spec[field];
    return name ? textErrors(validateDns1123Label(name), name, where.child(field)) : [];
  });
}

/** Entries of the hosts file. */
export function validateHostAliases(spec: PodSpec, where: FieldPath): FieldError[] {
  return (spec.hostAliases ?? []).flatMap(({ ip = '', hostnames = [] }, index) => {
    const at = where.index(index);
    return [
      ...textErrors(validateIp(ip), ip, at.child('ip')),
      ...hostnames.flatMap((name, place) =>
        textErrors(validateDns1123Subdomain(name), name, at.child('hostnames').index(place)),
      ),
    ];
  });
}
