import type { FieldPath } from '@drydock/base/apimachinery';
import {
  dropLeadingZeros,
  formatCidr,
  formatIp,
  goQuote,
  parseCidr,
  parseIp,
} from '@drydock/base/apimachinery';
import type { IpAddress } from '@drydock/base/apimachinery';

const invalidSoon = 'will be considered invalid in a future Kubernetes release';

/** The IPv4 address that an IPv6 one maps; any other as it is. */
function unmapped(ip: IpAddress): IpAddress {
  return ip.family === 6 && ip.value >> 32n === 0xffffn ? { family: 4, value: ip.value & 0xffffffffn } : ip;
}

/** Advice on an address that is valid but not in the form that everybody reads alike; none on what is no address. */
export function addressWarnings(text: string | undefined, at: FieldPath): string[] {
  const strict = parseIp(text ?? '');
  const ip = strict ?? parseIp(dropLeadingZeros(text ?? ''));
  if (text === undefined || ip === undefined) return [];
  const plain = unmapped(ip);
  if (strict === undefined || plain !== ip) {
    const use = `${invalidSoon}: use ${goQuote(formatIp(plain))}`;
    return [`${at.toString()}: non-standard IP address ${goQuote(text)} ${use}`];
  }
  const canonical = formatIp(ip);
  if (ip.family === 4 || canonical === text) return [];
  const should = `should be in RFC 5952 canonical format (${goQuote(canonical)})`;
  return [`${at.toString()}: IPv6 address ${goQuote(text)} ${should}`];
}

/** The same of a range, which should also have no bits beyond its prefix. */
export function rangeWarnings(text: string | undefined, at: FieldPath): string[] {
  if (text === undefined) return [];
  const strict = parseCidr(text);
  const lenient = strict === undefined ? dropLeadingZeros(text) : text;
  const cidr = strict ?? parseCidr(lenient);
  const ip = parseIp(lenient.slice(0, lenient.indexOf('/')));
  if (cidr === undefined || ip === undefined) return [];
  const shown = formatCidr(cidr);
  const warnings: string[] = [];
  if (ip.value !== cidr.base) {
    const single = `${formatIp(ip)}/${ip.family === 4 ? 32 : 128}`;
    const either = `(should be ${goQuote(shown)} or ${goQuote(single)}?)`;
    warnings.push(`${at.toString()}: CIDR value ${goQuote(text)} is ambiguous in this context ${either}`);
  }
  if (strict === undefined || unmapped(ip) !== ip) {
    const use = `${invalidSoon}: use ${goQuote(shown)}`;
    warnings.push(`${at.toString()}: non-standard CIDR value ${goQuote(text)} ${use}`);
  }
  if (warnings.length === 0 && ip.family === 6 && shown !== text) {
    const should = `should be in RFC 5952 canonical format (${goQuote(shown)})`;
    warnings.push(`${at.toString()}: IPv6 CIDR value ${goQuote(text)} ${should}`);
  }
  return warnings;
}
