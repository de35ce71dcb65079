/** An IP address as a number of 32 or 128 bits. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** An address range: `base` has no bits set beyond the prefix. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly base: bigint;
  readonly prefixLength: number;
}

function bitsOf(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    // Leading zeros are refused: some programs read them as octal.
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return BigInt(value);
}

function parseIpv6(text: string): bigint | undefined {
  if (text.length > 45 || !/^[0-9a-fA-F:.]+$/.test(text)) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const groups: bigint[][] = [];
  for (const [index, half] of halves.entries()) {
    const parsed = parseGroups(half, index === halves.length - 1);
    if (parsed === undefined) return undefined;
    groups.push(parsed);
  }
  const [head = [], tail] = groups;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = [...head, ...new Array<bigint>(missing).fill(0n), ...(tail ?? [])];
  return all.reduce((value, group) => (value << 16n) | group, 0n);
}

/** Groups of 16 bits; the last may be a dotted IPv4 address. */
function parseGroups(text: string, last: boolean): bigint[] | undefined {
  if (text === '') return [];
  const groups: bigint[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (part.includes('.')) {
      const v4 = last && index === parts.length - 1 ? parseIpv4(part) : undefined;
      if (v4 === undefined) return undefined;
      groups.push(v4 >> 16n, v4 & 0xffffn);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      groups.push(BigInt(`0x${part}`));
    }
  }
  return groups;
}

/** Reads an address; undefined for anything else. Not accepted: zones, leading zeros in IPv4. */
export function parseIp(text: string): IpAddress | undefined {
  const family = text.includes(':') ? 6 : 4;
  const value = family === 6 ? parseIpv6(text) : parseIpv4(text);
  return value === undefined ? undefined : { family, value };
}

/** Canonical text: dotted IPv4, RFC 5952 for IPv6. */
export function formatIp({ family, value }: IpAddress): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
  if (value >> 32n === 0xffffn) return `::ffff:${formatIp({ family: 4, value: value & 0xffffffffn })}`;
  const groups: number[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(Number((value >> shift) & 0xffffn));
  const run = longestZeroRun(groups);
  const hex = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  if (run === undefined) return hex(groups);
  return `${hex(groups.slice(0, run.start))}::${hex(groups.slice(run.start + run.length))}`;
}

/** The first longest run of two or more zero groups. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } | undefined {
  let best: { start: number; length: number } | undefined;
  let start = 0;
  for (let index = 0; index <= groups.length; index += 1) {
    if (groups[index] === 0) continue;
    const length = index - start;
    if (length >= 2 && length > (best?.length ?? 0)) best = { start, length };
    start = index + 1;
  }
  return best;
}

/** Canonical form of an address' text; undefined when it is none. */
export function canonicalIp(text: string): string | undefined {
  const ip = parseIp(text);
  return ip === undefined ? undefined : formatIp(ip);
}

export function isIp(text: string): boolean {
  return parseIp(text) !== undefined;
}

export function isIpv6(text: string): boolean {
  return parseIp(text)?.family === 6;
}

function hostMask(family: 4 | 6, prefixLength: number): bigint {
  return (1n << BigInt(bitsOf(family) - prefixLength)) - 1n;
}

/** Reads `10.0.0.0/8`; bits beyond the prefix are cleared. Undefined for anything else. */
export function parseCidr(text: string): Cidr | undefined {
  const parts = /^([^/]+)\/(0|[1-9][0-9]{0,2})$/.exec(text);
  const ip = parts === null ? undefined : parseIp(parts[1] ?? '');
  const prefixLength = Number(parts?.[2]);
  if (ip === undefined || prefixLength > bitsOf(ip.family)) return undefined;
  return { family: ip.family, base: ip.value & ~hostMask(ip.family, prefixLength), prefixLength };
}

export function formatCidr({ family, base, prefixLength }: Cidr): string {
  return `${formatIp({ family, value: base })}/${prefixLength}`;
}

export function isCidr(text: string): boolean {
  return parseCidr(text) !== undefined;
}

/** How many addresses a range has, the first and last included. */
export function cidrSize({ family, prefixLength }: Cidr): bigint {
  return hostMask(family, prefixLength) + 1n;
}

export function cidrContains(cidr: Cidr, ip: IpAddress): boolean {
  return ip.family === cidr.family && (ip.value & ~hostMask(cidr.family, cidr.prefixLength)) === cidr.base;
}

export function cidrsOverlap(a: Cidr, b: Cidr): boolean {
  const [wide, narrow] = a.prefixLength <= b.prefixLength ? [a, b] : [b, a];
  return cidrContains(wide, { family: narrow.family, value: narrow.base });
}

/** The address at `offset` from the range's base; undefined outside the range. */
export function ipAt(cidr: Cidr, offset: bigint | number): IpAddress | undefined {
  const distance = BigInt(offset);
  if (distance < 0n || distance >= cidrSize(cidr)) return undefined;
  return { family: cidr.family, value: cidr.base + distance };
}

/** How far an address is from the range's base; undefined when it is not in the range. */
export function ipOffset(cidr: Cidr, ip: IpAddress): bigint | undefined {
  return cidrContains(cidr, ip) ? ip.value - cidr.base : undefined;
}

/** The `index`th part of `prefixLength` bits of a range (a node's Pod CIDR); undefined beyond the last. */
export function subnetAt(cidr: Cidr, prefixLength: number, index: bigint | number): Cidr | undefined {
  const position = BigInt(index);
  if (prefixLength < cidr.prefixLength || prefixLength > bitsOf(cidr.family)) return undefined;
  if (position < 0n || position >= 1n << BigInt(prefixLength - cidr.prefixLength)) return undefined;
  const base = cidr.base + (position << BigInt(bitsOf(cidr.family) - prefixLength));
  return { family: cidr.family, base, prefixLength };
}

function hasLeadingZeros(text: string): boolean {
  return /(^|[.:/])0[0-9]+(?=[./]|$)/.test(text);
}

/** Octets without their leading zeros, as lenient parsers read them. */
export function dropLeadingZeros(text: string): string {
  return text.replace(/(^|[.:/])0+(?=[0-9]+([./]|$))/g, '$1');
}

function isMapped(ip: IpAddress): boolean {
  return ip.family === 6 && ip.value >> 32n === 0xffffn;
}

/** Kubernetes' check of an address, with its messages; no message means valid. `canonical` also demands canonical form. */
export function validateIp(text: string, { canonical = false } = {}): string[] {
  const ip = parseIp(text);
  if (ip === undefined) {
    return hasLeadingZeros(text) && isIp(dropLeadingZeros(text))
      ? ['must not have leading 0s']
      : ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'];
  }
  if (isMapped(ip)) return ['must not be an IPv4-mapped IPv6 address'];
  return canonical && formatIp(ip) !== text ? [`must be in canonical form ("${formatIp(ip)}")`] : [];
}

/** Kubernetes' check of a range, with its messages; no message means valid. `canonical` also demands canonical form. */
export function validateCidr(text: string, { canonical = false } = {}): string[] {
  const cidr = parseCidr(text);
  if (cidr === undefined) {
    return hasLeadingZeros(text) && isCidr(dropLeadingZeros(text))
      ? ['must not have leading 0s in IP or prefix length']
      : ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'];
  }
  const ip = parseIp(text.slice(0, text.indexOf('/')));
  if (ip !== undefined && isMapped(ip)) return ['must not have an IPv4-mapped IPv6 address'];
  if (ip !== undefined && ip.value !== cidr.base) return ['must not have bits set beyond the prefix length'];
  return canonical && formatCidr(cidr) !== text ? [`must be in canonical form ("${formatCidr(cidr)}")`] : [];
}
