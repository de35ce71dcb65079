import { isJsonObject, setOwn, getOwn } from './json-value.ts';

/**
 * Applies a JSON merge patch (RFC 7386): objects merge, null removes, everything else replaces.
 * The result shares unchanged parts with `target` and parts of `patch`; neither is changed.
 */
export function applyMergePatch<T = unknown>(target: T, patch: unknown): T {
  return merge(target, patch) as T;
}

function merge(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const result: Record<string, unknown> = {};
  if (isJsonObject(target)) for (const key of Object.keys(target)) setOwn(result, key, target[key]);
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null) {
      if (Object.hasOwn(result, key)) delete result[key];
    } else if (value !== undefined) setOwn(result, key, merge(getOwn(result, key), value));
  }
  return result;
}

/** The merge patch that turns `from` into `to`. Nulls inside `to`'s objects cannot be expressed and read as removals. */
export function createMergePatch(from: unknown, to: unknown): unknown {
  if (!isJsonObject(from) || !isJsonObject(to)) return to;
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys(from))
    if (!Object.hasOwn(to, key) || to[key] === undefined) setOwn(patch, key, null);
  for (const key of Object.keys(to)) {
    const value = to[key];
    if (value === undefined) continue;
    const old = getOwn(from, key);
    if (isJsonObject(old) && isJsonObject(value)) {
      const nested = createMergePatch(old, value) as object;
      if (Object.keys(nested).length > 0) setOwn(patch, key, nested);
    } else if (JSON.stringify(old) !== JSON.stringify(value)) setOwn(patch, key, value);
  }
  return patch;
}
