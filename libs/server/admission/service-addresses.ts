import type { ServiceCIDR } from '@drydock/api/networking/v1';
import {
  cidrContains,
  cidrSize,
  formatCidr,
  formatIp,
  ipAt,
  ipOffset,
  parseCidr,
  parseIp,
  type Cidr,
} from '@drydock/base/apimachinery';
import type { Random } from '@drydock/base/clock';
import { NumberPool } from './number-pool.ts';

/** Larger ranges are used up to this many addresses. */
const maxAddresses = 2 ** 24;

/** How many addresses at the range's start are given only to those who ask for them (KEP-3070). */
function staticBand(size: number): number {
  return Math.min(Math.max(16, Math.floor(size / 16)), 256);
}

interface Range {
  readonly cidr: Cidr;
  readonly pool: NumberPool;
}

/**
 * The addresses of Services: those of the cluster's own range, and of the ranges that were added. Ranges may overlap: an
 * address is taken in all that hold it.
 */
export class ServiceAddressPool {
  readonly #random: Random;
  readonly #ranges = new Map<string, Range>();
  readonly #own: string;
  readonly #held = new Map<string, number>();

  constructor(own: Cidr, random: Random) {
    this.#random = random;
    this.#own = formatCidr(own);
    this.#add(own);
  }

  /** The ranges besides the cluster's own from which addresses may be taken from now on. */
  setMore(cidrs: readonly Cidr[]): void {
    const wanted = new Set([this.#own, ...cidrs.map(formatCidr)]);
    for (const key of this.#ranges.keys()) if (!wanted.has(key)) this.#ranges.delete(key);
    for (const cidr of cidrs) if (!this.#ranges.has(formatCidr(cidr))) this.#add(cidr);
  }

  #add(cidr: Cidr): void {
    const whole = cidrSize(cidr);
    // The network's own address and the broadcast address are not given away.
    const count = Math.max(1, Number(whole < maxAddresses ? whole : maxAddresses) - 2);
    const pool = new NumberPool(1, count, staticBand(count), this.#random);
    const range = { cidr, pool };
    this.#ranges.set(formatCidr(cidr), range);
    for (const [address, times] of this.#held) {
      const offset = offsetIn(cidr, address);
      for (let time = 0; offset !== undefined && time < times; time++) pool.hold(offset);
    }
  }

  /** The places of an address: a number of each pool that has it. */
  #places(address: string): { readonly pool: NumberPool; readonly offset: number }[] {
    return [...this.#ranges.values()].flatMap(({ cidr, pool }) => {
      const offset = offsetIn(cidr, address);
      return offset === undefined || !pool.contains(offset) ? [] : [{ pool, offset }];
    });
  }

  contains(address: string): boolean {
    return this.#places(address).length > 0;
  }

  isHeld(address: string): boolean {
    return this.#held.has(address);
  }

  /** A stored Service has it. */
  hold(address: string): void {
    this.#held.set(address, (this.#held.get(address) ?? 0) + 1);
    for (const { pool, offset } of this.#places(address)) pool.hold(offset);
  }

  drop(address: string): void {
    const count = this.#held.get(address) ?? 0;
    if (count <= 1) this.#held.delete(address);
    else this.#held.set(address, count - 1);
    for (const { pool, offset } of this.#places(address)) pool.drop(offset);
  }

  /** Reserves this very address; false when it is taken. */
  reserve(address: string): boolean {
    const places = this.#places(address);
    if (places.length === 0 || places.some(({ pool, offset }) => pool.isTaken(offset))) return false;
    for (const { pool, offset } of places) pool.reserve(offset);
    return true;
  }

  /** Reserves any free address; undefined when there is none. */
  reserveAny(): string | undefined {
    for (const { cidr, pool } of this.#ranges.values()) {
      const offset = pool.reserveAny();
      if (offset === undefined) continue;
      const address = formatIp(ipAt(cidr, offset)!);
      for (const place of this.#places(address)) if (place.pool !== pool) place.pool.reserve(place.offset);
      return address;
    }
    return undefined;
  }

  /** Ends a reservation. */
  release(address: string): void {
    for (const { pool, offset } of this.#places(address)) pool.release(offset);
  }
}

function offsetIn(cidr: Cidr, address: string): number | undefined {
  const ip = parseIp(address);
  if (ip === undefined || !cidrContains(cidr, ip)) return undefined;
  return Number(ipOffset(cidr, ip));
}

/** The ranges of a family that a ServiceCIDR offers: none before it is ready, and none when it goes. */
export function offeredRanges({ metadata, spec, status }: ServiceCIDR, family: 4 | 6): Cidr[] {
  const ready =
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;
  if (!ready || metadata.deletionTimestamp !== undefined) return [];
  return (spec?.cidrs ?? []).flatMap((text) => {
    const cidr = parseCidr(text);
    return cidr?.family === family ? [cidr] : [];
  });
}
