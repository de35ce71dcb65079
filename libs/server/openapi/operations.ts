import { reference, type Dialect, type GroupVersionKind, type Json } from './schemas.ts';

export type ParameterRow = readonly [name: string, type: string, description: string];

const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1';
const encodings = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const customEncodings = ['application/json', 'application/yaml'];
const streams = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];

const dryRun: ParameterRow = [
  'dryRun',
  'string',
  'With `All` the request is checked and answered as if it were carried out, and nothing is stored.',
];
export const writeParameters: readonly ParameterRow[] = [
  dryRun,
  [
    'fieldManager',
    'string',
    'Name of the program or person that makes the change, up to 128 characters; recorded in `metadata.managedFields`.',
  ],
  [
    'fieldValidation',
    'string',
    'What to do about unknown and repeated fields: `Ignore` drops them, `Warn` (the default) drops them and says so in a `Warning` header, `Strict` refuses the request.',
  ],
];
export const applyParameters: readonly ParameterRow[] = [
  ...writeParameters,
  [
    'force',
    'boolean',
    'Takes over fields that other managers own instead of answering a conflict. Only for apply patches.',
  ],
];
const continueParameter: ParameterRow = [
  'continue',
  'string',
  'Token of the next page, from `metadata.continue` of the page before. Pages are of one revision; a token is good for some minutes.',
];
const selectionParameters: readonly ParameterRow[] = [
  [
    'fieldSelector',
    'string',
    'Narrows the list of returned objects to those whose fields have these values, e.g. `spec.nodeName=a,status.phase!=Failed`.',
  ],
  [
    'labelSelector',
    'string',
    'Narrows the list of returned objects to those with these labels, e.g. `app=web,tier in (a,b),!legacy`.',
  ],
  ['limit', 'integer', 'Most objects in one answer; more are had with `continue`.'],
  [
    'resourceVersion',
    'string',
    'For lists, how new the answer must be (`0`: whatever is at hand); for watches, the revision after which events are sent.',
  ],
  ['resourceVersionMatch', 'string', 'How `resourceVersion` is meant: `Exact`, or `NotOlderThan`.'],
  [
    'sendInitialEvents',
    'boolean',
    'Begins a watch with what is there, closed by a bookmark with the annotation `k8s.io/initial-events-end`.',
  ],
  ['timeoutSeconds', 'integer', 'Longest duration of the call, whatever happens meanwhile.'],
];
const bookmarks: ParameterRow = [
  'allowWatchBookmarks',
  'boolean',
  'Asks for events of type BOOKMARK, which carry nothing but the revision that the watch has reached.',
];
const watch: ParameterRow = [
  'watch',
  'boolean',
  'Watch for changes to the described resources: they are sent as they happen, as a stream of events, instead of a list.',
];
export const listParameters: readonly ParameterRow[] = [
  bookmarks,
  continueParameter,
  ...selectionParameters,
  watch,
];
const pretty: ParameterRow = [
  'pretty',
  'string',
  'With `true` the JSON is indented. The default for browsers and curl.',
];
export const deleteParameters: readonly ParameterRow[] = [
  dryRun,
  [
    'gracePeriodSeconds',
    'integer',
    'Seconds that the object has to end by itself before it is removed; 0 removes it at once. Default: what the kind says.',
  ],
  [
    'orphanDependents',
    'boolean',
    'Older form of `propagationPolicy`: true is `Orphan`. Not together with it.',
  ],
  [
    'propagationPolicy',
    'string',
    'What becomes of the objects that this one owns: `Orphan` keeps them, `Background` deletes them afterwards, `Foreground` before.',
  ],
];
export const deleteCollectionParameters: readonly ParameterRow[] = [
  continueParameter,
  ...deleteParameters,
  ...selectionParameters,
];

function parameter([name, type, description]: ParameterRow, dialect: Dialect): Json {
  const base = { name, in: 'query', description };
  return dialect === 'v2'
    ? { ...base, type, uniqueItems: true }
    : { ...base, schema: { type, uniqueItems: true } };
}

/** The parameters that all operations of a path share: its parts, and `pretty`. */
export function pathParameters(names: readonly string[], kind: string, dialect: Dialect): Json[] {
  const texts: Readonly<Record<string, string>> = {
    name: `Name of the ${kind}.`,
    namespace: 'Namespace that the request is about.',
  };
  const parts = names.map((name): Json => {
    const base = { name, in: 'path', required: true, description: texts[name] ?? '' };
    return dialect === 'v2'
      ? { ...base, type: 'string', uniqueItems: true }
      : { ...base, schema: { type: 'string', uniqueItems: true } };
  });
  return [...parts, parameter(pretty, dialect)];
}

export interface OperationSpec {
  /** `x-kubernetes-action`. */
  readonly action: string;
  readonly id: string;
  readonly text: string;
  readonly parameters: readonly ParameterRow[];
  /** Message of the request body. */
  readonly body?: string;
  readonly bodyRequired?: boolean;
  readonly consumes?: readonly string[];
  /** Message of the answer; undefined for plain text. */
  readonly answer: string | undefined;
  /** Codes of success besides 200. */
  readonly codes?: Readonly<Record<number, string>>;
  /** May answer a stream of events. */
  readonly streams?: boolean;
}

export interface OperationContext {
  readonly tag: string;
  readonly gvk: GroupVersionKind;
  readonly dialect: Dialect;
  /** Custom resources have no protobuf form. */
  readonly custom: boolean;
}

/** One operation in either format. */
export function operation(spec: OperationSpec, context: OperationContext): Json {
  const { dialect, tag, gvk, custom } = context;
  const single = spec.answer === undefined ? ['text/plain'] : custom ? customEncodings : encodings;
  const produces = spec.streams === true ? [...single, ...streams.slice(0, custom ? 1 : 2)] : single;
  const answer = spec.answer === undefined ? { type: 'string' } : { $ref: reference(spec.answer, dialect) };
  const parameters = spec.parameters.map((row) => parameter(row, dialect));
  const codes = { 200: 'OK', ...spec.codes };
  const result: Json = { description: spec.text, operationId: spec.id, tags: [tag] };
  const unauthorized = { 401: { description: 'Unauthorized' } };
  if (dialect === 'v2') {
    if (spec.body !== undefined) {
      const body = { name: 'body', in: 'body', schema: { $ref: reference(spec.body, dialect) } };
      parameters.unshift(spec.bodyRequired === false ? body : { ...body, required: true });
    }
    result['consumes'] = spec.consumes ?? ['*/*'];
    result['produces'] = produces;
    result['responses'] = {
      ...Object.fromEntries(
        Object.entries(codes).map(([code, description]) => [code, { description, schema: answer }]),
      ),
      ...unauthorized,
    };
    result['schemes'] = ['https'];
  } else {
    if (spec.body !== undefined) {
      const schema = { $ref: reference(spec.body, dialect) };
      const content = Object.fromEntries((spec.consumes ?? ['*/*']).map((type) => [type, { schema }]));
      result['requestBody'] = spec.bodyRequired === false ? { content } : { content, required: true };
    }
    const content = Object.fromEntries(produces.map((type) => [type, { schema: answer }]));
    result['responses'] = {
      ...Object.fromEntries(
        Object.entries(codes).map(([code, description]) => [code, { description, content }]),
      ),
      ...unauthorized,
    };
  }
  if (parameters.length > 0) result['parameters'] = parameters;
  result['x-kubernetes-action'] = spec.action;
  result['x-kubernetes-group-version-kind'] = gvk;
  return result;
}

/** Deletions answer this message. */
export const statusMessage = `${meta}.Status`;
export const deleteOptionsMessage = `${meta}.DeleteOptions`;
export const patchMessage = `${meta}.Patch`;
export const watchEventMessage = `${meta}.WatchEvent`;
