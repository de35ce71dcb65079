import { library, type Library } from '../library.ts';
import { CelError, isList, MapView, Message, none, Optional, Uint, type Value } from '../values.ts';

function isZero(value: Value): boolean {
  if (value === null || value === false || value === '' || value === 0 || value === 0n) return true;
  if (value instanceof Uint) return value.value === 0n;
  if (value instanceof Uint8Array) return value.length === 0;
  if (value instanceof MapView) return value.size === 0;
  if (value instanceof Message) return value.fields.size === 0;
  return typeof value === 'object' && isList(value) && value.length === 0;
}

/** Values that may not be there. `or` and `orValue` are the evaluator's own. */
export const optionalLibrary: Library = library([
  ['optional.none', '() optional(A)', () => none],
  ['optional.of', '(A) optional(A)', (value: Value) => new Optional(value)],
  [
    'optional.ofNonZeroValue',
    '(A) optional(A)',
    (value: Value) => (isZero(value) ? none : new Optional(value)),
  ],
  ['hasValue', 'optional(A).() bool', (one: Optional) => one.value !== undefined],
  [
    'value',
    'optional(A).() A',
    (one: Optional) => {
      if (one.value === undefined) throw new CelError('optional.none() dereference');
      return one.value;
    },
  ],
  [
    'or',
    'optional(A).(optional(A)) optional(A)',
    (one: Optional, other: Optional) => (one.value === undefined ? other : one),
  ],
  ['orValue', 'optional(A).(A) A', (one: Optional, other: Value) => one.value ?? other],
  ['unwrap', '(list(optional(A))) list(A)', unwrap],
  ['optional.unwrap', '(list(optional(A))) list(A)', unwrap],
  ['unwrapOpt', 'list(optional(A)).() list(A)', unwrap],
]);

function unwrap(list: readonly Value[]): Value {
  return list.flatMap((one) => (one instanceof Optional && one.value !== undefined ? [one.value] : []));
}
