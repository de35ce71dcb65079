import {
  badRequest,
  escapeFieldValue,
  forbidden,
  isJsonObject,
  JsonSyntaxError,
  methodNotSupported,
  parseApiVersion,
  parseFieldSelectorParameter,
  parseJson,
  pathNotFound,
  toApiError,
  unauthorized,
  unsupportedMediaType,
  type KubeObject,
} from '@drydock/base/apimachinery';
import { decodeObject, ProtobufSyntaxError } from '@drydock/api/protobuf';
import { findKind } from '@drydock/api/scheme';
import type { Clock, Random } from '@drydock/base/clock';
import type { HttpHandler, HttpRequest, HttpResponse } from '@drydock/port/http';
import type { KubeletConnector } from '@drydock/port/kubelet';
import type { Logger, Metrics } from '@drydock/port/observability';
import type { PatchType } from '@drydock/port/transport';
import type { Authenticator } from '../authn/index.ts';
import type { Registry, RequestContext, ResourceDefinition, UserInfo } from '../registry/index.ts';
import type { IncludeObject } from '../tables/index.ts';
import { negotiate, type Form } from './accept.ts';
import {
  errorAnswer,
  listAnswer,
  objectAnswer,
  statusAnswer,
  type Headers,
  type TableContext,
} from './answer.ts';
import { podLog } from './log.ts';
import {
  booleanParameter,
  deleteOptions,
  listOptions,
  parseQuery,
  patchOptions,
  watchOptions,
  writeOptions,
  type Query,
} from './query.ts';
import { decodePatch } from './request-patch.ts';
import { parseResourcePath, type ResourcePath } from './resource-path.ts';
import { createSystemPaths, type HealthCheck } from './system-paths.ts';
import { watchAnswer } from './watch.ts';
import { decodeYaml } from './yaml.ts';

export interface RestOptions {
  readonly registry: Registry;
  readonly authenticator: Authenticator;
  /** May requests without credentials act as system:anonymous? Health and version always answer. Default false. */
  readonly anonymous?: boolean;
  readonly kubelet?: KubeletConnector;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly checks: readonly HealthCheck[];
  /** `host:port` that clients use, for `/api`. */
  readonly serverAddress: string;
}

export const maxBodyBytes = 3 * 1024 * 1024;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const anonymousUser: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
const publicPath = /^\/(healthz|livez|readyz|version)(\/|$)/;
const protobufType = 'application/vnd.kubernetes.protobuf';
const patchTypes: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

function mediaType(request: HttpRequest): string {
  const header = request.header('content-type') ?? '';
  const semicolon = header.indexOf(';');
  return (semicolon < 0 ? header : header.slice(0, semicolon)).trim().toLowerCase();
}

/** The messages of kinds that are no resources of their own. */
const metaSchemas: Readonly<Record<string, string>> = {
  DeleteOptions: 'k8s.io.apimachinery.pkg.apis.meta.v1.DeleteOptions',
  Scale: 'k8s.io.api.autoscaling.v1.Scale',
  Binding: 'k8s.io.api.core.v1.Binding',
  Eviction: 'k8s.io.api.policy.v1.Eviction',
};

/** What a body of a subresource must be. */
function bodyKind(definition: ResourceDefinition, subresource: string | undefined): string {
  if (subresource === undefined || subresource === 'status') return definition.kind;
  if (subresource === 'scale' && definition.scale !== undefined) return 'Scale';
  const handlers = definition.subresources;
  return handlers !== undefined && Object.hasOwn(handlers, subresource)
    ? (handlers[subresource]?.kind ?? definition.kind)
    : definition.kind;
}

function schemaOf(apiVersion: string, kind: string): string | undefined {
  const { group, version } = parseApiVersion(apiVersion);
  return findKind(group, version, kind)?.schema ?? metaSchemas[kind];
}

function decodeProtobuf(bytes: Uint8Array): KubeObject {
  try {
    return decodeObject(bytes, schemaOf) as unknown as KubeObject;
  } catch (error) {
    if (error instanceof ProtobufSyntaxError) throw badRequest(error.message);
    throw error;
  }
}

/** Bytes that are no UTF-8 are taken for the replacement character, as Go does. */
function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Kubernetes' words for a YAML body that cannot be read. */
function unreadableYaml(kind: string, bytes: Uint8Array, error: unknown): Error {
  const head = [...bytes.subarray(0, 30)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const shown =
    bytes.length === 0 ? '<empty>' : bytes[0] === 0x7b ? decoder.decode(bytes.subarray(0, 30)) : head;
  const why = error instanceof Error ? error.message : String(error);
  return badRequest(
    `the object provided is unrecognized (must be of type ${kind}): error converting YAML to JSON: ${why} (${shown}${bytes.length > 30 ? ' ...' : ''})`,
  );
}

/** Watches without a timeout of their own end after 30 to 60 minutes, each at another time, so that they spread. */
function watchSeconds(random: Random): number {
  return minWatchSeconds + Math.floor(random.next() * minWatchSeconds);
}

const minWatchSeconds = 1_800;

/** @throws ApiError 400 where the caller's own selector names another object */
function selectorOfOne(name: string, given: string | undefined): string {
  if (given) {
    const selected = parseFieldSelectorParameter(given).exactValue('metadata.name');
    if (selected !== name) throw badRequest("fieldSelector metadata.name doesn't match requested name");
    return given;
  }
  return `metadata.name=${escapeFieldValue(name)}`;
}

/** The Kubernetes API over HTTP. Every failure becomes a Status; the handler never rejects. */
export function createRestHandler(options: RestOptions): HttpHandler {
  const { registry, authenticator, clock, random, logger, metrics } = options;
  const system = createSystemPaths(options);
  const requests = metrics.counter({
    name: 'apiserver_request_total',
    help: 'Counter of apiserver requests broken out for each verb, group, version, resource and HTTP response code.',
    labels: ['verb', 'group', 'version', 'resource', 'code'],
  });

  function identify(request: HttpRequest): UserInfo {
    const user = authenticator(request);
    if (user === 'rejected') throw unauthorized();
    if (user !== undefined) return user;
    if (options.anonymous === true || publicPath.test(request.path)) return anonymousUser;
    throw unauthorized();
  }

  function fail(error: unknown): HttpResponse {
    const apiError = toApiError(error);
    // What is no ApiError is our own fault.
    if (apiError !== error) logger.error('request failed', { err: error });
    return errorAnswer(apiError);
  }

  function tableContext(definition: ResourceDefinition, query: Query): () => TableContext {
    return () => ({
      definition,
      includeObject: (query.get('includeObject') || 'Metadata') as IncludeObject,
      now: clock.now(),
    });
  }

  /** A body as what the registry takes: bytes of JSON as they are, YAML parsed. */
  async function readBody(
    request: HttpRequest,
    kind: string,
    problems: string[],
  ): Promise<Uint8Array | KubeObject> {
    const bytes = await request.body(maxBodyBytes);
    const type = mediaType(request);
    if (type === 'application/json' || type === '') return bytes;
    if (type === 'application/yaml' || type === 'text/yaml') {
      try {
        const { value, problem } = decodeYaml(decodeText(bytes));
        if (problem !== undefined) problems.push(problem);
        // What is no object is refused where the kind is known.
        return value as KubeObject;
      } catch (error) {
        throw unreadableYaml(kind, bytes, error);
      }
    }
    if (type === protobufType) return decodeProtobuf(bytes);
    throw unsupportedMediaType(['application/json', 'application/yaml', protobufType]);
  }

  async function readPatch(request: HttpRequest, query: Query, problems: string[]) {
    const type = patchTypes[mediaType(request)];
    if (type === undefined) throw unsupportedMediaType(Object.keys(patchTypes));
    const bytes = await request.body(maxBodyBytes);
    const wanted = patchOptions(query, type === 'apply');
    const read = decodePatch(type, decodeText(bytes), wanted.fieldValidation !== 'Ignore');
    problems.push(...read.problems);
    return { patch: read.patch, options: wanted };
  }

  async function readDeleteOptions(request: HttpRequest, query: Query) {
    const bytes = await request.body(maxBodyBytes);
    if (bytes.length === 0) return deleteOptions(query, undefined);
    const type = mediaType(request);
    if (type === protobufType)
      return deleteOptions(query, decodeProtobuf(bytes) as unknown as Record<string, unknown>);
    let body: unknown;
    try {
      const text = decodeText(bytes);
      body = type === 'application/yaml' || type === 'text/yaml' ? decodeYaml(text).value : parseJson(text);
    } catch (error) {
      if (error instanceof JsonSyntaxError)
        throw badRequest(`couldn't get version/kind; json parse error: ${error.message}`);
      throw badRequest(
        `error converting YAML to JSON: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    if (type !== '' && type !== 'application/json' && !type.endsWith('/yaml'))
      throw unsupportedMediaType(['application/json', 'application/yaml', protobufType]);
    if (body === null) return deleteOptions(query, {});
    if (!isJsonObject(body)) {
      throw badRequest(
        `couldn't get version/kind; json parse error: json: cannot unmarshal ${Array.isArray(body) ? 'array' : typeof body} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
      );
    }
    return deleteOptions(query, body);
  }

  function warningHeaders(warnings: readonly string[]): Headers {
    if (warnings.length === 0) return {};
    return {
      warning: warnings.map((text) => `299 - "${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`),
    };
  }

  function resource(
    request: HttpRequest,
    path: ResourcePath,
    user: UserInfo,
  ): HttpResponse | Promise<HttpResponse> {
    const { ref } = path;
    const definition = registry.definition(ref.group, ref.version, ref.resource);
    if (definition === undefined) throw pathNotFound();
    const { warning } = definition;
    if (warning !== undefined) {
      const answer = answerResource(request, path, user, definition);
      const warned = (response: HttpResponse) => withWarning(response, warning);
      return answer instanceof Promise ? answer.then(warned) : warned(answer);
    }
    return answerResource(request, path, user, definition);
  }

  /** The same answer with one more warning, before those it has. */
  function withWarning(response: HttpResponse, text: string): HttpResponse {
    const { warning: others = [] } = response.headers;
    const [header = ''] = warningHeaders([text])['warning'] ?? [];
    return { ...response, headers: { ...response.headers, warning: [header].concat(others) } };
  }

  function answerResource(
    request: HttpRequest,
    path: ResourcePath,
    user: UserInfo,
    definition: ResourceDefinition,
  ): HttpResponse | Promise<HttpResponse> {
    const { ref } = path;
    const query = parseQuery(request.query);
    const { method } = request;
    const reads = method === 'GET' || method === 'HEAD';
    if (ref.subresource === 'log' && ref.group === '' && ref.resource === 'pods') {
      if (!reads) throw methodNotSupported({ group: '', resource: 'pods/log' }, method.toLowerCase());
      return podLog(registry, options.kubelet, ref, query, { user }, request.signal);
    }
    const watching =
      reads &&
      ref.subresource === undefined &&
      (path.watch || (ref.name === undefined && booleanParameter(query, 'watch') === true));
    const form: Form = negotiate(request.header('accept'));
    const table = tableContext(definition, query);
    if (watching) {
      const name = ref.name;
      const { name: _name, ...collection } = ref;
      const wanted = watchOptions(query);
      if (wanted.timeoutSeconds === undefined) wanted.timeoutSeconds = watchSeconds(random);
      if (name !== undefined) wanted.fieldSelector = selectorOfOne(name, wanted.fieldSelector);
      return watchAnswer(registry, collection, wanted, { user, signal: request.signal }, form, table);
    }
    if (reads) {
      const context: RequestContext = { user };
      if (ref.name !== undefined) {
        const found = registry.get(
          ref,
          { resourceVersion: query.get('resourceVersion') || undefined },
          context,
        );
        return found instanceof Promise
          ? found.then((stored) => objectAnswer(200, stored, form, table))
          : objectAnswer(200, found, form, table);
      }
      const found = registry.list(ref, listOptions(query), context);
      return found instanceof Promise
        ? found.then((list) => listAnswer(list, form, table))
        : listAnswer(found, form, table);
    }
    return write(request, ref, query, user, form, table, definition);
  }

  async function write(
    request: HttpRequest,
    ref: ResourcePath['ref'],
    query: Query,
    user: UserInfo,
    form: Form,
    table: () => TableContext,
    definition: ResourceDefinition,
  ): Promise<HttpResponse> {
    const warnings: string[] = [];
    const problems: string[] = [];
    const context: RequestContext = {
      user,
      warn: (text) => warnings.push(text),
      decodingProblems: problems,
    };
    const kind = bodyKind(definition, ref.subresource);
    const groupResource = { group: ref.group, resource: ref.resource };
    switch (request.method) {
      case 'POST': {
        if (ref.name !== undefined && ref.subresource === undefined)
          throw methodNotSupported(groupResource, 'create');
        const body = await readBody(request, kind, problems);
        const stored = await registry.create(ref, body, writeOptions(query, 'CreateOptions'), context);
        const { object } = stored;
        if (object.kind === 'Status')
          return statusAnswer(object as never, form.yaml, warningHeaders(warnings));
        return objectAnswer(201, stored, form, table, warningHeaders(warnings));
      }
      case 'PUT': {
        if (ref.name === undefined) throw methodNotSupported(groupResource, 'update');
        const wanted = await readBody(request, kind, problems);
        const { stored, created } = await registry.update(
          ref,
          wanted,
          writeOptions(query, 'UpdateOptions'),
          context,
        );
        return objectAnswer(created ? 201 : 200, stored, form, table, warningHeaders(warnings));
      }
      case 'PATCH': {
        if (ref.name === undefined) throw methodNotSupported(groupResource, 'patch');
        const { patch, options: wanted } = await readPatch(request, query, problems);
        const { stored, created } = await registry.patch(ref, patch, wanted, context);
        return objectAnswer(created ? 201 : 200, stored, form, table, warningHeaders(warnings));
      }
      case 'DELETE': {
        const wanted = await readDeleteOptions(request, query);
        if (ref.name === undefined) {
          const list = await registry.deleteCollection(ref, wanted, listOptions(query), context);
          return listAnswer(list, form, tableContext(definition, query));
        }
        const result = await registry.delete(ref, wanted, context);
        // Accepted is said to those alone who asked for the dependents to go too, in the older way.
        const accepted =
          result.status === undefined && result.pending === true && wanted.orphanDependents === false;
        return result.status === undefined
          ? objectAnswer(accepted ? 202 : 200, result.stored, form, table, warningHeaders(warnings))
          : statusAnswer(result.status, form.yaml, warningHeaders(warnings));
      }
      default:
        throw methodNotSupported(groupResource, request.method.toLowerCase());
    }
  }

  function dispatch(request: HttpRequest): HttpResponse | Promise<HttpResponse> {
    const user = identify(request);
    const path = request.path.startsWith('/api') ? parseResourcePath(request.path) : undefined;
    if (path !== undefined) return resource(request, path, user);
    if (request.method !== 'GET' && request.method !== 'HEAD')
      throw forbidden({ group: '', resource: '' }, '', 'only reads are served here');
    return system(request);
  }

  function finish(request: HttpRequest, response: HttpResponse): HttpResponse {
    const path = request.path.startsWith('/api') ? parseQuietly(request.path) : undefined;
    requests.inc([
      request.method,
      path?.group ?? '',
      path?.version ?? '',
      path?.resource ?? '',
      String(response.status),
    ]);
    return { ...response, headers: { ...response.headers, 'audit-id': random.uuid() } };
  }

  return (request) => {
    try {
      const answer = dispatch(request);
      if (answer instanceof Promise) return answer.catch(fail).then((response) => finish(request, response));
      return finish(request, answer);
    } catch (error) {
      return finish(request, fail(error));
    }
  };
}

function parseQuietly(path: string) {
  try {
    return parseResourcePath(path)?.ref;
  } catch {
    return undefined;
  }
}
