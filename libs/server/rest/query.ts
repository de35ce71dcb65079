import { badRequest } from '@drydock/base/apimachinery';
import type {
  DeleteOptions,
  ListOptions,
  PatchOptions,
  WatchOptions,
  WriteOptions,
} from '@drydock/port/transport';

/** The parameters of a request; the first value of a name counts. */
export type Query = ReadonlyMap<string, string>;

const empty: Query = new Map();

function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw badRequest(`invalid URL escape ${JSON.stringify(text)}`);
  }
}

export function parseQuery(text: string): Query {
  if (text === '') return empty;
  const query = new Map<string, string>();
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    if (!query.has(name)) query.set(name, equals < 0 ? '' : decode(pair.slice(equals + 1)));
  }
  return query;
}

export function booleanParameter(query: Query, name: string): boolean | undefined {
  const text = query.get(name);
  if (text === undefined) return undefined;
  switch (text.toLowerCase()) {
    case '':
    case '1':
    case 't':
    case 'true':
      return true;
    case '0':
    case 'f':
    case 'false':
      return false;
    default:
      // Kubernetes takes any other text for true.
      return true;
  }
}

export function integerParameter(query: Query, name: string): number | undefined {
  const text = query.get(name);
  if (text === undefined || text === '') return undefined;
  if (!/^[+-]?\d+$/.test(text)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  }
  return value;
}

export function listOptions(query: Query): ListOptions {
  const limit = integerParameter(query, 'limit');
  return {
    labelSelector: query.get('labelSelector'),
    fieldSelector: query.get('fieldSelector'),
    limit: limit === undefined || limit <= 0 ? undefined : limit,
    continue: query.get('continue') || undefined,
    resourceVersion: query.get('resourceVersion') || undefined,
    resourceVersionMatch: (query.get('resourceVersionMatch') ||
      undefined) as ListOptions['resourceVersionMatch'],
  };
}

export function watchOptions(query: Query): WatchOptions {
  return {
    labelSelector: query.get('labelSelector'),
    fieldSelector: query.get('fieldSelector'),
    resourceVersion: query.get('resourceVersion') || undefined,
    resourceVersionMatch: (query.get('resourceVersionMatch') ||
      undefined) as WatchOptions['resourceVersionMatch'],
    allowWatchBookmarks: booleanParameter(query, 'allowWatchBookmarks'),
    sendInitialEvents: booleanParameter(query, 'sendInitialEvents'),
    timeoutSeconds: integerParameter(query, 'timeoutSeconds'),
  };
}

function dryRun(query: Query): readonly 'All'[] | undefined {
  const text = query.get('dryRun');
  return text === undefined || text === '' ? undefined : [text as 'All'];
}

export function writeOptions(query: Query): WriteOptions {
  return {
    dryRun: dryRun(query),
    fieldManager: query.get('fieldManager') || undefined,
    fieldValidation: (query.get('fieldValidation') || undefined) as WriteOptions['fieldValidation'],
  };
}

export function patchOptions(query: Query): PatchOptions {
  return { ...writeOptions(query), force: booleanParameter(query, 'force') };
}

/** Options of a DELETE: those of the body come first, the query fills what it leaves open. */
export function deleteOptions(query: Query, body: Record<string, unknown> | undefined): DeleteOptions {
  const given = (body ?? {}) as DeleteOptions;
  return {
    gracePeriodSeconds: given.gracePeriodSeconds ?? integerParameter(query, 'gracePeriodSeconds'),
    preconditions: given.preconditions,
    propagationPolicy:
      given.propagationPolicy ??
      ((query.get('propagationPolicy') || undefined) as DeleteOptions['propagationPolicy']),
    orphanDependents: given.orphanDependents ?? booleanParameter(query, 'orphanDependents'),
    dryRun: given.dryRun ?? dryRun(query),
  };
}
