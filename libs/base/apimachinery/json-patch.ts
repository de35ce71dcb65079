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
export class JsonPatchMismatch extends Error {
  override readonly name = 'JsonPatchMismatch';
  /** Everything fits but what the patch itself tests for. */
  readonly isTest: boolean;

  constructor(message: string, isTest = false) {
    super(message);
    this.isTest = isTest;
  }
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
  if (!/^-?[0-9]+$/.test(token)) {
    const why = `strconv.Atoi: parsing ${JSON.stringify(token)}: invalid syntax`;
    mismatch(adding ? `value was not a proper array index: '${token}': ${why}` : why);
  }
  const limit = adding ? length + 1 : length;
  const index = Number(token);
  const position = index < 0 ? index + limit : index;
  if (position < 0 || position >= limit)
    mismatch(`Unable to access invalid index: ${index}: invalid index referenced`);
  return position;
}

function child(container: unknown, token: string): unknown {
  if (Array.isArray(container)) return container[readIndex(token, container.length, false)];
  return isJsonObject(container) ? getOwn(container, token) : undefined;
}

/** `run`, or else `words` around what went wrong in it. */
function telling<T>(words: (why: string) => string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof JsonPatchMismatch) throw new JsonPatchMismatch(words(error.message), error.isTest);
    throw error;
  }
}

/** The document under edit. It is a private copy, so the edits are in place. */
interface Draft {
  root: unknown;
}

type Container = unknown[] | Record<string, unknown>;

/** Undefined where there is nothing that could hold something. */
function parentOf(draft: Draft, path: readonly string[]): Container | undefined {
  let current = draft.root;
  try {
    for (const token of path.slice(0, -1)) current = child(current, token);
  } catch (error) {
    if (error instanceof JsonPatchMismatch) return undefined;
    throw error;
  }
  return Array.isArray(current) || isJsonObject(current) ? current : undefined;
}

function put(parent: Container, token: string, value: unknown): void {
  if (Array.isArray(parent)) parent.splice(readIndex(token, parent.length, true), 0, value);
  else setOwn(parent, token, value);
}

function take(parent: Container, token: string): void {
  if (Array.isArray(parent)) parent.splice(readIndex(token, parent.length, false), 1);
  else if (Object.hasOwn(parent, token)) delete parent[token];
  else mismatch(`Unable to remove nonexistent key: ${token}: missing value`);
}

function add(draft: Draft, pointer: string, value: unknown): void {
  const path = readPointer(pointer);
  const last = path.at(-1);
  if (last === undefined) {
    draft.root = value;
    return;
  }
  const parent =
    parentOf(draft, path) ??
    mismatch(`add operation does not apply: doc is missing path: "${pointer}": missing value`);
  telling(
    (why) => `error in add for path: '${pointer}': ${why}`,
    () => put(parent, last, value),
  );
}

function remove(draft: Draft, pointer: string): void {
  const path = readPointer(pointer);
  const last = path.at(-1) ?? mismatch('the whole document cannot be removed');
  const parent =
    parentOf(draft, path) ??
    mismatch(`remove operation does not apply: doc is missing path: "${pointer}": missing value`);
  telling(
    (why) => `error in remove for path: '${pointer}': ${why}`,
    () => take(parent, last),
  );
}

function replace(draft: Draft, pointer: string, value: unknown): void {
  const path = readPointer(pointer);
  const last = path.at(-1);
  if (last === undefined) {
    draft.root = value;
    return;
  }
  const words = 'replace operation does not apply: doc is missing';
  const parent = parentOf(draft, path) ?? mismatch(`${words} path: ${pointer}: missing value`);
  // Unlike RFC 6902, Kubernetes minds a missing item of a list alone, and no missing field.
  if (!Array.isArray(parent)) return setOwn(parent, last, value);
  const index = telling(
    () => `${words} key: ${pointer}: missing value`,
    () => readIndex(last, parent.length, false),
  );
  parent[index] = value;
}

/** What an operation that takes from one place to another takes. */
function read(draft: Draft, pointer: string, operation: 'copy' | 'move'): unknown {
  const path = readPointer(pointer);
  const last = path.at(-1);
  if (last === undefined) return draft.root;
  const parent =
    parentOf(draft, path) ??
    mismatch(`${operation} operation does not apply: doc is missing from path: ${pointer}: missing value`);
  const where = operation === 'copy' ? `from: '${pointer}'` : `path: '${last}'`;
  return telling(
    (why) => `error in ${operation} for ${where}: ${why}`,
    () => {
      const value = child(parent, last);
      return value === undefined ? mismatch(`doc is missing key: ${pointer}: missing value`) : value;
    },
  );
}

function test(draft: Draft, pointer: string, value: unknown): void {
  const path = readPointer(pointer);
  const last = path.at(-1);
  let actual = draft.root;
  if (last !== undefined) {
    const parent =
      parentOf(draft, path) ??
      mismatch(`test operation does not apply: is missing path: ${pointer}: missing value`);
    actual = telling(
      (why) => `error in test for path: '${pointer}': ${why}`,
      () => child(parent, last),
    );
  }
  // A missing field equals null, as in Kubernetes.
  if (!deepEqual(actual ?? null, value))
    throw new JsonPatchMismatch(`testing value ${pointer} failed: test failed`, true);
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
      return add(draft, path, cloneJson(read(draft, source, 'copy')));
    case 'move': {
      // Moving something into itself would lose it.
      if (path.startsWith(`${source}/`)) mismatch(`cannot move ${source} into itself`);
      const moved = read(draft, source, 'move');
      remove(draft, source);
      return add(draft, path, moved);
    }
    default:
      return mismatch(`Unexpected kind: ${op}`);
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
