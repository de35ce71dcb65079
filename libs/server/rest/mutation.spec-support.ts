import type { FieldSchema } from '@drydock/base/apimachinery';
import { lookupSchema } from '@drydock/api/scheme';

/** A stream of choices that a seed decides. */
export interface Choices {
  /** In [0, below). */
  int(below: number): number;
  pick<T>(from: readonly T[]): T;
  chance(oneIn: number): boolean;
}

/** mulberry32 */
export function choicesOf(seed: number): Choices {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  const int = (below: number): number => next() % below;
  return { int, pick: (from) => from[int(from.length)]!, chance: (oneIn) => int(oneIn) === 0 };
}

const texts = [
  '',
  'a',
  'sample',
  'a/b',
  '..',
  '.',
  '%',
  '%2e%2e',
  '__proto__',
  'constructor',
  'toString',
  '10.0.0.1',
  '256.1.1.1',
  '::1',
  '10.0.0.0/8',
  'fe80::/200',
  '100m',
  '-1',
  '1Gi',
  '1e999',
  '0.0.0.0',
  '*/5 * * * *',
  '99 99 * * *',
  '@hourly',
  'x'.repeat(300),
  'ü',
  '\u0000',
  '\ud800',
  'true',
  '2026-01-01T00:00:00Z',
  '9999-99-99T99:99:99Z',
  'aGk=',
  '{{',
  '$(x)',
  'TCP',
  'Always',
  'Never',
  'OnFailure',
  'ClusterIP',
  'ExternalName',
  'LoadBalancer',
  'RollingUpdate',
  'Recreate',
  'In',
  'Exists',
  'example.org/x',
  'http',
  '80',
  '50%',
  '-50%',
  '101%',
  'kubernetes.io/hostname',
  'UTC',
  'Mars/Olympus',
  'CN=x',
  '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----',
  'v1',
  'apps/v1',
  'Pod',
  'default',
  'kube-system',
  '🚢',
  'a.b.c',
  'A_B',
  '-a',
  'a-',
  '5s',
  'P1D',
  'null',
  '[]',
  'self.x > 1',
  '(((((',
  '^(a+)+$',
  '*',
] as const;
const numbers = [
  0,
  1,
  -1,
  2,
  80,
  443,
  65_535,
  65_536,
  1_000,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 53,
  1.5,
  -0,
  1e308,
  1e21,
];
const misfits = [
  null,
  true,
  false,
  5,
  -1.5,
  'x',
  '',
  [],
  {},
  [null],
  [[]],
  [{}],
  { '': '' },
  JSON.parse('{"__proto__":{"a":1}}') as object,
];

function scalar(field: FieldSchema, choices: Choices): unknown {
  switch (field.kind) {
    case 'bool':
      return choices.chance(2);
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
    case 'double':
      return choices.pick(choices.chance(4) ? numbers : [0, 1, 2, 80, 443]);
    case 'time':
    case 'microTime':
      return choices.pick([
        '2026-01-01T00:00:00Z',
        '2026-01-01T00:00:00.000000Z',
        '1970-01-01T00:00:00+14:00',
      ]);
    case 'quantity':
      return choices.pick(['1', '100m', '1Gi', '-5', '0', '1e3', 7, '123456789012345678901234567890']);
    case 'intOrString':
      return choices.pick([1, 'http', '25%', '-1%', 0, -1, '']);
    case 'duration':
      return choices.pick(['5s', '1h', '0s', '-1m']);
    case 'bytes':
      return choices.pick(['', 'aGk=', 'LS0t']);
    case 'rawExtension':
    case 'json':
    case 'fieldsV1':
      return choices.pick([{}, { a: 1 }, { 'f:a': {} }]);
    default:
      return choices.pick(texts);
  }
}

/** Something of the right shape for a message, whatever it means. */
export function objectOf(
  message: string,
  choices: Choices,
  depth = 0,
  budget = { left: 400, sparse: choices.pick([1, 1, 2, 3]) },
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const schema = lookupSchema(message);
  if (schema === undefined || depth > 9 || budget.left <= 0) return result;
  // Deep down fewer and fewer fields are filled.
  const sparse = budget.sparse + (depth >> 1);
  for (const [name, field] of schema.byJsonName) {
    if (name === 'kind' || name === 'apiVersion' || !choices.chance(sparse)) continue;
    budget.left--;
    const one = (): unknown =>
      field.message === undefined
        ? scalar(field, choices)
        : objectOf(field.message, choices, depth + 1, budget);
    if (field.map === true)
      result[name] = Object.fromEntries(
        Array.from({ length: choices.int(3) }, () => [choices.pick(texts), one()]),
      );
    else if (field.repeated === true || field.wrapped === true)
      result[name] = Array.from({ length: choices.int(3) }, one);
    else result[name] = one();
  }
  return result;
}

/** Changes a few places of a JSON value, in place where it can: wrong types, lost and added members, odd keys. */
export function mutate(value: unknown, choices: Choices): unknown {
  if (choices.chance(12)) return choices.pick(misfits);
  if (Array.isArray(value)) {
    if (value.length === 0 || choices.chance(4)) return [...(value as unknown[]), choices.pick(misfits)];
    const at = choices.int(value.length);
    const copy = [...(value as unknown[])];
    copy[at] = mutate(copy[at], choices);
    return copy;
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0 || choices.chance(6)) entries.push([choices.pick(texts), choices.pick(misfits)]);
    else {
      const at = choices.int(entries.length);
      const [key, member] = entries[at]!;
      if (choices.chance(8)) entries.splice(at, 1);
      else entries[at] = [choices.chance(15) ? choices.pick(texts) : key, mutate(member, choices)];
    }
    return Object.fromEntries(entries);
  }
  return choices.pick(choices.chance(2) ? texts : misfits);
}

/** Changes a few bytes of a text. */
export function mutateBytes(bytes: Uint8Array, choices: Choices): Uint8Array {
  const copy = new Uint8Array(bytes);
  switch (choices.int(4)) {
    case 0:
      return copy.subarray(0, choices.int(copy.length + 1));
    case 1: {
      const odd = Uint8Array.of(0xff, 0xfe, 0xc3, 0x28, 0);
      const at = choices.int(copy.length + 1);
      const longer = new Uint8Array(copy.length + odd.length);
      longer.set(copy.subarray(0, at));
      longer.set(odd, at);
      longer.set(copy.subarray(at), at + odd.length);
      return longer;
    }
    default:
      for (let count = 1 + choices.int(4); count > 0 && copy.length > 0; count--) {
        copy[choices.int(copy.length)] = choices.chance(2)
          ? choices.int(256)
          : choices.pick([0x7b, 0x7d, 0x5b, 0x5d, 0x22, 0x2c, 0x3a, 0x5c, 0x30]);
      }
      return copy;
  }
}
