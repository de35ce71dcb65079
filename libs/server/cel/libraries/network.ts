import {
  cidrContains,
  formatCidr,
  formatIp,
  parseCidr,
  parseIp,
  type Cidr,
  type IpAddress,
} from '@drydock/base/apimachinery';
import { library, type Library } from '../library.ts';
import { CelError, Opaque, PlainMap } from '../values.ts';

const ipType = 'net.IP';
const cidrType = 'net.CIDR';
const urlType = 'kubernetes.URL';

function wrapIp(address: IpAddress): Opaque {
  return new Opaque(
    ipType,
    address,
    (other) => (other as IpAddress).family === address.family && (other as IpAddress).value === address.value,
    () => formatIp(address),
  );
}

/** Neither zones nor IPv4 in IPv6 form are taken. */
function readIp(text: string): IpAddress | undefined {
  if (text.includes('%') || /^::ffff:\d+\./i.test(text)) return undefined;
  return parseIp(text);
}

function ip(text: string): Opaque {
  const address = readIp(text);
  if (address === undefined)
    throw new CelError(
      `IP Address ${JSON.stringify(text)} parse error during conversion from string: ParseAddr(${JSON.stringify(text)}): unable to parse IP`,
    );
  return wrapIp(address);
}

/** A range as it was written: the address keeps its bits beyond the prefix. */
interface Range extends Cidr {
  readonly address: IpAddress;
}

function wrapCidr(range: Range): Opaque {
  return new Opaque(
    cidrType,
    range,
    (other) => {
      const that = other as Range;
      return (
        that.address.value === range.address.value &&
        that.prefixLength === range.prefixLength &&
        that.family === range.family
      );
    },
    () => `${formatIp(range.address)}/${range.prefixLength}`,
  );
}

function readCidr(text: string): Range | undefined {
  const cidr = parseCidr(text);
  const address = readIp(text.slice(0, text.indexOf('/')));
  return cidr === undefined || address === undefined ? undefined : { ...cidr, address };
}

function cidr(text: string): Opaque {
  const range = readCidr(text);
  if (range === undefined)
    throw new CelError(
      `network address parse error during conversion from string: netip.ParsePrefix(${JSON.stringify(text)}): invalid`,
    );
  return wrapCidr(range);
}

const address = (value: Opaque): IpAddress => value.content as IpAddress;
const range = (value: Opaque): Range => value.content as Range;

function within(four: string, six: string): (value: Opaque) => boolean {
  const [a, b] = [parseCidr(four), parseCidr(six)];
  return (value) => {
    const one = address(value);
    const net = one.family === 4 ? a : b;
    return net !== undefined && cidrContains(net, one);
  };
}

const isLoopback = within('127.0.0.0/8', '::1/128');
const isLinkLocalMulticast = within('224.0.0.0/24', 'ff02::/16');
const isLinkLocalUnicast = within('169.254.0.0/16', 'fe80::/10');
const isMulticast = within('224.0.0.0/4', 'ff00::/8');
const isUnspecified = (value: Opaque): boolean => address(value).value === 0n;
const isBroadcast = (value: Opaque): boolean =>
  address(value).family === 4 && address(value).value === 2n ** 32n - 1n;

function containsCidr(outer: Range, inner: Range): boolean {
  return (
    outer.family === inner.family &&
    outer.prefixLength <= inner.prefixLength &&
    cidrContains(outer, { family: inner.family, value: inner.base })
  );
}

function needed<T>(value: T | undefined, text: string): T {
  if (value === undefined) throw new CelError(`network address parse error: ${JSON.stringify(text)}`);
  return value;
}

interface Parts {
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly text: string;
}

const urlPattern = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?$/;

/** Absolute, or a path, as Go's url.ParseRequestURI takes it. */
function readUrl(text: string): Parts | undefined {
  if (text === '' || /[\s\x00-\x1f\x7f]/.test(text)) return undefined;
  const [, scheme = '', authority = '', path = '', query = ''] = urlPattern.exec(text) ?? [];
  if (scheme === '' && !path.startsWith('/')) return undefined;
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (!/^(?:\[[0-9A-Fa-f:.%]*\]|[^:[\]]*)(?::\d*)?$/.test(host)) return undefined;
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return undefined;
  return { scheme: scheme.toLowerCase(), host, path, query, text };
}

function url(text: string): Opaque {
  const parts = readUrl(text);
  if (parts === undefined)
    throw new CelError(
      `URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`,
    );
  return new Opaque(
    urlType,
    parts,
    (other) => (other as Parts).text === text,
    () => text,
  );
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function queryOf({ query }: Parts): PlainMap {
  const values = new Map<string, string[]>();
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const [name = '', ...rest] = pair.split('=');
    const key = decodePart(name);
    values.set(key, [...(values.get(key) ?? []), decodePart(rest.join('='))]);
  }
  return new PlainMap(values);
}

const parts = (value: Opaque): Parts => value.content as Parts;

/** Addresses, ranges of them, and URLs. */
export const networkLibrary: Library = library([
  ['ip', `(string) ${ipType}`, ip],
  ['isIP', '(string) bool', (text: string) => readIp(text) !== undefined],
  ['ip.isCanonical', '(string) bool', (text: string) => String(ip(text)) === text],
  ['string', `(${ipType}) string`, String],
  ['family', `${ipType}.() int`, (value: Opaque) => BigInt(address(value).family)],
  ['isUnspecified', `${ipType}.() bool`, isUnspecified],
  ['isLoopback', `${ipType}.() bool`, isLoopback],
  ['isLinkLocalMulticast', `${ipType}.() bool`, isLinkLocalMulticast],
  ['isLinkLocalUnicast', `${ipType}.() bool`, isLinkLocalUnicast],
  [
    'isGlobalUnicast',
    `${ipType}.() bool`,
    (value: Opaque) =>
      !isUnspecified(value) &&
      !isLoopback(value) &&
      !isMulticast(value) &&
      !isLinkLocalUnicast(value) &&
      !isBroadcast(value),
  ],
  ['cidr', `(string) ${cidrType}`, cidr],
  ['isCIDR', '(string) bool', (text: string) => readCidr(text) !== undefined],
  ['string', `(${cidrType}) string`, String],
  ['ip', `${cidrType}.() ${ipType}`, (value: Opaque) => wrapIp(range(value).address)],
  ['prefixLength', `${cidrType}.() int`, (value: Opaque) => BigInt(range(value).prefixLength)],
  ['masked', `${cidrType}.() ${cidrType}`, (value: Opaque) => cidr(formatCidr(range(value)))],
  [
    'containsIP',
    `${cidrType}.(${ipType}) bool`,
    (a: Opaque, b: Opaque) => cidrContains(range(a), address(b)),
  ],
  [
    'containsIP',
    `${cidrType}.(string) bool`,
    (a: Opaque, text: string) => cidrContains(range(a), needed(readIp(text), text)),
  ],
  [
    'containsCIDR',
    `${cidrType}.(${cidrType}) bool`,
    (a: Opaque, b: Opaque) => containsCidr(range(a), range(b)),
  ],
  [
    'containsCIDR',
    `${cidrType}.(string) bool`,
    (a: Opaque, text: string) => containsCidr(range(a), needed(readCidr(text), text)),
  ],
  ['url', `(string) ${urlType}`, url],
  ['isURL', '(string) bool', (text: string) => readUrl(text) !== undefined],
  ['getScheme', `${urlType}.() string`, (value: Opaque) => parts(value).scheme],
  ['getHost', `${urlType}.() string`, (value: Opaque) => parts(value).host],
  [
    'getHostname',
    `${urlType}.() string`,
    (value: Opaque) =>
      parts(value)
        .host.replace(/:\d*$/, '')
        .replace(/^\[(.*)\]$/, '$1'),
  ],
  ['getPort', `${urlType}.() string`, (value: Opaque) => /:(\d*)$/.exec(parts(value).host)?.[1] ?? ''],
  ['getEscapedPath', `${urlType}.() string`, (value: Opaque) => parts(value).path],
  ['getQuery', `${urlType}.() map(string, list(string))`, (value: Opaque) => queryOf(parts(value))],
]);
