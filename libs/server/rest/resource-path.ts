import { badRequest, goQuote, pathNotFound } from '@drydock/base/apimachinery';
import type { ResourceRef } from '@drydock/port/transport';

export interface ResourcePath {
  readonly ref: ResourceRef;
  /** The older `/watch/` form. */
  readonly watch: boolean;
  /** What follows the subresource, for proxies. */
  readonly rest: readonly string[];
}

/** As Go: escapes are undone before the path is taken apart, so that an escaped slash is a slash. */
function decode(path: string): string {
  if (!path.includes('%')) return path;
  const broken = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(path)?.[0];
  if (broken !== undefined) throw badRequest(`invalid URL escape ${goQuote(broken)}`);
  try {
    return decodeURIComponent(path);
  } catch {
    throw badRequest('invalid URL escape: the path is not UTF-8');
  }
}

/** Subresources that namespaces have: their paths look like those of namespaced resources. */
const ofNamespaces = new Set(['status', 'finalize']);

/** Takes `/api/v1/…` or `/apis/<group>/<version>/…` apart; undefined where nothing of a resource follows. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const parts = decode(path).split('/');
  let at: number;
  let group: string;
  let version: string;
  if (parts[1] === 'api') {
    group = '';
    version = parts[2] ?? '';
    at = 3;
  } else if (parts[1] === 'apis') {
    group = parts[2] ?? '';
    version = parts[3] ?? '';
    at = 4;
  } else return undefined;
  if (parts.at(-1) === '') parts.pop();
  let watch = false;
  if (parts[at] === 'watch') {
    watch = true;
    at++;
  }
  if (parts[at] === undefined || parts[at] === '') return undefined;
  let namespace: string | undefined;
  if (parts[at] === 'namespaces' && parts[at + 2] !== undefined && !ofNamespaces.has(parts[at + 2] ?? '')) {
    namespace = parts[at + 1] ?? '';
    if (namespace === '') throw pathNotFound();
    at += 2;
  }
  const resource = parts[at] ?? '';
  const name = parts[at + 1];
  const subresource = parts[at + 2];
  const ref: ResourceRef = { group, version, resource };
  if (namespace !== undefined) ref.namespace = namespace;
  if (name !== undefined) ref.name = name;
  if (subresource !== undefined) ref.subresource = subresource;
  return { ref, watch, rest: parts.slice(at + 3) };
}
