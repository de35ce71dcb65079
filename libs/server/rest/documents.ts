import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { HttpRequest, HttpResponse } from '@drydock/port/http';
import type { Registry, ResourceDefinition } from '../registry/index.ts';

/** A document in one encoding. */
export interface Document {
  readonly bytes: Uint8Array;
  /** Of its content, without quotes. */
  readonly etag: string;
}

export interface Documents {
  /** What `make` makes, once for as long as the served definitions are the same. */
  once<T>(key: string, make: (definitions: readonly ResourceDefinition[]) => T): T;
  /** As `once`, but what is made lasts for as long as the chosen definitions are the same, whatever becomes of others. */
  onceFor<T>(key: string, choose: (definition: ResourceDefinition) => boolean, make: () => T): T;
}

/** A name for a document's content, for ETags and for the hashes of `/openapi/v3`. */
export function documentOf(bytes: Uint8Array): Document {
  return { bytes, etag: bytesToHex(sha256(bytes)).toUpperCase() };
}

/** Keeps documents until a definition comes, goes or changes: the registry answers another list then. */
export function createDocuments(registry: Pick<Registry, 'definitions'>): Documents {
  let madeFor: readonly ResourceDefinition[] | undefined;
  const made = new Map<string, unknown>();
  const lasting = new Map<string, { readonly of: readonly ResourceDefinition[]; readonly value: unknown }>();
  return {
    onceFor<T>(key: string, choose: (definition: ResourceDefinition) => boolean, make: () => T): T {
      const of = registry.definitions().filter(choose);
      const known = lasting.get(key);
      if (known?.of.length === of.length && known.of.every((one, at) => one === of[at]))
        return known.value as T;
      const value = make();
      if (of.length > 0) lasting.set(key, { of, value });
      else lasting.delete(key);
      return value;
    },
    once<T>(key: string, make: (definitions: readonly ResourceDefinition[]) => T): T {
      const definitions = registry.definitions();
      if (definitions !== madeFor) {
        made.clear();
        madeFor = definitions;
      }
      if (!made.has(key)) made.set(key, make(definitions));
      return made.get(key) as T;
    },
  };
}

/** Does an If-None-Match header name this content? Weak and strong tags compare alike. */
function namesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header
    .split(',')
    .map((one) => one.trim().replace(/^W\//, ''))
    .some((one) => one === '*' || one === `"${etag}"`);
}

/** A document as an answer: 304 where the client has it already. */
export function documentAnswer(
  request: HttpRequest,
  { bytes, etag }: Document,
  headers: Readonly<Record<string, string>>,
): HttpResponse {
  const all = { ...headers, etag: `"${etag}"` };
  if (namesEtag(request.header('if-none-match'), etag)) {
    const { 'content-type': _type, ...others } = all as Record<string, string>;
    return { status: 304, headers: others, body: undefined };
  }
  return { status: 200, headers: all, body: bytes };
}
