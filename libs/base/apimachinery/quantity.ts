/** How a quantity is written: `12M`, `12Mi` or `12e6`. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** Text that is no quantity; the message is Kubernetes'. */
export class QuantitySyntaxError extends Error {
  override readonly name = 'QuantitySyntaxError';
}

const decimalSuffixes: ReadonlyMap<string, number> = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);
const decimalSuffixOf = new Map([...decimalSuffixes].map(([suffix, exponent]) => [exponent, suffix]));
const binarySuffixes: readonly string[] = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

const maxInt64 = (1n << 63n) - 1n;
/** Finer parts are rounded away from zero. */
const finestScale = -9;
/** Bounds what hostile input can cost; real quantities have two dozen digits. */
const maxTextLength = 512;
const maxExponent = 512;

const formatMessage =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** Divides, rounding away from zero. */
function divideUp(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  if (value % divisor === 0n) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}

/**
 * An exact amount: `unscaled × 10^scale`, with the format it is written in. Immutable.
 * Arithmetic keeps the left side's format, unless that is zero: then the right side's.
 */
export class Quantity {
  readonly unscaled: bigint;
  /** Power of ten. */
  readonly scale: number;
  readonly format: QuantityFormat;
  #text: string | undefined;
  #value: number | undefined;
  #milliValue: number | undefined;

  constructor(unscaled: bigint, scale: number, format: QuantityFormat, text?: string) {
    this.unscaled = unscaled;
    this.scale = scale;
    this.format = format;
    this.#text = text;
  }

  /** Whole units, rounded away from zero. Exact up to 2^53, nearest above (see `bigintValue`). */
  value(): number {
    return (this.#value ??= Number(this.scaledValue(0)));
  }

  /** Thousandths, rounded away from zero. */
  milliValue(): number {
    return (this.#milliValue ??= Number(this.scaledValue(-3)));
  }

  /** Whole units, rounded away from zero, exact. */
  bigintValue(): bigint {
    return this.scaledValue(0);
  }

  /** The amount in units of 10^scale, rounded away from zero. */
  scaledValue(scale: number): bigint {
    const shift = this.scale - scale;
    return shift >= 0 ? this.unscaled * 10n ** BigInt(shift) : divideUp(this.unscaled, 10n ** BigInt(-shift));
  }

  /** The nearest double. */
  toNumber(): number {
    return Number(`${this.unscaled}e${this.scale}`);
  }

  isZero(): boolean {
    return this.unscaled === 0n;
  }

  /** -1, 0 or 1. */
  sign(): number {
    return this.unscaled === 0n ? 0 : this.unscaled < 0n ? -1 : 1;
  }

  /** Negative when this is smaller than `other`, 0 when equal, positive when larger. */
  compare(other: Quantity): number {
    const scale = Math.min(this.scale, other.scale);
    const difference = this.scaledValue(scale) - other.scaledValue(scale);
    return difference === 0n ? 0 : difference < 0n ? -1 : 1;
  }

  equals(other: Quantity): boolean {
    return this.compare(other) === 0;
  }

  add(other: Quantity): Quantity {
    const scale = Math.min(this.scale, other.scale);
    const format = this.isZero() ? other.format : this.format;
    return new Quantity(this.scaledValue(scale) + other.scaledValue(scale), scale, format);
  }

  sub(other: Quantity): Quantity {
    const scale = Math.min(this.scale, other.scale);
    const format = this.isZero() ? other.format : this.format;
    return new Quantity(this.scaledValue(scale) - other.scaledValue(scale), scale, format);
  }

  neg(): Quantity {
    return new Quantity(-this.unscaled, this.scale, this.format);
  }

  /** The text Kubernetes writes: no fraction, and the largest suffix that loses nothing. */
  toString(): string {
    return (this.#text ??= formatCanonical(this));
  }

  toJSON(): string {
    return this.toString();
  }
}

/** Strips factors of ten (up to an exponent divisible by three), then finds the suffix. */
function formatDecimal(unscaled: bigint, scale: number, format: QuantityFormat): string {
  let amount = unscaled;
  let exponent = scale;
  while (amount % 1000n === 0n) {
    amount /= 1000n;
    exponent += 3;
  }
  while (amount % 10n === 0n) {
    amount /= 10n;
    exponent += 1;
  }
  while (exponent % 3 !== 0) {
    amount *= 10n;
    exponent -= 1;
  }
  if (format === 'DecimalExponent') return exponent === 0 ? `${amount}` : `${amount}e${exponent}`;
  if (exponent > 18) {
    amount *= 10n ** BigInt(exponent - 18);
    exponent = 18;
  }
  return `${amount}${decimalSuffixOf.get(exponent) ?? ''}`;
}

function formatCanonical({ unscaled, scale, format }: Quantity): string {
  if (unscaled === 0n) return '0';
  if (format !== 'BinarySI') return formatDecimal(unscaled, scale, format);
  const factor = 10n ** BigInt(Math.abs(scale));
  // Small or broken amounts would lose something in powers of 1024.
  const whole = scale >= 0 ? unscaled * factor : unscaled % factor === 0n ? unscaled / factor : undefined;
  if (whole === undefined || abs(whole) < 1024n) return formatDecimal(unscaled, scale, 'DecimalSI');
  let amount = whole;
  let step = 0;
  while (amount % 1024n === 0n && step < binarySuffixes.length - 1) {
    amount /= 1024n;
    step += 1;
  }
  return `${amount}${binarySuffixes[step] ?? ''}`;
}

interface Suffix {
  readonly format: QuantityFormat;
  /** Power of ten, or of two for BinarySI. */
  readonly exponent: number;
}

function readSuffix(text: string): Suffix {
  const decimal = decimalSuffixes.get(text);
  if (decimal !== undefined) return { format: 'DecimalSI', exponent: decimal };
  const binary = binarySuffixes.indexOf(text);
  if (binary > 0) return { format: 'BinarySI', exponent: binary * 10 };
  if (/^[eE][+-]?[0-9]+$/.test(text)) {
    const exponent = Number(text.slice(1));
    if (Math.abs(exponent) <= maxExponent) return { format: 'DecimalExponent', exponent };
  }
  throw new QuantitySyntaxError("unable to parse quantity's suffix");
}

/** Kubernetes keeps some texts as they were written although they are not canonical (`1.500`, `+5`). */
function keepsText(
  format: QuantityFormat,
  digits: string,
  fraction: string,
  exponent: number,
  scale: number,
): boolean {
  const significant = digits.replace(/^0+/, '') || '0';
  if (format === 'BinarySI') {
    const precision = 15 - significant.length - Math.trunc((exponent * 3) / 10) - 1;
    return fraction === '' && precision >= 0 && BigInt(significant) % 8n !== 0n;
  }
  if (significant.length + fraction.length > 18 || scale < finestScale || scale % 3 !== 0) return false;
  const shifted = significant + fraction;
  return !shifted.endsWith('000') && !shifted.startsWith('0');
}

function parseText(text: string): Quantity {
  if (text.length === 0) throw new QuantitySyntaxError(formatMessage);
  if (text.length > maxTextLength) throw new QuantitySyntaxError('unable to parse numeric part of quantity');
  const parts = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/.exec(text);
  if (parts === null) throw new QuantitySyntaxError(formatMessage);
  const [, sign = '', digits = '', fraction = '', suffixText = ''] = parts;
  const { format, exponent } = readSuffix(suffixText);
  let unscaled = BigInt(digits + fraction || '0');
  let scale = -fraction.length;
  if (format === 'BinarySI') unscaled <<= BigInt(exponent);
  else scale += exponent;
  const kept = keepsText(format, digits, fraction, exponent, scale) ? text : undefined;
  if (scale < finestScale) {
    unscaled = divideUp(unscaled, 10n ** BigInt(finestScale - scale));
    scale = finestScale;
  }
  let finalFormat = format;
  if (format === 'BinarySI') {
    const one = 10n ** BigInt(-scale);
    if (unscaled > maxInt64 * one) {
      unscaled = maxInt64;
      scale = 0;
    } else if (unscaled > 0n && unscaled < one) finalFormat = 'DecimalSI';
  }
  return new Quantity(sign === '-' ? -unscaled : unscaled, scale, finalFormat, kept);
}

const cache = new Map<string, Quantity>();
const maxCached = 4096;

/**
 * Reads a quantity. JSON numbers are accepted, as Kubernetes does.
 * @throws QuantitySyntaxError in Kubernetes' words
 */
export function parseQuantity(input: string | number): Quantity {
  const text = typeof input === 'number' ? String(input) : input.trim();
  const known = cache.get(text);
  if (known !== undefined) return known;
  const quantity = parseText(text);
  if (cache.size >= maxCached) cache.clear();
  cache.set(text, quantity);
  return quantity;
}

/** As `parseQuantity`; undefined for text that is no quantity. */
export function tryParseQuantity(input: unknown): Quantity | undefined {
  if (typeof input !== 'string' && typeof input !== 'number') return undefined;
  try {
    return parseQuantity(input);
  } catch (error) {
    if (error instanceof QuantitySyntaxError) return undefined;
    throw error;
  }
}

/** The text Kubernetes would answer for this input. Throws as `parseQuantity`. */
export function canonicalQuantity(input: string | number): string {
  return parseQuantity(input).toString();
}

/** `unscaled × 10^scale`. */
export function quantityOf(unscaled: bigint, scale = 0, format: QuantityFormat = 'DecimalSI'): Quantity {
  return new Quantity(unscaled, scale, format);
}

/** From thousandths; a fraction of one is rounded away from zero. */
export function quantityFromMilli(milli: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
  return new Quantity(typeof milli === 'bigint' ? milli : roundAway(milli), -3, format);
}

/** From whole units; fractions are kept down to 10^-9. */
export function quantityFromNumber(value: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
  if (typeof value === 'bigint') return new Quantity(value, 0, format);
  if (Number.isInteger(value)) return new Quantity(BigInt(value), 0, format);
  return new Quantity(roundAway(value * 1e9), finestScale, format);
}

function roundAway(value: number): bigint {
  return BigInt(value < 0 ? Math.floor(value) : Math.ceil(value));
}

/** No amount at all. */
export const zeroQuantity: Quantity = new Quantity(0n, 0, 'DecimalSI', '0');

export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return a.add(b);
}

export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return a.sub(b);
}

/** For sorting; also takes texts. */
export function compareQuantities(a: Quantity | string, b: Quantity | string): number {
  return (typeof a === 'string' ? parseQuantity(a) : a).compare(typeof b === 'string' ? parseQuantity(b) : b);
}

export function formatQuantity(quantity: Quantity): string {
  return quantity.toString();
}
