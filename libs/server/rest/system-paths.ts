import { methodNotAllowed } from '@drydock/base/apimachinery';
import { answerHealth, versionInfo, type HealthCheck } from '@drydock/port/health';
import type { Limiter } from '../flow-control/index.ts';
import type { HttpRequest, HttpResponse } from '@drydock/port/http';
import type { Metrics } from '@drydock/port/observability';
import type { TokenKeys } from '@drydock/port/tokens';
import type { Clock } from '@drydock/base/clock';
import type { Aggregation } from '../aggregation/index.ts';
import { apiGroupList } from '../discovery/index.ts';
import { openApiV3Paths } from '../openapi/index.ts';
import type { Registry } from '../registry/index.ts';
import { plainJson } from './accept.ts';
import { textAnswer, valueAnswer } from './answer.ts';
import { createDiscoveryPaths } from './discovery-paths.ts';
import { createDocuments } from './documents.ts';
import { createOpenApiPaths } from './openapi-paths.ts';

/** What the issuer of service account tokens tells the world (OpenID Connect Discovery). */
export interface TokenIssuer {
  readonly issuer: string;
  readonly keys: Pick<TokenKeys, 'publicKeys'>;
}

interface SystemOptions {
  readonly aggregation?: Pick<Aggregation, 'definitions' | 'openApi'>;
  /** Absent where there are no such tokens. */
  readonly tokenIssuer?: TokenIssuer | undefined;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Priority levels, whose limits are told among the metrics. */
  readonly limiter?: Limiter | undefined;
  readonly checks: readonly HealthCheck[];
  readonly serverAddress: string | (() => string);
}

const openIdPaths = { configuration: '/.well-known/openid-configuration', keys: '/openid/v1/jwks' };
/** How long what the issuer says may be kept. */
const openIdSeconds = 3_600;

/** What is no object of the API is written for human eyes. */
function rawJson(value: object): HttpResponse {
  return valueAnswer(200, value, { ...plainJson, pretty: true });
}

/** Tells the limits of the priority levels, as they are when it is called. */
function limitGauges(metrics: Metrics, limiter: Limiter | undefined): () => void {
  if (limiter === undefined) return () => undefined;
  const gauge = (which: string, help: string) =>
    metrics.gauge({ name: `apiserver_flowcontrol_${which}_limit_seats`, help, labels: ['priority_level'] });
  const nominal = gauge('nominal', 'Nominal number of execution seats configured for each priority level');
  const lower = gauge(
    'lower',
    'Configured lower bound on number of execution seats available to each priority level',
  );
  const upper = gauge(
    'upper',
    'Configured upper bound on number of execution seats available to each priority level',
  );
  return () => {
    for (const { name, limits } of limiter.levels()) {
      if (limits.nominal === Infinity) continue;
      nominal.set(limits.nominal, [name]);
      lower.set(limits.least, [name]);
      upper.set(limits.most, [name]);
    }
  };
}

/** Answers the paths that are not resources: health, version, metrics, discovery, OpenAPI. */
export function createSystemPaths(
  options: SystemOptions,
): (request: HttpRequest) => HttpResponse | Promise<HttpResponse> {
  const { registry, clock, metrics, checks, serverAddress: given, tokenIssuer } = options;
  const serverAddress = typeof given === 'string' ? () => given : given;
  const documents = createDocuments(registry);
  const discovery = createDiscoveryPaths(
    options.aggregation === undefined ? documents : createDocuments(options.aggregation),
    serverAddress,
  );
  const openApi = createOpenApiPaths(documents, clock, options.aggregation?.openApi);

  const tellLimits = limitGauges(metrics, options.limiter);

  /** Undefined where nobody issues tokens, or the path is another. */
  function openId(path: string): HttpResponse | undefined {
    if (tokenIssuer === undefined) return undefined;
    const keys = tokenIssuer.keys.publicKeys();
    const answer = (value: object, type: string): HttpResponse =>
      textAnswer(200, JSON.stringify(value), {
        'content-type': type,
        'cache-control': `public, max-age=${openIdSeconds}`,
      });
    if (path === openIdPaths.keys) return answer({ keys }, 'application/jwk-set+json');
    if (path !== openIdPaths.configuration) return undefined;
    return answer(
      {
        issuer: tokenIssuer.issuer,
        jwks_uri: `https://${serverAddress()}${openIdPaths.keys}`,
        response_types_supported: ['id_token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: [...new Set(keys.map(({ alg }) => alg))].sort(),
      },
      'application/json',
    );
  }

  return (request) => {
    const path =
      request.path.length > 1 && request.path.endsWith('/') ? request.path.slice(0, -1) : request.path;
    const [, first = ''] = path.split('/');
    const definitions = registry.definitions();
    switch (first) {
      case '': {
        const all = options.aggregation?.definitions() ?? definitions;
        const roots = openApiV3Paths(all).map((root) => `/${root}`);
        const groups = apiGroupList(all).groups.map(({ name }) => `/apis/${name}`);
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
          ...(tokenIssuer === undefined ? [] : Object.values(openIdPaths)),
        ];
        return rawJson({ paths: [...new Set([...others, ...roots, ...groups])].sort() });
      }
      case 'healthz':
      case 'livez':
      case 'readyz':
        return answerHealth(request, checks) ?? textAnswer(404, '404 page not found\n');
      case 'version':
        if (request.method !== 'GET') throw methodNotAllowed();
        return rawJson(versionInfo);
      case 'metrics':
        tellLimits();
        return metrics
          .expose()
          .then((text) =>
            textAnswer(200, text, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
          );
      case 'api':
      case 'apis':
        return discovery(request, path.split('/').slice(1));
      case '.well-known':
      case 'openid':
        return openId(path) ?? textAnswer(404, '404 page not found\n');
      case 'openapi':
        return openApi(request, path);
    }
    return textAnswer(404, '404 page not found\n');
  };
}
