import { badRequest, requestEntityTooLarge, unprocessable } from './api-error-constructors.ts';
import { ApiError } from './api-error.ts';
import { cloneJson, deepEqual, getOwn, isJsonObject, setOwn } from './json-value.ts';

/** Kubernetes' limit on one patch. */
export const maxJsonPatchOperations = 10_000;

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** Why a well-formed patch does not fit the document. It travels as the cause; the client gets a fixed text. */
class JsonPatchMismatch extends Error {
  override readonly name = 'JsonPatchMismatch';
}

function mismatch(message: string): never {
  throw new JsonPatchMismatch(message);
}

function readOperation(value: unknown): Operation {
  if (!isJsonObject(value))
    throw badRequest('json: cannot unmarshal value into Go value of type jsonpatch.Operation');
  const { op, path, from } = value;
  return {
    op: typeof op === 'string' ? op : 'unknown',
    path: typeof path === 'string' ? path : mismatch(`${String(op)} operation is missing path`),
    ...(typeof from === 'string' ? { from } : {}),
    // An absent value is null, as in Kubernetes.
    value: Object.hasOwn(value, 'value') ? value['value'] : null,
  };
}

/** RFC 6901. */
function readPointer(pointer: string): string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) mismatch(`invalid path: ${pointer}`);
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A list position; negative counts from the end, as Kubernetes allows. `length` itself is valid only for adding. */
function readIndex(token: string, length: number, adding: boolean): number {
  if (adding && token === '-') return length;
  if (!/^-?[0-9]+$/.test(token)) mismatch(`invalid list position: ${token}`);
  const limit = adding ? length + 1 : length;
  const index = Number(token);
  const position = index < 0 ? index + limit : index;
  if (position < 0 || position >= limit) mismatch(`list position out of bounds: ${token}`);
  return position;
}

function child(container: unknown, token: string): unknown {
  if (Array.isArray(container)) return container[readIndex(token, container.length, false)];
  return isJsonObject(container) ? getOwn(container, token) : undefined;
}

function valueAt(document: unknown, path: readonly string[]): unknown {
  let current = document;
  for (const token of path) current = child(current, token);
  return current;
}

/** The document under edit. It is a private copy, so the edits are in place. */
interface Draft {
  root: unknown;
}

function parentOf(
  draft: Draft,
  path: readonly string[],
  pointer: string,
): unknown[] | Record<string, unknown> {
  const parent = valueAt(draft.root, path.slice(0, -1));
  if (Array.isArray(parent) || isJsonObject(parent)) return parent;
  return mismatch(`doc is missing path: ${pointer}`);
}

function add(draft: Draft, pointer: string, value: unknown): void {
  const path = readPointer(pointer);
  const last = path.at(-1);
  if (last === undefined) {
    draft.root = value;
    return;
  }
  const parent = parentOf(draft, path, pointer);
  if (Array.isArray(parent)) parent.splice(readIndex(last, parent.length, true), 0, value);
  else setOwn(parent, last, value);
}

function remove(draft: Draft, pointer: string): void {
  const path = readPointer(pointer);
  const last = path.at(-1) ?? mismatch('the whole document cannot be removed');
  const parent = parentOf(draft, path, pointer);
  if (Array.isArray(parent)) parent.splice(readIndex(last, parent.length, false), 1);
  else if (Object.hasOwn(parent, last)) delete parent[last];
  else mismatch(`doc is missing key: ${pointer}`);
}

function replace(draft: Draft, pointer: string, value: unknown): void {
  const path = readPointer(pointer);
  const last = path.at(-1);
  if (last === undefined) {
    draft.root = value;
    return;
  }
  const parent = parentOf(draft, path, pointer);
  if (Array.isArray(parent)) parent[readIndex(last, parent.length, false)] = value;
  else if (Object.hasOwn(parent, last)) setOwn(parent, last, value);
  else mismatch(`doc is missing key: ${pointer}`);
}

function read(draft: Draft, pointer: string): unknown {
  const value = valueAt(draft.root, readPointer(pointer));
  return value === undefined ? mismatch(`doc is missing key: ${pointer}`) : value;
}

function test(draft: Draft, pointer: string, value: unknown): void {
  const path = readPointer(pointer);
  const actual = path.length === 0 ? draft.root : child(parentOf(draft, path, pointer), path.at(-1) ?? '');
  // A missing field equals null, as in Kubernetes.
  if (!deepEqual(actual ?? null, value)) mismatch(`testing value ${pointer} failed: test failed`);
}

function applyOperation(draft: Draft, { op, path, from, value }: Operation): void {
  const source = from ?? '';
  switch (op) {
    case 'add':
      return add(draft, path, cloneJson(value));
    case 'remove':
      return remove(draft, path);
    case 'replace':
      return replace(draft, path, cloneJson(value));
    case 'test':
      return test(draft, path, value);
    case 'copy':
      return add(draft, path, cloneJson(read(draft, source)));
    case 'move': {
      // Moving something into itself would lose it.
      if (path.startsWith(`${source}/`)) mismatch(`cannot move ${source} into itself`);
      const moved = read(draft, source);
      remove(draft, source);
      return add(draft, path, moved);
    }
    default:
      return mismatch(`unexpected kind: ${op}`);
  }
}

/**
 * Applies a JSON patch (RFC 6902) and returns the new document; `document` and `patch` stay as they are.
 * @throws ApiError 400 for something that is no patch, 413 for more than 10,000 operations, 422 when it does not fit
 * the document (with Kubernetes' fixed text; the reason is the error's `cause`)
 */
export function applyJsonPatch<T = unknown>(document: T, patch: unknown): T {
  if (!Array.isArray(patch)) {
    const kind = isJsonObject(patch) ? 'object' : patch === null ? 'null' : typeof patch;
    throw badRequest(`json: cannot unmarshal ${kind} into Go value of type jsonpatch.Patch`);
  }
  if (patch.length > maxJsonPatchOperations) {
    throw requestEntityTooLarge(
      `The allowed maximum operations in a JSON patch is ${maxJsonPatchOperations}, got ${patch.length}`,
    );
  }
  const draft: Draft = { root: cloneJson(document) };
  try {
    for (const operation of patch) applyOperation(draft, readOperation(operation));
  } catch (error) {
    if (error instanceof JsonPatchMismatch) throw new ApiError(unprocessable().status, error);
    throw error;
  }
  return draft.root as T;
}
