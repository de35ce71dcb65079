import { notAcceptable, pathNotFound } from '@drydock/base/apimachinery';
import type { HttpRequest, HttpResponse } from '@drydock/port/http';
import type { Metrics } from '@drydock/port/observability';
import {
  aggregatedDiscovery,
  apiGroupList,
  apiGroupOf,
  apiResourceList,
  apiVersions,
} from '../discovery/index.ts';
import { buildOpenApiV2, buildOpenApiV3, encodeOpenApiV2, openApiV3Paths } from '../openapi/index.ts';
import type { Registry, ResourceDefinition } from '../registry/index.ts';
import { acceptClauses, negotiate } from './accept.ts';
import { jsonAnswer, textAnswer } from './answer.ts';
import { parseQuery } from './query.ts';

export interface HealthCheck {
  readonly name: string;
  /** True while that part is well. */
  healthy(): boolean;
}

interface SystemOptions {
  readonly registry: Registry;
  readonly metrics: Metrics;
  readonly checks: readonly HealthCheck[];
  readonly serverAddress: string;
}

const version = {
  major: '1',
  minor: '36',
  emulationMajor: '1',
  emulationMinor: '36',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '35',
  gitVersion: 'v1.36.0+drydock',
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '2026-01-01T00:00:00Z',
  goVersion: 'none',
  compiler: 'node',
  platform: 'linux/amd64',
};

/** A short name for a document's content, for ETags and the hashes of `/openapi/v3`. */
function contentHash(bytes: Uint8Array): string {
  let a = 0x811c9dc5;
  let b = 0xcbf29ce4;
  for (const code of bytes) {
    a = Math.imul(a ^ code, 0x01000193) >>> 0;
    b = Math.imul(b ^ code, 0x85ebca6b) >>> 0;
  }
  return `${a.toString(16).padStart(8, '0')}${b.toString(16).padStart(8, '0')}`.toUpperCase();
}

const encoder = new TextEncoder();
const openApiV2Protobuf = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/** Answers the paths that are not resources: health, version, metrics, discovery, OpenAPI. */
export function createSystemPaths(
  options: SystemOptions,
): (request: HttpRequest) => HttpResponse | Promise<HttpResponse> {
  const { registry, metrics, checks, serverAddress } = options;
  /** Documents by path, for as long as the served definitions are the same. */
  let cachedFor: readonly ResourceDefinition[] = [];
  let cachedCount = -1;
  const documents = new Map<string, Promise<{ bytes: Uint8Array; etag: string } | undefined>>();

  function document(path: string, make: () => Promise<unknown> | unknown) {
    const now = registry.definitions();
    if (now !== cachedFor || now.length !== cachedCount) {
      documents.clear();
      cachedFor = now;
      cachedCount = now.length;
    }
    let made = documents.get(path);
    if (made === undefined) {
      made = Promise.resolve(make()).then((value) => {
        if (value === undefined) return undefined;
        const bytes = value instanceof Uint8Array ? value : encoder.encode(JSON.stringify(value));
        return { bytes, etag: contentHash(bytes) };
      });
      documents.set(path, made);
    }
    return made;
  }

  async function cachedAnswer(
    request: HttpRequest,
    path: string,
    contentType: string,
    make: () => Promise<unknown> | unknown,
  ): Promise<HttpResponse> {
    const found = await document(path, make);
    if (found === undefined) throw pathNotFound();
    const etag = `"${found.etag}"`;
    const headers: Record<string, string> = { 'content-type': contentType, etag, vary: 'Accept' };
    if (request.header('if-none-match') === etag) return { status: 304, headers, body: undefined };
    const gzip =
      found.bytes.length > 128 * 1024 && (request.header('accept-encoding') ?? '').includes('gzip');
    return { status: 200, headers, body: found.bytes, gzip };
  }

  function health(request: HttpRequest, name: string, rest: string): HttpResponse {
    const query = parseQuery(request.query);
    const all = [{ name: 'ping', healthy: () => true }, ...checks];
    if (rest !== '') {
      const one = all.find((check) => check.name === rest);
      if (one === undefined) return textAnswer(404, '404 page not found\n');
      return one.healthy()
        ? textAnswer(200, 'ok')
        : textAnswer(500, `internal server error: ${rest} is not healthy\n`);
    }
    const excluded = query.get('exclude');
    const failing = all.filter((check) => check.name !== excluded && !check.healthy());
    const lines = all.map((check) =>
      check.name === excluded
        ? `[+]${check.name} excluded: ok`
        : check.healthy()
          ? `[+]${check.name} ok`
          : `[-]${check.name} failed: reason withheld`,
    );
    if (failing.length > 0) return textAnswer(500, `${lines.join('\n')}\n${name} check failed\n`);
    return query.has('verbose')
      ? textAnswer(200, `${lines.join('\n')}\n${name} check passed\n`)
      : textAnswer(200, 'ok');
  }

  function discovery(request: HttpRequest, core: boolean): HttpResponse | Promise<HttpResponse> {
    for (const { type, parameters } of acceptClauses(request.header('accept') ?? '')) {
      if (type !== 'application/json' && type !== '*/*') continue;
      if (parameters.get('as') === 'APIGroupDiscoveryList' && parameters.get('g') === 'apidiscovery.k8s.io') {
        const wanted = parameters.get('v') ?? '';
        if (wanted !== 'v2' && wanted !== 'v2beta1') continue;
        const contentType = `application/json;g=apidiscovery.k8s.io;v=${wanted};as=APIGroupDiscoveryList`;
        return cachedAnswer(request, `${core ? '/api' : '/apis'}#${wanted}`, contentType, () =>
          aggregatedDiscovery(registry.definitions(), core, wanted),
        );
      }
      if (!parameters.has('as')) break;
    }
    const { yaml } = negotiate(request.header('accept'));
    return jsonAnswer(
      200,
      core ? apiVersions(serverAddress) : apiGroupList(registry.definitions()),
      {},
      yaml,
    );
  }

  function openApiV3(request: HttpRequest, path: string): HttpResponse | Promise<HttpResponse> {
    const build = (root: string) => () =>
      buildOpenApiV3(root.replace(/^apis?\//, ''), registry.definitions());
    if (path === '/openapi/v3') {
      return (async () => {
        const paths: Record<string, { serverRelativeURL: string }> = {};
        for (const root of openApiV3Paths(registry.definitions())) {
          const made = await document(`/openapi/v3/${root}`, build(root));
          paths[root] = { serverRelativeURL: `/openapi/v3/${root}?hash=${made?.etag ?? ''}` };
        }
        return jsonAnswer(200, { paths });
      })();
    }
    return cachedAnswer(request, path, 'application/json', build(path.slice('/openapi/v3/'.length)));
  }

  return (request) => {
    const path =
      request.path.length > 1 && request.path.endsWith('/') ? request.path.slice(0, -1) : request.path;
    const [, first = '', second = '', third = ''] = path.split('/');
    const definitions = registry.definitions();
    switch (first) {
      case '': {
        const roots = openApiV3Paths(definitions).map((root) => `/${root}`);
        const groups = apiGroupList(definitions).groups.map(({ name }) => `/apis/${name}`);
        const others = [
          '/api',
          '/apis',
          '/healthz',
          '/livez',
          '/readyz',
          '/metrics',
          '/openapi/v2',
          '/openapi/v3',
          '/version',
        ];
        return jsonAnswer(200, { paths: [...new Set([...others, ...roots, ...groups])].sort() });
      }
      case 'healthz':
      case 'livez':
      case 'readyz':
        return health(request, first, path.slice(first.length + 2));
      case 'version':
        return jsonAnswer(200, version);
      case 'metrics':
        return metrics
          .expose()
          .then((text) =>
            textAnswer(200, text, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
          );
      case 'api': {
        if (second === '') return discovery(request, true);
        const list = apiResourceList(definitions, '', second);
        if (list === undefined || third !== '') throw pathNotFound();
        return jsonAnswer(200, list, {}, negotiate(request.header('accept')).yaml);
      }
      case 'apis': {
        if (second === '') return discovery(request, false);
        const found =
          third === '' ? apiGroupOf(definitions, second) : apiResourceList(definitions, second, third);
        if (found === undefined) throw pathNotFound();
        return jsonAnswer(200, found, {}, negotiate(request.header('accept')).yaml);
      }
      case 'openapi': {
        if (second === 'v3') return openApiV3(request, path);
        if (second !== 'v2') break;
        const accept = request.header('accept') ?? '';
        if (accept.includes('proto-openapi.spec.v2')) {
          return cachedAnswer(request, '/openapi/v2#protobuf', openApiV2Protobuf, async () =>
            encodeOpenApiV2(await buildOpenApiV2(definitions)),
          );
        }
        if (accept !== '' && !/json|\*\/\*/.test(accept))
          throw notAcceptable(['application/json', openApiV2Protobuf]);
        return cachedAnswer(request, path, 'application/json', () => buildOpenApiV2(definitions));
      }
    }
    return textAnswer(404, '404 page not found\n');
  };
}
