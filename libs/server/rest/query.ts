import type { FieldError } from '@drydock/base/apimachinery';
import {
  badRequest,
  byteLength,
  forbiddenField,
  goQuote,
  invalid,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '@drydock/base/apimachinery';
import { validateShape } from '@drydock/api/validation';
import type {
  DeleteOptions,
  ListOptions,
  PatchOptions,
  WatchOptions,
  WriteOptions,
} from '@drydock/port/transport';

/** The parameters of a request; the first value of a name counts. */
export interface Query extends ReadonlyMap<string, string> {
  /** All values of the names that were given more than once. */
  readonly repeated?: ReadonlyMap<string, readonly string[]>;
}

class Parameters extends Map<string, string> implements Query {
  repeated?: Map<string, string[]>;

  add(name: string, value: string): void {
    const first = this.get(name);
    if (first === undefined) {
      this.set(name, value);
      return;
    }
    const repeated = (this.repeated ??= new Map<string, string[]>());
    const values = repeated.get(name);
    if (values === undefined) repeated.set(name, [first, value]);
    else values.push(value);
  }
}

const empty: Query = new Map();

function decode(text: string): string | undefined {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return decodeBytes(spaced);
  }
}

/** As Go: any bytes may be escaped, UTF-8 or not; what is no escape cannot be taken. */
function decodeBytes(text: string): string | undefined {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return undefined;
  return text.replaceAll(/(?:%[0-9a-fA-F]{2})+/g, (run) => {
    const bytes = Uint8Array.from(run.slice(1).split('%'), (digits) => Number.parseInt(digits, 16));
    return decoder.decode(bytes);
  });
}

const decoder = new TextDecoder();

export function parseQuery(text: string): Query {
  if (text === '') return empty;
  const query = new Parameters();
  for (const pair of text.split('&')) {
    // As Go's parser: what it cannot take is left out, not answered.
    if (pair === '' || pair.includes(';')) continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    if (name !== undefined && value !== undefined) query.add(name, value);
  }
  return query;
}

/** Everything but absence, `0` and `false` is true, as in Kubernetes. */
export function booleanParameter(query: Query, name: string): boolean | undefined {
  const text = query.get(name);
  if (text === undefined) return undefined;
  return text !== '0' && text.toLowerCase() !== 'false';
}

const maxInt64 = 2n ** 63n;

/** @throws ApiError 400 in Go's words */
export function integerParameter(query: Query, name: string): number | undefined {
  const text = query.get(name);
  if (text === undefined) return undefined;
  if (!/^[+-]?[0-9]+$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${goQuote(text)}: invalid syntax`);
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  if (value >= maxInt64 || value < -maxInt64)
    throw badRequest(`strconv.ParseInt: parsing ${goQuote(text)}: value out of range`);
  return Number(value);
}

/** What lists and watches have in common. */
function selection(query: Query) {
  return {
    labelSelector: query.get('labelSelector'),
    fieldSelector: query.get('fieldSelector'),
    resourceVersion: query.get('resourceVersion') || undefined,
    resourceVersionMatch: (query.get('resourceVersionMatch') || undefined) as 'NotOlderThan' | undefined,
  };
}

/** Options of a list, with what is no option of lists, so that it can be refused. */
export function listOptions(query: Query): ListOptions & { sendInitialEvents?: boolean } {
  if (query.size === 0) return {};
  const limit = integerParameter(query, 'limit');
  integerParameter(query, 'timeoutSeconds');
  const sendInitialEvents = booleanParameter(query, 'sendInitialEvents');
  return {
    ...selection(query),
    limit: limit === undefined || limit <= 0 ? undefined : limit,
    continue: query.get('continue') || undefined,
    ...(sendInitialEvents === undefined ? {} : { sendInitialEvents }),
  };
}

export function watchOptions(query: Query): WatchOptions & { continue?: string | undefined } {
  integerParameter(query, 'limit');
  const timeoutSeconds = integerParameter(query, 'timeoutSeconds');
  return {
    ...selection(query),
    continue: query.get('continue') || undefined,
    allowWatchBookmarks: booleanParameter(query, 'allowWatchBookmarks'),
    sendInitialEvents: booleanParameter(query, 'sendInitialEvents'),
    // 0 is as good as absent.
    timeoutSeconds: timeoutSeconds === 0 ? undefined : timeoutSeconds,
  };
}

function dryRun(query: Query): readonly 'All'[] | undefined {
  const text = query.get('dryRun');
  if (text === undefined) return undefined;
  return (query.repeated?.get('dryRun') ?? [text]) as readonly 'All'[];
}

const maxManagerBytes = 128;
const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

function checkManager(manager: string, errors: FieldError[]): void {
  if (byteLength(manager) > maxManagerBytes) errors.push(tooLong('fieldManager', maxManagerBytes));
  let position = 0;
  for (const rune of manager) {
    if (unprintable.test(rune)) {
      const point = rune.codePointAt(0) ?? 0;
      const code = point.toString(16).toUpperCase().padStart(4, '0');
      errors.push(
        invalidValue('fieldManager', manager, `invalid character U+${code} (at position ${position})`),
      );
    }
    position += byteLength(rune);
  }
}

/** Dry runs know one value. */
function dryRunError(values: readonly string[] | undefined): FieldError | undefined {
  if (values === undefined || values.every((value) => value === 'All')) return undefined;
  return notSupported('dryRun', values, ['All']);
}

const validations = ['', 'Ignore', 'Strict', 'Warn'];

function checkWriteOptions(kind: string, options: WriteOptions, errors: FieldError[]): void {
  if (options.fieldManager !== undefined) checkManager(options.fieldManager, errors);
  const dry = dryRunError(options.dryRun);
  if (dry !== undefined) errors.push(dry);
  const validation = options.fieldValidation;
  if (validation !== undefined && !validations.includes(validation))
    errors.push(notSupported('fieldValidation', validation, validations));
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', errors);
}

function readWriteOptions(query: Query): WriteOptions {
  return {
    dryRun: dryRun(query),
    fieldManager: query.get('fieldManager') || undefined,
    fieldValidation: (query.get('fieldValidation') || undefined) as WriteOptions['fieldValidation'],
  };
}

/** @throws ApiError 422 naming `kind` (`CreateOptions`, `UpdateOptions`) */
export function writeOptions(query: Query, kind: 'CreateOptions' | 'UpdateOptions'): WriteOptions {
  if (query.size === 0) return {};
  const options = readWriteOptions(query);
  checkWriteOptions(kind, options, []);
  return options;
}

/** @throws ApiError 422 */
export function patchOptions(query: Query, apply: boolean): PatchOptions {
  const options: PatchOptions = { ...readWriteOptions(query), force: booleanParameter(query, 'force') };
  const errors: FieldError[] = [];
  if (apply) {
    if (options.fieldManager === undefined)
      errors.push(required('fieldManager', 'is required for apply patch'));
  } else if (options.force !== undefined) {
    errors.push(forbiddenField('force', 'may not be specified for non-apply patch'));
  }
  checkWriteOptions('PatchOptions', options, errors);
  return options;
}

const deleteOptionsSchema = 'k8s.io.apimachinery.pkg.apis.meta.v1.DeleteOptions';

/**
 * Options of a DELETE: those of the body where there is one, else those of the address; never both, as in Kubernetes.
 * @throws ApiError 400 for a body that is none
 */
export function deleteOptions(query: Query, body: Record<string, unknown> | undefined): DeleteOptions {
  if (body !== undefined) {
    const { kind, apiVersion } = body;
    if (kind !== undefined && kind !== null && kind !== '' && kind !== 'DeleteOptions') {
      throw badRequest(
        `no kind ${goQuote(String(kind))} is registered for version ${goQuote(typeof apiVersion === 'string' && apiVersion !== '' ? apiVersion : 'v1')} in scheme "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"`,
      );
    }
    const { error } = validateShape(deleteOptionsSchema, body);
    if (error !== undefined) throw badRequest(error);
    return body as DeleteOptions;
  }
  if (query.size === 0) return {};
  return {
    gracePeriodSeconds: integerParameter(query, 'gracePeriodSeconds'),
    propagationPolicy: query.get('propagationPolicy') as DeleteOptions['propagationPolicy'],
    orphanDependents: booleanParameter(query, 'orphanDependents'),
    dryRun: dryRun(query),
  };
}
