import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  parseQuantity,
  Quantity,
  quantityFromNumber,
  QuantitySyntaxError,
  subtractQuantities,
  tryParseQuantity,
  validateDns1035Label,
  validateDns1123Label,
  validateDns1123Subdomain,
  validateLabelValue,
  validateQualifiedName,
} from '@drydock/base/apimachinery';
import { library, type Library } from '../library.ts';
import { CelError, none, Opaque, Optional, type Value } from '../values.ts';
import { regexp } from './standard.ts';

export const quantityType = 'kubernetes.Quantity';
const formatType = 'kubernetes.NamedFormat';

function wrap(quantity: Quantity): Opaque {
  return new Opaque(
    quantityType,
    quantity,
    (other) => other instanceof Quantity && compareQuantities(quantity, other) === 0,
    () => canonicalQuantity(String(quantity)),
  );
}

function read(value: Opaque): Quantity {
  return value.content as Quantity;
}

/** A quantity as expressions see it. Throws a CelError where the text is none. */
export function quantity(text: string): Opaque {
  try {
    return wrap(parseQuantity(text));
  } catch (error) {
    if (error instanceof QuantitySyntaxError) throw new CelError(error.message);
    throw error;
  }
}

/** The amount as a whole number; undefined when it is none, or too big. */
function whole({ unscaled, scale }: Quantity): bigint | undefined {
  const divisor = 10n ** BigInt(Math.max(0, -scale));
  if (unscaled % divisor !== 0n) return undefined;
  const value = (unscaled / divisor) * 10n ** BigInt(Math.max(0, scale));
  return value >= -(2n ** 63n) && value < 2n ** 63n ? value : undefined;
}

function asInteger(value: Opaque): bigint {
  const number = whole(read(value));
  if (number === undefined) throw new CelError('cannot convert value to integer');
  return number;
}

const signature = (parameters: string, result: string): string => `${quantityType}.(${parameters}) ${result}`;
const other = quantityType;

const quantities: Parameters<typeof library>[0] = [
  ['quantity', `(string) ${quantityType}`, quantity],
  ['isQuantity', '(string) bool', (text: string) => tryParseQuantity(text) !== undefined],
  [
    'sign',
    signature('', 'int'),
    (a: Opaque) => (read(a).unscaled > 0n ? 1n : read(a).unscaled < 0n ? -1n : 0n),
  ],
  ['isInteger', signature('', 'bool'), (a: Opaque) => whole(read(a)) !== undefined],
  ['asInteger', signature('', 'int'), asInteger],
  [
    'asApproximateFloat',
    signature('', 'double'),
    (a: Opaque) => Number(read(a).unscaled) * 10 ** read(a).scale,
  ],
  [
    'isGreaterThan',
    signature(other, 'bool'),
    (a: Opaque, b: Opaque) => compareQuantities(read(a), read(b)) > 0,
  ],
  ['isLessThan', signature(other, 'bool'), (a: Opaque, b: Opaque) => compareQuantities(read(a), read(b)) < 0],
  [
    'compareTo',
    signature(other, 'int'),
    (a: Opaque, b: Opaque) => BigInt(Math.sign(compareQuantities(read(a), read(b)))),
  ],
  ['add', signature(other, other), (a: Opaque, b: Opaque) => wrap(addQuantities(read(a), read(b)))],
  [
    'add',
    signature('int', other),
    (a: Opaque, b: bigint) => wrap(addQuantities(read(a), quantityFromNumber(b))),
  ],
  ['sub', signature(other, other), (a: Opaque, b: Opaque) => wrap(subtractQuantities(read(a), read(b)))],
  [
    'sub',
    signature('int', other),
    (a: Opaque, b: bigint) => wrap(subtractQuantities(read(a), quantityFromNumber(b))),
  ],
];

const prefixed =
  (check: (text: string) => string[]) =>
  (text: string): string[] =>
    check(text.endsWith('-') ? `${text.slice(0, -1)}a` : text);

const named: Readonly<Record<string, (text: string) => string[]>> = {
  dns1123Label: validateDns1123Label,
  dns1123Subdomain: validateDns1123Subdomain,
  dns1035Label: validateDns1035Label,
  qualifiedName: validateQualifiedName,
  dns1123LabelPrefix: prefixed(validateDns1123Label),
  dns1123SubdomainPrefix: prefixed(validateDns1123Subdomain),
  dns1035LabelPrefix: prefixed(validateDns1035Label),
  labelValue: validateLabelValue,
  uri: (text) =>
    /^(?:\/|[A-Za-z][A-Za-z0-9+.-]*:)[^\s]*$/.test(text)
      ? []
      : [`parse ${JSON.stringify(text)}: invalid URI for request`],
  uuid: (text) =>
    /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text)
      ? []
      : ['does not match the UUID format'],
  byte: (text) =>
    /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text) ? [] : ['invalid base64'],
  date: (text) =>
    Number.isNaN(Date.parse(text)) || !/^\d{4}-\d{2}-\d{2}$/.test(text) ? ['invalid date'] : [],
  datetime: (text) =>
    Number.isNaN(Date.parse(text)) || !/^\d{4}-\d{2}-\d{2}[Tt]/.test(text) ? ['invalid datetime'] : [],
};

function formatNamed(name: string): Opaque {
  return new Opaque(
    formatType,
    name,
    (content) => content === name,
    () => name,
  );
}

const formats: Parameters<typeof library>[0] = [
  ...Object.keys(named).map(
    (name) => [`format.${name}`, `() ${formatType}`, () => formatNamed(name)] as const,
  ),
  [
    'format.named',
    `(string) optional(${formatType})`,
    (name: string) => (Object.hasOwn(named, name) ? new Optional(formatNamed(name)) : none),
  ],
  [
    'validate',
    `${formatType}.(string) optional(list(string))`,
    (format: Opaque, text: string) => {
      const messages = named[format.content as string]?.(text) ?? [];
      return messages.length === 0 ? none : new Optional(messages);
    },
  ],
];

const texts: Parameters<typeof library>[0] = [
  [
    'find',
    'string.(string) string',
    (text: string, pattern: string) => regexp(pattern).findAll(text, 1)[0] ?? '',
  ],
  [
    'findAll',
    'string.(string) list(string)',
    (text: string, pattern: string) => regexp(pattern).findAll(text, -1),
  ],
  [
    'findAll',
    'string.(string, int) list(string)',
    (text: string, pattern: string, limit: bigint): Value => regexp(pattern).findAll(text, Number(limit)),
  ],
];

/** Kubernetes' own functions: quantities, named formats, searching in texts. */
export const kubernetesLibrary: Library = library([...quantities, ...formats, ...texts]);
