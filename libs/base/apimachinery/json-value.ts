/** Any JSON value. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** Whether a value is a JSON object (neither null nor a list). */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Sets an own property, whatever the name: plain assignment to `__proto__` would change the prototype instead.
 */
export function setOwn(target: object, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else (target as Record<string, unknown>)[key] = value;
}

/** The own property, or undefined; inherited names such as `constructor` are not there. */
export function getOwn(target: object, key: string): unknown {
  return Object.hasOwn(target, key) ? (target as Record<string, unknown>)[key] : undefined;
}

/**
 * A deep copy of a JSON value. Properties holding `undefined` are left out, as in JSON. The value must hold no cycle.
 */
export function cloneJson<T>(value: T): T {
  return cloneValue(value) as T;
}

function cloneValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const length = value.length;
    const copy = new Array<unknown>(length);
    for (let index = 0; index < length; index += 1) copy[index] = cloneValue(value[index]);
    return copy;
  }
  const source = value as Record<string, unknown>;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(source)) {
    const child = source[key];
    if (child === undefined) continue;
    const copied = typeof child === 'object' && child !== null ? cloneValue(child) : child;
    if (key === '__proto__') setOwn(copy, key, copied);
    else copy[key] = copied;
  }
  return copy;
}

/**
 * Whether two JSON values are equal: order of keys does not matter, and a property holding `undefined` counts as absent.
 * `null` and absent differ; so do an empty list and none.
 */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return typeof a === 'number' && typeof b === 'number' && Number.isNaN(a) && Number.isNaN(b);
  }
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && equalLists(a, b);
  return equalObjects(a as Record<string, unknown>, b as Record<string, unknown>);
}

function equalLists(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (!deepEqual(a[index], b[index])) return false;
  return true;
}

function equalObjects(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  let defined = 0;
  for (const key of Object.keys(a)) {
    const value = a[key];
    if (value === undefined) continue;
    defined += 1;
    if (!Object.hasOwn(b, key) || !deepEqual(value, b[key])) return false;
  }
  for (const key of Object.keys(b)) if (b[key] !== undefined) defined -= 1;
  return defined === 0;
}

function isVoid(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true;
  if (typeof value !== 'object') return false;
  return (Array.isArray(value) ? value : Object.keys(value)).length === 0;
}

/**
 * Kubernetes' semantic equality: as `deepEqual`, but absent, null, and empty lists and objects are all the same
 * (and so are absent and Go's zero values, which Go cannot tell from absent).
 */
export function semanticEqual(a: unknown, b: unknown): boolean {
  if (a === b || (isVoid(a) && isVoid(b))) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => semanticEqual(item, b[index]));
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) =>
    semanticEqual(getOwn(a, key), getOwn(b, key)),
  );
}

/** JSON text with sorted keys: equal values have equal text, whatever order they were built in. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value) ?? 'null';
  const parts: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const child = value[key];
    if (child !== undefined) parts.push(`${JSON.stringify(key)}:${canonicalJson(child)}`);
  }
  return `{${parts.join(',')}}`;
}

function splitPath(path: string): string[] {
  return path === '' ? [] : path.replace(/^\./, '').split('.');
}

/**
 * Reads a dotted path of field names (`spec.replicas`, leading dot allowed, list positions as numbers).
 * @returns undefined when any step is missing
 */
export function getPath(value: unknown, path: string | readonly string[]): unknown {
  let current = value;
  for (const name of typeof path === 'string' ? splitPath(path) : path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = getOwn(current, name);
  }
  return current;
}

/**
 * Writes a dotted path in place, making objects on the way; `undefined` removes the field.
 * @throws TypeError when a step goes through something that is no object
 */
export function setPath(target: object, path: string | readonly string[], value: unknown): void {
  const names = typeof path === 'string' ? splitPath(path) : path;
  const last = names.at(-1);
  if (last === undefined) throw new TypeError('a path must name at least one field');
  let current = target;
  for (const name of names.slice(0, -1)) {
    let next = getOwn(current, name);
    if (next === undefined || next === null) {
      if (value === undefined) return;
      next = {};
      setOwn(current, name, next);
    }
    if (typeof next !== 'object' || next === null)
      throw new TypeError(`${names.join('.')}: ${name} is not an object`);
    current = next;
  }
  if (value !== undefined) setOwn(current, last, value);
  else if (Object.hasOwn(current, last)) delete (current as Record<string, unknown>)[last];
}
