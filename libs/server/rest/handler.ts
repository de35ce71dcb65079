import {
  badRequest,
  DurationSyntaxError,
  escapeFieldValue,
  methodNotAllowed,
  parseDuration,
  parseFieldSelectorParameter,
  pathNotFound,
  toApiError,
  unauthorized,
} from '@drydock/base/apimachinery';
import type { Clock, Random } from '@drydock/base/clock';
import type { HealthCheck } from '@drydock/port/health';
import type { HttpHandler, HttpRequest, HttpResponse } from '@drydock/port/http';
import type { KubeletConnector } from '@drydock/port/kubelet';
import type { Logger, Metrics } from '@drydock/port/observability';
import type { Aggregation } from '../aggregation/index.ts';
import type { Authenticator } from '../authn/index.ts';
import {
  alwaysAllow,
  impersonated,
  requireAllowed,
  resourceRequest,
  wantsImpersonation,
  type AuthorizationRequest,
  type Authorizer,
} from '../authz/index.ts';
import {
  flowOf,
  TooManyRequests,
  type Classifier,
  type FlowClass,
  type Limiter,
  type PriorityLevel,
} from '../flow-control/index.ts';
import type { Registry, RequestContext, ResourceDefinition, UserInfo } from '../registry/index.ts';
import { negotiate, negotiateError, wantsPretty, type Form, type Offer } from './accept.ts';
import {
  compressible,
  errorAnswer,
  includeObjectOf,
  listAnswer,
  objectAnswer,
  textAnswer,
  type TableContext,
} from './answer.ts';
import { connect, isConnect } from './connect.ts';
import { podLog } from './log.ts';
import { logOverSocket } from './log-over-socket.ts';
import { booleanParameter, listOptions, parseQuery, watchOptions, type Query } from './query.ts';
import { parseResourcePath, type ResourcePath } from './resource-path.ts';
import { createRequestMetrics } from './request-metrics.ts';
import { requireRoute } from './routes.ts';
import { offeredProtocols } from './socket-protocols.ts';
import { createSystemPaths, type TokenIssuer } from './system-paths.ts';
import { warningHeader } from './warning-headers.ts';
import { watchAnswer } from './watch.ts';
import { createWrite } from './write.ts';

const groupVersionPath = /^\/apis\/([^/]+)\/([^/]+)\/?$/;

export interface RestOptions {
  readonly registry: Registry;
  readonly authenticator: Authenticator;
  /** Default: everybody may do everything. */
  readonly authorizer?: Authorizer;
  /** Under which FlowSchema requests are served; the answers' headers tell it. Default: it is not told. */
  readonly classifier?: Classifier;
  /** The priority levels of the classifier, where they have limits. */
  readonly limiter?: Limiter | undefined;
  /** May requests without credentials act as system:anonymous? Health and version always answer. Default false. */
  readonly anonymous?: boolean;
  readonly kubelet?: KubeletConnector;
  /** Extension API servers. Default: none. */
  readonly aggregation?: Pick<Aggregation, 'remote' | 'forward' | 'definitions' | 'openApi'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly checks: readonly HealthCheck[];
  /** Whose OpenID configuration is told. Default: none. */
  readonly tokenIssuer?: TokenIssuer | undefined;
  /** `host:port` that clients use, for `/api`; a function where the port is known only once the server listens. */
  readonly serverAddress: string | (() => string);
}

/** What is found out about a request on its way, for the end of it. */
interface Flow {
  /** What it belongs to. */
  of: FlowClass | undefined;
  path: ResourcePath | undefined;
  /** Where it has a place, until it is answered. */
  level: PriorityLevel | undefined;
  readonly beganMs: number;
}

const watchQuery = /(^|&)watch=(true|1)(&|$)/;
/** Subresources whose requests last as long as their clients wish: they belong to no flow. */
const longRunning: ReadonlySet<string> = new Set(['attach', 'exec', 'log', 'portforward', 'proxy']);

/** Subresources whose path goes on. */
const connecting: ReadonlySet<string> = new Set(['proxy']);

const anonymousUser: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
const publicPath = /^\/(healthz|livez|readyz|version)(\/|$)/;
const builtIn = {
  single: { protobuf: true, transforms: true, stream: false },
  stream: { protobuf: true, transforms: true, stream: true },
} satisfies Record<string, Offer>;
/** What answers a question is no object that tables could show. */
const ofReviews = {
  single: { ...builtIn.single, transforms: false },
  stream: builtIn.stream,
} satisfies Record<string, Offer>;
const ofCustomResources = {
  single: { ...builtIn.single, protobuf: false },
  stream: { ...builtIn.stream, protobuf: false },
} satisfies Record<string, Offer>;

const timeoutQuery = /(?:^|&)timeout=/;

/** The time that a client gives to a request must be one. @throws ApiError 400 in Kubernetes' words */
function checkTimeout({ query }: HttpRequest): void {
  // A watch lasts as long as its client wishes.
  if (!timeoutQuery.test(query) || watchQuery.test(query)) return;
  const timeout = parseQuery(query).get('timeout');
  if (!timeout) return;
  try {
    parseDuration(timeout);
  } catch (error) {
    if (error instanceof DurationSyntaxError)
      throw badRequest(`invalid timeout specified in the request URL - ${error.message}`);
    throw error;
  }
}

/** Does a watch send what there is first, and say when that is over? */
function streamsList(query: Query): boolean {
  return (
    booleanParameter(query, 'sendInitialEvents') === true &&
    booleanParameter(query, 'allowWatchBookmarks') === true
  );
}

/** Watches without a timeout of their own end after 30 to 60 minutes, each at another time, so that they spread. */
function watchSeconds(random: Random): number {
  return minWatchSeconds + Math.floor(random.next() * minWatchSeconds);
}

const minWatchSeconds = 1_800;

const isApply = (type: string | undefined): boolean => type?.startsWith('application/apply-patch') === true;

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
  const { registry, authenticator, authorizer = alwaysAllow, clock, random, logger, metrics } = options;
  const { classifier } = options;
  const system = createSystemPaths(options);
  const measured = createRequestMetrics(metrics);
  const write = createWrite({ registry, fail });

  const rejections = metrics.counter({
    name: 'apiserver_flowcontrol_rejected_requests_total',
    help: 'Number of requests rejected by API Priority and Fairness subsystem',
    labels: ['priority_level', 'flow_schema', 'reason'],
  });

  function identify(request: HttpRequest): UserInfo {
    const user = authenticator(request);
    if (user === 'rejected') throw unauthorized();
    if (user !== undefined) return user;
    if (options.anonymous === true || publicPath.test(request.path)) return anonymousUser;
    throw unauthorized();
  }

  function refuse(request: HttpRequest, error: unknown, flow: Flow): HttpResponse {
    if (!(error instanceof TooManyRequests)) return fail(request, error);
    rejections.inc([flow.of?.level?.name ?? '', flow.of?.flowSchema ?? '', error.reason]);
    return textAnswer(429, `${error.message}\n`, { 'retry-after': '1' });
  }

  function fail(request: HttpRequest, error: unknown): HttpResponse {
    // The stack has no room for what the text may nest: the limit is Go's on paper, and less in practice.
    const apiError = error instanceof RangeError ? badRequest('json: exceeded max depth') : toApiError(error);
    // What is no ApiError is our own fault.
    if (apiError !== error && apiError.code >= 500) logger.error('request failed', { err: error });
    const form = negotiateError(request.header('accept'));
    const pretty =
      form.encoding === 'json' &&
      wantsPretty(parseQuery(request.query).get('pretty'), request.header('user-agent'));
    return errorAnswer(apiError, pretty ? { ...form, pretty } : form);
  }

  function tableContext(definition: ResourceDefinition, query: Query): () => TableContext {
    return () => ({
      definition,
      includeObject: includeObjectOf(query.get('includeObject')),
      now: clock.now(),
    });
  }

  /** Where the group version is served, its router answers; elsewhere nobody does. */
  function unknownResource({ group, version }: ResourcePath['ref']): HttpResponse {
    if (registry.definitions().some((one) => one.group === group && one.version === version))
      throw pathNotFound();
    return textAnswer(404, '404 page not found\n');
  }

  function formOf(request: HttpRequest, query: Query, definition: ResourceDefinition, stream: boolean): Form {
    const { custom, virtualCreate } = definition;
    const kind = custom !== undefined ? ofCustomResources : virtualCreate !== undefined ? ofReviews : builtIn;
    const accept = request.header('accept');
    // A watch that begins with what there is stands for a list, and no table is made of it.
    const noTables = stream && streamsList(query);
    // As a list it must be possible, too: what Kubernetes asks first.
    if (stream) negotiate(accept, { ...kind.single, noTables });
    const form = negotiate(accept, stream ? { ...kind.stream, noTables } : kind.single);
    if (stream || form.encoding !== 'json') return form;
    const pretty = wantsPretty(query.get('pretty'), request.header('user-agent'));
    return pretty && !form.pretty ? { ...form, pretty } : form;
  }

  function resource(
    request: HttpRequest,
    path: ResourcePath,
    user: UserInfo,
  ): HttpResponse | Promise<HttpResponse> {
    const { ref } = path;
    const definition = registry.definition(ref.group, ref.version, ref.resource);
    if (definition === undefined) return unknownResource(ref);
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
    const header = warningHeader(text) ?? [];
    return { ...response, headers: { ...response.headers, warning: [header, others].flat() } };
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
    const reads = method === 'GET';
    requireRoute(definition, ref, method);
    // Only what connects to somewhere else has more of a path.
    if (path.rest.length > 0 && !connecting.has(ref.subresource ?? '')) throw pathNotFound();
    if (ref.subresource === 'log' && ref.group === '' && ref.resource === 'pods') {
      if (!reads) throw methodNotAllowed();
      const log = podLog(registry, options.kubelet, ref, query, { user }, request.signal);
      return request.upgrade === 'websocket'
        ? log.then((answer) => logOverSocket(answer, offeredProtocols(request)))
        : log;
    }
    if (isConnect(ref))
      return connect({ registry, kubelet: options.kubelet, clock, logger }, request, path, { user });
    const watching =
      reads &&
      ref.subresource === undefined &&
      (path.watch || (ref.name === undefined && booleanParameter(query, 'watch') === true));
    const form = formOf(request, query, definition, watching);
    const table = tableContext(definition, query);
    if (watching) {
      const name = ref.name;
      const { name: _name, ...collection } = ref;
      const wanted = watchOptions(query);
      if (wanted.timeoutSeconds === undefined) wanted.timeoutSeconds = watchSeconds(random);
      if (name !== undefined) wanted.fieldSelector = selectorOfOne(name, wanted.fieldSelector);
      const sockets = request.upgrade === 'websocket' ? offeredProtocols(request) : undefined;
      return watchAnswer(
        registry,
        collection,
        wanted,
        { user, signal: request.signal },
        form,
        table,
        sockets,
      );
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
    return write({ request, ref, query, user, form, table, definition });
  }

  function serve(
    request: HttpRequest,
    path: ResourcePath | undefined,
    user: UserInfo,
  ): HttpResponse | Promise<HttpResponse> {
    if (path !== undefined) {
      const { group, version } = path.ref;
      const extension = options.aggregation?.remote(group, version);
      return extension === undefined || options.aggregation === undefined
        ? resource(request, path, user)
        : options.aggregation.forward(extension, request, user);
    }
    // What a group version lists, its extension API server says itself.
    const [, wantedGroup, wantedVersion] = groupVersionPath.exec(request.path) ?? [];
    if (wantedGroup !== undefined && wantedVersion !== undefined && options.aggregation !== undefined) {
      const extension = options.aggregation.remote(wantedGroup, wantedVersion);
      if (extension !== undefined) return options.aggregation.forward(extension, request, user);
    }
    const answer = system(request);
    if (request.method === 'GET' || request.method === 'HEAD' || !request.path.startsWith('/api'))
      return answer;
    // Whatever is served under these paths is only read.
    throw methodNotAllowed();
  }

  /** Serves what the user may have. */
  function admit(
    request: HttpRequest,
    path: ResourcePath | undefined,
    user: UserInfo,
    flow: Flow,
  ): HttpResponse | Promise<HttpResponse> {
    if (authorizer === alwaysAllow && classifier === undefined) return serve(request, path, user);
    const asked =
      path === undefined
        ? { user, verb: request.method.toLowerCase(), path: request.path }
        : resourceRequest(user, request.method, path.ref, path.watch || watchQuery.test(request.query));
    if (!longRunning.has(path?.ref.subresource ?? '')) {
      const of = (flow.of = classifier?.(asked));
      const level = of?.level;
      if (level !== undefined) {
        if (!level.tryEnter())
          return level.enter(flowOf(of!, asked), request.signal).then(() => {
            flow.level = level;
            return authorized(request, path, user, asked);
          });
        flow.level = level;
      }
    }
    return authorized(request, path, user, asked);
  }

  function authorized(
    request: HttpRequest,
    path: ResourcePath | undefined,
    user: UserInfo,
    asked: AuthorizationRequest,
  ): HttpResponse | Promise<HttpResponse> {
    if (authorizer === alwaysAllow) return serve(request, path, user);
    const pending = requireAllowed(authorizer, asked);
    return pending === undefined
      ? serve(request, path, user)
      : pending.then(() => serve(request, path, user));
  }

  function dispatch(request: HttpRequest, flow: Flow): HttpResponse | Promise<HttpResponse> {
    const user = identify(request);
    const path = request.path.startsWith('/api') ? parseResourcePath(request.path) : undefined;
    flow.path = path;
    if (!longRunning.has(path?.ref.subresource ?? '')) checkTimeout(request);
    if (!wantsImpersonation(request)) return admit(request, path, user, flow);
    return impersonated(request, user, authorizer).then((other) => admit(request, path, other, flow));
  }

  function finish(request: HttpRequest, response: HttpResponse, flow: Flow): HttpResponse {
    flow.level?.leave();
    const { path } = flow;
    const ref = path?.ref;
    measured.ended(
      {
        method: request.method,
        path,
        definition: ref && registry.definition(ref.group, ref.version, ref.resource),
        isWatch: path?.watch === true || watchQuery.test(request.query),
        isApply: request.method === 'PATCH' && isApply(request.header('content-type')),
        isDryRun: request.query.includes('dryRun=All'),
      },
      response.status,
      (clock.monotonicMs() - flow.beganMs) / 1000,
    );
    const { headers } = response;
    const auditId = request.header('audit-id') || random.uuid();
    const all: Record<string, string | readonly string[]> = {
      'cache-control': 'no-cache, private',
      ...headers,
      'audit-id': auditId,
    };
    if (flow.of !== undefined) {
      all['x-kubernetes-pf-flowschema-uid'] = flow.of.flowSchemaUid;
      all['x-kubernetes-pf-prioritylevel-uid'] = flow.of.priorityLevelUid;
    }
    return compressible({ ...response, headers: all }, () => request.header('accept-encoding'));
  }

  return (request) => {
    const flow: Flow = {
      of: undefined,
      level: undefined,
      path: undefined,
      beganMs: clock.monotonicMs(),
    };
    measured.began(request.method);
    try {
      const answer = dispatch(request, flow);
      if (answer instanceof Promise)
        return answer
          .catch((error: unknown) => refuse(request, error, flow))
          .then((response) => finish(request, response, flow));
      return finish(request, answer, flow);
    } catch (error) {
      return finish(request, refuse(request, error, flow), flow);
    }
  };
}
