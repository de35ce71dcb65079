import type { Clock } from '@drydock/base/clock';
import type { HttpRequest, HttpResponse } from '@drydock/port/http';
import {
  buildOpenApiV2,
  buildOpenApiV3,
  encodeOpenApiV2,
  encodeOpenApiV3,
  openApiV3Paths,
  rootOf,
} from '../openapi/index.ts';
import type { ResourceDefinition } from '../registry/index.ts';
import { acceptClauses } from './accept.ts';
import { textAnswer } from './answer.ts';
import { documentAnswer, documentOf, type Document, type Documents } from './documents.ts';
import { parseQuery } from './query.ts';

const encoder = new TextEncoder();
const msPerYear = 365 * 24 * 3600 * 1000;

type Encoding = 'json' | 'protobuf';

const subtypes = (version: 'v2' | 'v3'): readonly (readonly [subtype: string, encoding: Encoding])[] => [
  ['json', 'json'],
  // The older way to write it came first; the answer names the newer one.
  [`com.github.proto-openapi.spec.${version}@v1.0+protobuf`, 'protobuf'],
  [`com.github.proto-openapi.spec.${version}.v1.0+protobuf`, 'protobuf'],
];

function contentType(version: 'v2' | 'v3', encoding: Encoding): string {
  return encoding === 'json'
    ? 'application/json'
    : `application/com.github.proto-openapi.spec.${version}.v1.0+protobuf`;
}

/** The encoding that a client wants a document in; undefined where there is none. */
function encodingFor(header: string | undefined, version: 'v2' | 'v3'): Encoding | undefined {
  for (const { type, subtype } of acceptClauses(header || '*/*')) {
    if (type !== '*' && type !== 'application') continue;
    const found = subtypes(version).find(([name]) => subtype === '*' || subtype === name);
    if (found !== undefined) return found[1];
  }
  return undefined;
}

const jsonOf = (value: object): Uint8Array => encoder.encode(JSON.stringify(value));
const notAcceptable: HttpResponse = { status: 406, headers: { vary: 'Accept' }, body: undefined };

/** Answers `/openapi/v2`, `/openapi/v3` and the documents of group versions beneath it. */
export function createOpenApiPaths(
  documents: Documents,
  clock: Clock,
): (request: HttpRequest, path: string) => Promise<HttpResponse> {
  function v2(encoding: Encoding): Promise<Document> {
    return documents.once(`/openapi/v2 ${encoding}`, async (definitions) => {
      const document = await buildOpenApiV2(definitions);
      return documentOf(encoding === 'json' ? jsonOf(document) : encodeOpenApiV2(document));
    });
  }

  async function makeV3(
    root: string,
    encoding: Encoding,
    definitions: readonly ResourceDefinition[],
  ): Promise<Document | undefined> {
    const document = await buildOpenApiV3(root, definitions);
    if (document === undefined) return undefined;
    if (encoding === 'json') return documentOf(jsonOf(document));
    // Both encodings share a tag: the hash in the index stands for the content.
    const etag = (await v3(root, 'json'))?.etag ?? '';
    return { bytes: encodeOpenApiV3(document), etag };
  }

  function v3(root: string, encoding: Encoding): Promise<Document | undefined> {
    const key = `/openapi/v3/${root} ${encoding}`;
    const ofRoot = ({ group, version }: ResourceDefinition) => rootOf(group, version) === `/${root}`;
    return documents.once(key, (definitions) =>
      // A definition that comes or goes elsewhere leaves this document as it is.
      definitions.some(ofRoot)
        ? documents.onceFor(key, ofRoot, () => makeV3(root, encoding, definitions))
        : makeV3(root, encoding, definitions),
    );
  }

  const address = (root: string, etag: string): string => `/openapi/v3/${root}?hash=${etag}`;

  function index(): Promise<Document> {
    return documents.once('/openapi/v3', async (definitions) => {
      const paths: Record<string, { serverRelativeURL: string }> = {};
      for (const root of openApiV3Paths(definitions)) {
        const { etag = '' } = (await v3(root, 'json')) ?? {};
        paths[root] = { serverRelativeURL: address(root, etag) };
      }
      return documentOf(jsonOf({ paths }));
    });
  }

  async function groupVersion(request: HttpRequest, root: string): Promise<HttpResponse> {
    const encoding = encodingFor(request.header('accept'), 'v3');
    if (encoding === undefined) return notAcceptable;
    const document = await v3(root, encoding);
    if (document === undefined) return textAnswer(404, '404 page not found\n');
    const headers: Record<string, string> = { 'content-type': contentType('v3', encoding), vary: 'Accept' };
    const hash = parseQuery(request.query).get('hash');
    if (hash) {
      if (hash !== document.etag) {
        return {
          status: 301,
          headers: { ...headers, location: address(root, document.etag) },
          body: undefined,
        };
      }
      // The address names the content, so that it never changes.
      headers['cache-control'] = 'public, immutable';
      headers['expires'] = new Date(clock.now() + msPerYear).toUTCString();
    }
    return documentAnswer(request, document, headers);
  }

  return async (request, path) => {
    if (path === '/openapi/v3')
      return documentAnswer(request, await index(), { 'content-type': 'application/json' });
    if (path.startsWith('/openapi/v3/')) return groupVersion(request, path.slice('/openapi/v3/'.length));
    if (path !== '/openapi/v2') return textAnswer(404, '404 page not found\n');
    const encoding = encodingFor(request.header('accept'), 'v2');
    if (encoding === undefined) return notAcceptable;
    const headers = { 'content-type': contentType('v2', encoding), vary: 'Accept' };
    const { etag } = await v2('json');
    return documentAnswer(request, { bytes: (await v2(encoding)).bytes, etag }, headers);
  };
}
