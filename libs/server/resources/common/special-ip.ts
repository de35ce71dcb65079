import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import { cidrContains, invalidValue, parseCidr, parseIp } from '@drydock/base/apimachinery';

const unspecified = 'may not be unspecified';
const loopback = 'may not be in the loopback range (127.0.0.0/8, ::1/128)';
const linkLocal = 'may not be in the link-local range (169.254.0.0/16, fe80::/10)';
const linkLocalMulticast = 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)';

const special: readonly [network: string, detail: string][] = [
  ['0.0.0.0/32', unspecified],
  ['::/128', unspecified],
  ['127.0.0.0/8', loopback],
  ['::1/128', loopback],
  ['169.254.0.0/16', linkLocal],
  ['fe80::/10', linkLocal],
  ['224.0.0.0/24', linkLocalMulticast],
  ['ff02::/16', linkLocalMulticast],
];

/** Endpoints are reached over the network, so addresses that mean "this host" or "this link" are refused. */
export function specialIpErrors(text: string, where: FieldPath): FieldError[] {
  const address = parseIp(text);
  if (address === undefined) return [invalidValue(where, text, 'must be a valid IP address')];
  return special
    .filter(([network]) => {
      const cidr = parseCidr(network);
      return cidr !== undefined && cidrContains(cidr, address);
    })
    .map(([, detail]) =>
      invalidValue(where, text, detail === unspecified ? `${unspecified} (${text})` : detail),
    );
}
