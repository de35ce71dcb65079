import type { Clock } from '@drydock/base/clock';
import type { HttpRequest, HttpResponse } from '@drydock/port/http';
import {
  buildOpenApiV2,
  buildOpenApiV3,
  encodeOpenApiV2,
  encodeOpenApiV3,
  mergeOpenApiV2,
  openApiV3Paths,
  rootOf,
  type ExtensionApi,
} from '../openapi/index.ts';
import type { ResourceDefinition } from '../registry/index.ts';
import { acceptClauses } from './accept.ts';
import { textAnswer } from './answer.ts';
import { documentAnswer, documentOf, type Document, type Documents } from './documents.ts';
import { parseQuery } from './query.ts';

const encoder = new TextEncoder();
const msPerYear = 365 * 24 * 3600 * 1000;

type Encoding = 'json' | 'protobuf';
type Json = Record<string, unknown>;

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

/** `make` of what it is given, made anew when one of these is another. */
function latest<A extends readonly unknown[], T>(make: (...of: A) => T): (...of: A) => T {
  let last: { readonly of: A; readonly value: T } | undefined;
  return (...of) => {
    if (last?.of.every((one, at) => one === of[at]) !== true) last = { of, value: make(...of) };
    return last.value;
  };
}

const noExtensions: readonly ExtensionApi[] = [];

/**
 * Answers `/openapi/v2`, `/openapi/v3` and the documents of group versions beneath it.
 * @param extensions what extension servers say of theirs: the same array for as long as that is the same
 */
export function createOpenApiPaths(
  documents: Documents,
  clock: Clock,
  extensions: () => readonly ExtensionApi[] = () => noExtensions,
): (request: HttpRequest, path: string) => Promise<HttpResponse> {
  const ownV2 = () => documents.once('/openapi/v2', buildOpenApiV2);
  const encodeV2 = async (whole: Promise<Json>, encoding: Encoding): Promise<Document> =>
    documentOf(encoding === 'json' ? jsonOf(await whole) : encodeOpenApiV2(await whole));
  const mergedV2 = latest(async (own: Promise<Json>, others: readonly ExtensionApi[]) =>
    mergeOpenApiV2(
      await own,
      others.flatMap(({ v2 }) => (v2 === undefined ? [] : [v2])),
    ),
  );
  const v2By: Readonly<Record<Encoding, (whole: Promise<Json>) => Promise<Document>>> = {
    json: latest((whole) => encodeV2(whole, 'json')),
    protobuf: latest((whole) => encodeV2(whole, 'protobuf')),
  };
  const v2 = (encoding: Encoding): Promise<Document> => {
    const others = extensions();
    return v2By[encoding](others.length === 0 ? ownV2() : mergedV2(ownV2(), others));
  };

  const v3OfExtensions = latest((others: readonly ExtensionApi[]) => {
    const made = new Map<string, { readonly json: Document; protobuf(): Document }>();
    for (const { group, version, v3: document } of others) {
      if (document === undefined) continue;
      const json = documentOf(jsonOf(document));
      const protobuf = () => ({ bytes: encodeOpenApiV3(document), etag: json.etag });
      made.set(rootOf(group, version).slice(1), { json, protobuf });
    }
    return made;
  });

  async function makeV3(
    root: string,
    encoding: Encoding,
    definitions: readonly ResourceDefinition[],
  ): Promise<Document | undefined> {
    const document = await buildOpenApiV3(root, definitions);
    if (document === undefined) return undefined;
    if (encoding === 'json') return documentOf(jsonOf(document));
    // Both encodings share a tag: the hash in the index stands for the content.
    const etag = (await ownV3(root, 'json'))?.etag ?? '';
    return { bytes: encodeOpenApiV3(document), etag };
  }

  async function v3(root: string, encoding: Encoding): Promise<Document | undefined> {
    const theirs = v3OfExtensions(extensions()).get(root);
    if (theirs === undefined) return ownV3(root, encoding);
    return encoding === 'json' ? theirs.json : theirs.protobuf();
  }

  function ownV3(root: string, encoding: Encoding): Promise<Document | undefined> {
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

  const ownRoots = (): Promise<readonly (readonly [root: string, etag: string])[]> =>
    documents.once('/openapi/v3', (definitions) =>
      Promise.all(
        openApiV3Paths(definitions).map(
          async (root) => [root, (await ownV3(root, 'json'))?.etag ?? ''] as const,
        ),
      ),
    );
  const indexOf = latest(
    async (own: ReturnType<typeof ownRoots>, others: ReturnType<typeof v3OfExtensions>) => {
      const theirs = [...others].map(([root, { json }]) => [root, json.etag] as const);
      const paths = [...(await own), ...theirs]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([root, etag]) => [root, { serverRelativeURL: address(root, etag) }]);
      return documentOf(jsonOf({ paths: Object.fromEntries(paths) as object }));
    },
  );
  const index = (): Promise<Document> => indexOf(ownRoots(), v3OfExtensions(extensions()));

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
