import {
  CelError,
  Duration,
  formatDouble,
  formatDurationValue,
  formatTimestamp,
  isList,
  MapView,
  numberOf,
  Timestamp,
  typeNameOf,
  TypeValue,
  Uint,
  type Value,
} from '../values.ts';

function plain(value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatDouble(value);
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDurationValue(value);
  if (value instanceof TypeValue) return value.name;
  if (isList(value)) return `[${value.map(plain).join(', ')}]`;
  if (value instanceof MapView) {
    const parts = value.keys().map((key) => `${plain(key)}: ${plain(value.get(key)!)}`);
    return `{${parts.sort().join(', ')}}`;
  }
  throw new CelError(`no formatting function for ${typeNameOf(value)}`);
}

function whole(value: Value, clause: string): bigint {
  const number = numberOf(value);
  if (typeof number === 'bigint') return number;
  throw new CelError(
    `error during formatting: ${clause} clause can only be used on integers, was given ${typeNameOf(value)}`,
  );
}

function fixed(value: Value, clause: string): number {
  const number = numberOf(value);
  if (number !== undefined) return Number(number);
  throw new CelError(
    `error during formatting: ${clause} clause can only be used on doubles, was given ${typeNameOf(value)}`,
  );
}

function hex(value: Value, upper: boolean): string {
  let text: string;
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  if (bytes instanceof Uint8Array)
    text = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  else text = whole(value, 'hex').toString(16);
  return upper ? text.toUpperCase() : text;
}

function exponent(value: number, digits: number): string {
  return value.toExponential(digits).replace(/e([+-])(\d)$/, 'e$10$2');
}

const clause = /%(%|(?:\.(\d+))?([sdfebxXo]))/g;

/** `"%s is %d".format([…])`. */
export function formatText(format: string, list: readonly Value[]): string {
  let next = 0;
  const text = format.replaceAll(clause, (_all, what: string, precision?: string, kind?: string) => {
    if (what === '%') return '%';
    const value = list[next++];
    if (value === undefined) throw new CelError(`index ${next - 1} out of range`);
    const digits = precision === undefined ? 6 : Number(precision);
    switch (kind) {
      case 's':
        return plain(value);
      case 'd':
        return typeof value === 'number' ? formatDouble(value) : String(whole(value, 'decimal'));
      case 'f':
        return fixed(value, 'fixed-point').toFixed(digits);
      case 'e':
        return exponent(fixed(value, 'scientific'), digits);
      case 'b':
        return typeof value === 'boolean' ? (value ? '1' : '0') : whole(value, 'binary').toString(2);
      case 'o':
        return whole(value, 'octal').toString(8);
      default:
        return hex(value, kind === 'X');
    }
  });
  const stray = /%(.?)/.exec(format.replaceAll(clause, ''));
  if (stray !== null)
    throw new CelError(`could not parse formatting clause: unrecognized formatting clause "${stray[1]}"`);
  return text;
}
