import { lookupSchema } from '../scheme/index.ts';

type Json = Record<string, unknown>;

interface Step {
  readonly name: string;
  readonly fallback: unknown;
  /** A scalar whose zero value says no more than its absence, so that it is defaulted too. */
  readonly zeroIsAbsent: boolean;
  /** Sub-plan of a message field, where there is anything to default beneath it. */
  readonly plan: () => readonly Step[];
  readonly many: boolean;
  readonly map: boolean;
}

const none: readonly Step[] = [];
const plans = new Map<string, readonly Step[]>();
const fruitful = new Map<string, boolean>();

/** Whether a message, or anything beneath it, has a default. */
function hasDefaults(message: string, path: ReadonlySet<string> = new Set()): boolean {
  const known = fruitful.get(message);
  if (known !== undefined) return known;
  if (path.has(message)) return false;
  const deeper = new Set(path).add(message);
  const found = [...(lookupSchema(message)?.byJsonName.values() ?? [])].some(
    (field) =>
      field.default !== undefined || (field.message !== undefined && hasDefaults(field.message, deeper)),
  );
  // A verdict reached on a cycle is only final at its root.
  if (found || path.size === 0) fruitful.set(message, found);
  return found;
}

function plan(message: string): readonly Step[] {
  const known = plans.get(message);
  if (known !== undefined) return known;
  const steps: Step[] = [];
  plans.set(message, steps);
  for (const field of lookupSchema(message)?.byJsonName.values() ?? []) {
    const { message: child } = field;
    const deeper = child !== undefined && hasDefaults(child);
    if (field.default === undefined && !deeper) continue;
    steps.push({
      name: field.name,
      fallback: field.default,
      zeroIsAbsent: field.default !== undefined && child === undefined && field.explicit !== true,
      plan: deeper ? () => plan(child) : () => none,
      many: field.repeated === true,
      map: field.map === true,
    });
  }
  return steps;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function apply(steps: readonly Step[], target: Json): void {
  for (const step of steps) {
    let value = target[step.name];
    const zero = step.zeroIsAbsent && (value === '' || value === 0);
    if (value === undefined || value === null || zero) {
      if (step.fallback === undefined) continue;
      value = typeof step.fallback === 'object' ? structuredClone(step.fallback) : step.fallback;
      target[step.name] = value;
    }
    if (typeof value !== 'object' || value === null) continue;
    const deeper = step.plan();
    if (deeper.length === 0) continue;
    if (step.many) {
      if (Array.isArray(value)) for (const item of value) if (isObject(item)) apply(deeper, item);
    } else if (step.map) {
      for (const item of Object.values(value)) if (isObject(item)) apply(deeper, item);
    } else if (isObject(value)) apply(deeper, value);
  }
}

/**
 * Fills in, in place, the defaults that the schema declares: absent fields only, all the way down through
 * messages that are there. An empty string or a zero is absent too, unless the field is one that can be left unset. Idempotent. What depends on other fields is the resource's own `defaults`.
 */
export function applyScalarDefaults(schemaName: string, object: object): void {
  apply(plan(schemaName), object as Json);
}
