import type { Metrics } from '@drydock/port/observability';
import type { ResourceDefinition } from '../registry/index.ts';
import type { ResourcePath } from './resource-path.ts';

/** What of a request its metrics are told by. */
export interface MeasuredRequest {
  readonly method: string;
  /** The resource asked for; undefined for other paths, and for what is not served. */
  readonly definition: ResourceDefinition | undefined;
  readonly path: ResourcePath | undefined;
  readonly isWatch: boolean;
  readonly isApply: boolean;
  readonly isDryRun: boolean;
}

export interface RequestMetrics {
  /** A request has come. */
  began(method: string): void;
  /** Its answer is ready; that of a watch, to begin. */
  ended(request: MeasuredRequest, status: number, seconds: number): void;
}

const labels = ['verb', 'dry_run', 'group', 'version', 'resource', 'subresource', 'scope', 'component'];
const connected = new Set(['exec', 'attach', 'portforward', 'proxy']);
/** All there are; what else a path ends with is anybody's. */
const subresources = new Set([
  ...connected,
  ...[
    'approval',
    'binding',
    'ephemeralcontainers',
    'eviction',
    'finalize',
    'log',
    'resize',
    'scale',
    'status',
  ],
  'token',
]);
const reads = new Set(['GET', 'HEAD', 'OPTIONS']);

function verbOf({ method, path, isWatch, isApply }: MeasuredRequest): string {
  const { name, subresource } = path?.ref ?? {};
  if (subresource !== undefined && connected.has(subresource)) return 'CONNECT';
  if (method === 'HEAD') return 'GET';
  if (method === 'PATCH' && isApply) return 'APPLY';
  if (path === undefined) return method;
  if (method === 'GET') return isWatch ? 'WATCH' : name === undefined ? 'LIST' : 'GET';
  return method === 'DELETE' && name === undefined ? 'DELETECOLLECTION' : method;
}

function scopeOf({ method, path }: MeasuredRequest): string {
  if (path === undefined) return '';
  const { name, namespace } = path.ref;
  if (name !== undefined || method === 'POST') return 'resource';
  return namespace === undefined ? 'cluster' : 'namespace';
}

/** kube-apiserver's request metrics, by its names. What is not served is counted without its names, which are anybody's. */
export function createRequestMetrics(metrics: Metrics): RequestMetrics {
  const total = metrics.counter({
    name: 'apiserver_request_total',
    help: 'Requests answered, by verb, dry run, group, version, resource, scope, component and HTTP status.',
    labels: [...labels, 'code'],
  });
  const duration = metrics.histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'Time from a request to its answer, by verb, dry run, group, version, resource, scope and component.',
    labels,
  });
  const inflight = metrics.gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Requests being answered, by whether they write.',
    labels: ['request_kind'],
  });
  const kinds = { reading: ['readOnly'], writing: ['mutating'] } as const;
  const current = { reading: 0, writing: 0 };
  const kindOf = (method: string) => (reads.has(method) ? 'reading' : 'writing');
  /** The same labels are the same arrays: finding their cells then costs next to nothing. */
  const known = new Map<
    string,
    { readonly all: readonly string[]; readonly byStatus: Map<number, string[]> }
  >();

  function move(method: string, by: number): void {
    const kind = kindOf(method);
    current[kind] += by;
    inflight.set(current[kind], kinds[kind]);
  }

  return {
    began: (method) => move(method, 1),
    ended(request, status, seconds) {
      move(request.method, -1);
      const { definition, isDryRun } = request;
      const path = definition === undefined ? undefined : request.path;
      const seen = path === request.path ? request : { ...request, path };
      const [verb, scope, named = ''] = [verbOf(seen), scopeOf(seen), path?.ref.subresource];
      const subresource = subresources.has(named) ? named : '';
      const { group = '', version = '', resource = '' } = definition ?? {};
      const key = `${verb} ${group}/${version}/${resource}/${subresource} ${scope} ${isDryRun}`;
      let cells = known.get(key);
      if (cells === undefined) {
        const all = [verb, isDryRun ? 'All' : '', group, version, resource, subresource, scope, 'apiserver'];
        known.set(key, (cells = { all, byStatus: new Map() }));
      }
      let withStatus = cells.byStatus.get(status);
      if (withStatus === undefined) cells.byStatus.set(status, (withStatus = [...cells.all, String(status)]));
      total.inc(withStatus);
      if (verb !== 'WATCH' && verb !== 'CONNECT') duration.observe(seconds, cells.all);
    },
  };
}
