import { isJsonObject } from '@drydock/base/apimachinery';
import {
  encodeOpenApiV2,
  encodeOpenApiV3,
  openApiV3Of,
  partOfGroup,
  type ExtensionApi,
} from '../openapi/index.ts';
import type { FetchedDocument } from './forward.ts';

type Json = Record<string, unknown>;

/** Reads one JSON document of the extension server, unless it still is the one of this tag. @throws ApiError */
export type FetchDocument = (path: string, query: string, etag?: string) => Promise<FetchedDocument>;

/** What was read last, with what tells whether it is still so. */
export interface KnownOpenApi extends ExtensionApi {
  readonly v2Etag: string | undefined;
  /** Where the v3 document was: names its content, by a hash. */
  readonly v3Address: string | undefined;
}

/** Where the index of `/openapi/v3` says that the document of a group version is. */
function addressIn(index: unknown, group: string, version: string): string | undefined {
  const paths = isJsonObject(index) ? index['paths'] : undefined;
  const entry = isJsonObject(paths) ? paths[`apis/${group}/${version}`] : undefined;
  const address = isJsonObject(entry) ? entry['serverRelativeURL'] : undefined;
  return typeof address === 'string' && address.startsWith('/') ? address : undefined;
}

const orUndefined = (): undefined => undefined;

/** The document, where it can be written out for all clients: a bad one must not spoil what is merged of all. */
function sound(document: Json | undefined, encode: (document: Json) => Uint8Array): Json | undefined {
  if (document === undefined) return undefined;
  try {
    encode(document);
    return document;
  } catch {
    return undefined;
  }
}

/**
 * The OpenAPI documents of one group version of an extension server. A server without v3 is known by its v2; what it has
 * neither of is undefined. Answers `before` itself where nothing changed.
 */
export async function readOpenApi(
  fetch: FetchDocument,
  group: string,
  version: string,
  before: KnownOpenApi | undefined,
): Promise<KnownOpenApi> {
  const whole = await fetch('/openapi/v2', '', before?.v2Etag).catch(orUndefined);
  const fresh = whole !== 'unchanged' && isJsonObject(whole?.value) ? whole.value : undefined;
  const v2 =
    whole === 'unchanged'
      ? before?.v2
      : fresh === undefined
        ? undefined
        : sound(partOfGroup(fresh, group), encodeOpenApiV2);
  const v2Etag = whole === 'unchanged' ? before?.v2Etag : whole?.etag;

  const index = await fetch('/openapi/v3', '').catch(orUndefined);
  const address = index === 'unchanged' ? undefined : addressIn(index?.value, group, version);
  let v3: Json | undefined;
  if (address === undefined) {
    v3 =
      v2 === undefined
        ? undefined
        : v2 === before?.v2
          ? before.v3
          : sound(openApiV3Of(v2, group, version), encodeOpenApiV3);
  } else if (address === before?.v3Address && address.includes('?')) v3 = before.v3;
  else {
    const [path = '', query = ''] = address.split('?');
    const document = await fetch(path, query).catch(orUndefined);
    const value = document === 'unchanged' ? undefined : document?.value;
    v3 = isJsonObject(value) ? sound(value, encodeOpenApiV3) : undefined;
  }
  if (before !== undefined && v2 === before.v2 && v3 === before.v3 && address === before.v3Address)
    return before;
  return { group, version, v2, v3, v2Etag, v3Address: v3 === undefined ? undefined : address };
}
