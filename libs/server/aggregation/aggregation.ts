import { isConflict, isNotFound, serviceUnavailable, toApiError } from '@drydock/base/apimachinery';
import type { Clock, Timer } from '@drydock/base/clock';
import { APIService } from '@drydock/api/apiregistration/v1';
import type { ExtensionCaller, ExtensionTarget } from '@drydock/port/extension';
import type { HttpRequest, HttpResponse } from '@drydock/port/http';
import type { Logger } from '@drydock/port/observability';
import type { Transport } from '@drydock/port/transport';
import { createClient } from '@drydock/machinery/client';
import type { Registry, ResourceDefinition, UserInfo } from '../registry/index.ts';
import type { ExtensionApi } from '../openapi/index.ts';
import type { WatchCache } from '../watch-cache/index.ts';
import { local, passed, withAvailability, type Availability } from './availability.ts';
import { discovered, type ListedResource } from './discovered.ts';
import { readOpenApi, type KnownOpenApi } from './extension-openapi.ts';
import { createExtensionTransport } from './extension-transport.ts';
import { askJson, fetchDocument, identityHeaders, targetOf } from './forward.ts';

export interface AggregationOptions {
  readonly registry: Registry;
  readonly cache: WatchCache;
  readonly caller: ExtensionCaller;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The API server as itself: reports on APIServices. */
  readonly transport: Transport;
  readonly user: UserInfo;
}

/** Sends on what extension API servers answer for, as kube-aggregator does, and tells of them in discovery. */
export interface Aggregation {
  start(): void;
  stop(): void;
  /** The APIService of another server that answers for a group version; undefined where this server does, or nobody. */
  remote(group: string, version: string): APIService | undefined;
  /** Sends a request on. @throws ApiError 503 where the server cannot be reached */
  forward(service: APIService, request: HttpRequest, user: UserInfo): Promise<HttpResponse>;
  /** What is served here, followed by what extension servers list. The same array for as long as nothing changes. */
  definitions(): readonly ResourceDefinition[];
  /** The OpenAPI documents of extension servers. The same array for as long as nothing changes. */
  openApi(): readonly ExtensionApi[];
  /** `inner`, with the extension servers behind it. */
  transport(inner: Transport, user: UserInfo): Transport;
}

const apiServices = { group: 'apiregistration.k8s.io', resource: 'apiservices' };
const services = { group: '', resource: 'services' };
const slices = { group: 'discovery.k8s.io', resource: 'endpointslices' };
/** A server that is well is asked again after this long; one that is not, sooner. */
const recheckMs = 30_000;
const retryMs = 1_000;
const maxBodyBytes = 16 * 1024 * 1024;
const hopByHop = new Set([
  'authorization',
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export function createAggregation(options: AggregationOptions): Aggregation {
  const { registry, cache, caller, clock, logger, user: self } = options;
  const client = createClient(options.transport).resource(APIService);
  const found = new Map<string, readonly ResourceDefinition[]>();
  const openApis = new Map<string, KnownOpenApi>();
  let described: { of: readonly ResourceDefinition[]; all: readonly ExtensionApi[] } | undefined;
  const timers = new Map<string, Timer>();
  const checking = new Set<string>();
  const unfollow: (() => void)[] = [];
  let running = false;
  let merged: { of: readonly ResourceDefinition[]; all: readonly ResourceDefinition[] } | undefined;

  const lookup = (name: string) => cache.peek(apiServices, name)?.object as APIService | undefined;
  /** Group versions that are served here belong to this server, whatever an APIService says. */
  const isLocal = (group: string, version: string) =>
    registry.definitions().some((one) => one.group === group && one.version === version);

  function remote(group: string, version: string): APIService | undefined {
    if (group === '') return undefined;
    const service = lookup(`${version}.${group}`);
    return service?.spec?.service === undefined || isLocal(group, version) ? undefined : service;
  }

  function setFound(name: string, definitions: readonly ResourceDefinition[] | undefined): void {
    const before = JSON.stringify(found.get(name));
    if (definitions === undefined) {
      found.delete(name);
      if (openApis.delete(name)) described = undefined;
    } else found.set(name, definitions);
    if (before !== JSON.stringify(definitions)) merged = undefined;
  }

  async function describe(
    name: string,
    target: ExtensionTarget,
    group: string,
    version: string,
  ): Promise<void> {
    const before = openApis.get(name);
    const now = await readOpenApi(
      (path, query, etag) => fetchDocument(caller, target, self, path, query, etag),
      group,
      version,
      before,
    );
    if (now === before) return;
    openApis.set(name, now);
    described = undefined;
  }

  /** What is not served here itself. */
  function ofOthers<T>(all: ReadonlyMap<string, T>, own: readonly ResourceDefinition[]): T[] {
    const known = new Set(own.map(({ group, version }) => `${version}.${group}`));
    return [...all].filter(([name]) => !known.has(name)).map(([, one]) => one);
  }

  async function look(service: APIService): Promise<Availability> {
    const name = service.metadata.name ?? '';
    const target = targetOf(service);
    if (target === undefined) return local;
    const { group = '', version = '' } = service.spec ?? {};
    const place = `"${target.service}" in "${target.namespace}"`;
    if (cache.peek(services, `${target.namespace}/${target.service}`) === undefined) {
      setFound(name, undefined);
      return {
        status: 'False',
        reason: 'ServiceNotFound',
        message: `service/${target.service} in "${target.namespace}" is not present`,
      };
    }
    try {
      const list = (await askJson(caller, target, self, {
        method: 'GET',
        path: `/apis/${group}/${version}`,
        query: '',
      })) as { resources?: readonly ListedResource[] };
      setFound(name, discovered(group, version, list.resources ?? []));
      await describe(name, target, group, version);
      return passed;
    } catch (error) {
      logger.debug('an extension API server does not answer', { name, err: error });
      const none = cache
        .items(slices, target.namespace)
        .every(({ object }) => object.metadata.labels?.['kubernetes.io/service-name'] !== target.service);
      return none
        ? {
            status: 'False',
            reason: 'EndpointsNotFound',
            message: `cannot find endpointslices for service/${place}`,
          }
        : {
            status: 'False',
            reason: 'FailedDiscoveryCheck',
            message: `failing or missing response from https://${target.service}.${target.namespace}.svc:${target.port}/apis/${group}/${version}: ${toApiError(error).message}`,
          };
    }
  }

  async function check(name: string): Promise<void> {
    if (!running || checking.has(name)) return;
    timers.get(name)?.cancel();
    timers.delete(name);
    const service = lookup(name);
    if (service === undefined) {
      setFound(name, undefined);
      return;
    }
    checking.add(name);
    let next = retryMs;
    try {
      const availability = await look(service);
      if (availability.status === 'True') next = availability === local ? Infinity : recheckMs;
      const status = withAvailability(service, availability, clock.now());
      if (status !== undefined && running) await client.updateStatus({ ...service, status } as APIService);
    } catch (err) {
      if (!isConflict(err) && !isNotFound(err))
        logger.warn('an APIService cannot be looked after', { name, err });
    } finally {
      checking.delete(name);
    }
    if (running && next !== Infinity)
      timers.set(
        name,
        clock.setTimeout(() => void check(name), next),
      );
  }

  const checkAll = () => {
    for (const { object } of cache.items(apiServices)) void check(object.metadata.name ?? '');
  };
  const concerns = (key: string) =>
    cache.items(apiServices).some(({ object }) => {
      const { service } = (object as APIService).spec ?? {};
      return service !== undefined && key.startsWith(`${service.namespace}/${service.name}`);
    });

  return {
    start() {
      running = true;
      const soon = (run: () => void) => void Promise.resolve().then(run);
      unfollow.push(
        cache.onChange(apiServices, ({ key }) => {
          merged = undefined;
          soon(() => void check(key));
        }),
        cache.onChange(services, ({ key }) => {
          if (concerns(key)) soon(checkAll);
        }),
        cache.onChange(slices, ({ key }) => {
          if (concerns(key)) soon(checkAll);
        }),
      );
      checkAll();
    },
    stop() {
      running = false;
      for (const end of unfollow.splice(0)) end();
      for (const timer of timers.values()) timer.cancel();
      timers.clear();
    },
    remote,
    async forward(service, request, user) {
      const target = targetOf(service);
      if (target === undefined) throw serviceUnavailable('service unavailable');
      const headers = new Map<string, string | readonly string[]>(
        [...(request.headers ?? [])].filter(([name]) => !hopByHop.has(name) && !name.startsWith('x-remote-')),
      );
      for (const [name, value] of identityHeaders(user)) headers.set(name, value);
      headers.set('x-forwarded-for', request.remoteAddress);
      // Node's client hands the body over as it was sent.
      headers.delete('accept-encoding');
      const reads = request.method === 'GET' || request.method === 'HEAD';
      try {
        const answer = await caller.request(target, {
          method: request.method,
          path: request.path,
          query: request.query,
          headers,
          body: reads ? new Uint8Array() : await request.body(maxBodyBytes),
          signal: request.signal,
        });
        const kept = Object.entries(answer.headers).filter(([name]) => !hopByHop.has(name));
        return { status: answer.status, headers: Object.fromEntries(kept), body: answer.body };
      } catch (error) {
        if (request.signal.aborted) throw error;
        throw serviceUnavailable(`error trying to reach service: ${(error as Error).message}`);
      }
    },
    definitions() {
      const own = registry.definitions();
      if (merged?.of !== own) {
        const others = ofOthers(found, own).flat();
        merged = { of: own, all: others.length === 0 ? own : [...own, ...others] };
      }
      return merged.all;
    },
    openApi() {
      const own = registry.definitions();
      if (described?.of !== own) described = { of: own, all: ofOthers(openApis, own) };
      return described.all;
    },
    transport: (inner, user) => createExtensionTransport(inner, user, caller, remote),
  };
}
