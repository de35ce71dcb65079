import {
  badRequest,
  formatDuration,
  formatTime,
  parseFieldSelectorParameter,
  parseSelectorParameter,
  quantityOf,
  toApiError,
  methodNotSupported,
  notFound,
  type KubeObject,
  type LabelMatcher,
  type Status,
} from '@drydock/base/apimachinery';
import type { Clock, Timer } from '@drydock/base/clock';
import { Node, Pod } from '@drydock/api/core/v1';
import type { InformerFactory } from '@drydock/machinery/informer';
import type { Component } from '@drydock/port/component';
import type { HttpHandler, HttpRequest, HttpResponse } from '@drydock/port/http';
import type { Logger } from '@drydock/port/observability';
import type { ResourceDefinition } from '../registry/index.ts';
import {
  createDocuments,
  createOpenApiPaths,
  includeObjectOf,
  negotiate,
  plainJson,
  type Form,
} from '../rest/index.ts';
import { renderTable } from '../tables/index.ts';
import {
  group,
  metricsDefinitions,
  nodeMetricsDefinition,
  podMetricsDefinition,
  version,
} from './definitions.ts';
import { readPoints, useBetween, type NodePoints, type Use } from './usage-store.ts';

export interface MetricsServerOptions {
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What a kubelet answers at `/metrics/resource`. */
  readonly scrape: (node: string) => Promise<string>;
  /** Time between two readings. Default 15 s. */
  readonly resolutionMs?: number;
}

/** Gathers what nodes and containers use, and serves it as metrics.k8s.io/v1beta1. */
export interface MetricsServer extends Component {
  readonly handler: HttpHandler;
  /** Reads all nodes once. */
  gather(): Promise<void>;
}

const apiVersion = `${group}/${version}`;
/** Nodes that are read at once. */
const lanes = 32;
const encoder = new TextEncoder();

const discovery = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: apiVersion,
  resources: metricsDefinitions.map(({ resource, singular, namespaced, kind, verbs }) => ({
    name: resource,
    singularName: singular,
    namespaced,
    kind,
    verbs,
  })),
};
const listed = { groupVersion: apiVersion, version };
const apiGroup = { name: group, versions: [listed], preferredVersion: listed };

function json(status: number, value: unknown): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: encoder.encode(`${JSON.stringify(value)}\n`),
  };
}

/** The form that is asked for. JSON where none of those can be: clients that ask for protobuf alone read JSON too. */
function formOf(accept: string | undefined): Form {
  try {
    return negotiate(accept, { protobuf: false, transforms: true, stream: false });
  } catch {
    return plainJson;
  }
}

function usageOf({ cpu, memory }: Pick<Use, 'cpu' | 'memory'>) {
  return {
    cpu: quantityOf(BigInt(Math.round(cpu * 1e9)), -9).toString(),
    memory: quantityOf(BigInt(Math.round(memory)), 0, 'BinarySI').toString(),
  };
}

export function createMetricsServer(options: MetricsServerOptions): MetricsServer {
  const { informers, clock, logger, scrape } = options;
  const resolutionMs = options.resolutionMs ?? 15_000;
  const nodes = informers.informer(Node);
  const pods = informers.informer(Pod);
  // As metrics-server: Pods that do not run are not there.
  const isRunning = ({ status }: Pod) => status?.phase === 'Running';
  const readings = new Map<string, { readonly last: NodePoints; readonly before: NodePoints | undefined }>();
  let timer: Timer | undefined;
  let running = false;
  let gathered = false;
  const openApi = createOpenApiPaths(createDocuments({ definitions: () => metricsDefinitions }), clock);

  async function read(node: string): Promise<void> {
    try {
      const last = readPoints(await scrape(node), clock.now());
      readings.set(node, { last, before: readings.get(node)?.last });
    } catch (err) {
      readings.delete(node);
      logger.debug('a node was not read', { node, err });
    }
  }

  async function gather(): Promise<void> {
    const names = nodes.list().map(({ metadata }) => metadata.name ?? '');
    const known = new Set(names);
    for (const node of readings.keys()) if (!known.has(node)) readings.delete(node);
    await Promise.all(
      Array.from({ length: Math.min(lanes, names.length) }, async () => {
        for (let node = names.pop(); node !== undefined; node = names.pop()) await read(node);
      }),
    );
    gathered = true;
  }

  function loop(): void {
    timer = clock.setTimeout(() => {
      void gather().finally(() => {
        if (running) loop();
      });
    }, resolutionMs);
  }

  function nodeMetrics(node: Node): KubeObject | undefined {
    const { name = '', labels } = node.metadata;
    const reading = readings.get(name);
    const use = reading?.last.node && useBetween(reading.before?.node, reading.last.node, resolutionMs);
    if (use === undefined) return undefined;
    return {
      metadata: { name, creationTimestamp: formatTime(clock.now()), ...(labels && { labels }) },
      timestamp: formatTime(use.atMs),
      window: formatDuration(use.windowMs),
      usage: usageOf(use),
    } as KubeObject;
  }

  function podMetrics(pod: Pod): KubeObject | undefined {
    const { name = '', namespace = '', labels } = pod.metadata;
    const reading = readings.get(pod.spec?.nodeName ?? '');
    const last = reading?.last.pods.get(`${namespace}/${name}`);
    const before = reading?.before?.pods.get(`${namespace}/${name}`);
    if (last === undefined) return undefined;
    const containers: { name: string; usage: object }[] = [];
    let earliest: Use | undefined;
    for (const [container, point] of last) {
      const use = useBetween(before?.get(container), point, resolutionMs);
      if (use === undefined) return undefined;
      if (earliest === undefined || use.atMs < earliest.atMs) earliest = use;
      containers.push({ name: container, usage: usageOf(use) });
    }
    if (earliest === undefined) return undefined;
    return {
      metadata: { name, namespace, creationTimestamp: formatTime(clock.now()), ...(labels && { labels }) },
      timestamp: formatTime(earliest.atMs),
      window: formatDuration(earliest.windowMs),
      containers,
    } as unknown as KubeObject;
  }

  function chosen<T extends KubeObject>(items: readonly T[], query: URLSearchParams): T[] {
    const text = query.get('labelSelector') ?? '';
    const selector: LabelMatcher | undefined = text === '' ? undefined : parseSelectorParameter(text);
    const fields = parseFieldSelectorParameter(query.get('fieldSelector') ?? '');
    for (const { field } of fields.requirements) {
      if (field !== 'metadata.name' && field !== 'metadata.namespace')
        throw badRequest(
          `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
        );
    }
    return items
      .filter(
        ({ metadata }) =>
          selector?.matches(metadata.labels) !== false &&
          fields.matches((field) => (field === 'metadata.name' ? metadata.name : metadata.namespace) ?? ''),
      )
      .sort((a, b) =>
        `${a.metadata.namespace ?? ''}/${a.metadata.name ?? ''}` <
        `${b.metadata.namespace ?? ''}/${b.metadata.name ?? ''}`
          ? -1
          : 1,
      );
  }

  function answer(request: HttpRequest): HttpResponse | Promise<HttpResponse> {
    const [, root, wanted, wantedVersion, ...rest] = decodeURIComponent(request.path)
      .replace(/\/+$/, '')
      .split('/');
    if (root === 'healthz' || root === 'livez' || root === 'readyz')
      return { status: 200, headers: { 'content-type': 'text/plain' }, body: encoder.encode('ok') };
    if (request.method !== 'GET')
      return json(
        405,
        failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource'),
      );
    if (root === 'openapi') return openApi(request, request.path.replace(/\/+$/, ''));
    if (root === 'apis' && wanted === undefined)
      return json(200, { kind: 'APIGroupList', apiVersion: 'v1', groups: [apiGroup] });
    if (root === 'apis' && wanted === group) {
      if (wantedVersion === undefined) return json(200, { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup });
      if (wantedVersion === version) {
        if (rest.length === 0) return json(200, discovery);
        const query = new URLSearchParams(request.query);
        const form = formOf(request.header('accept'));
        const table = (definition: ResourceDefinition, items: readonly KubeObject[]) =>
          json(
            200,
            renderTable(
              definition,
              items.map((item) => ({ ...item, kind: definition.kind, apiVersion })),
              {},
              {
                apiVersion: form.metaVersion,
                includeObject: includeObjectOf(query.get('includeObject') ?? undefined),
                now: clock.now(),
              },
            ),
          );
        const list = (definition: ResourceDefinition, all: readonly (KubeObject | undefined)[]) => {
          if (/^(true|1)$/.test(query.get('watch') ?? ''))
            throw methodNotSupported({ group, resource: definition.resource }, 'watch');
          const items = all.filter((one) => one !== undefined);
          return form.as === 'table'
            ? table(definition, items)
            : json(200, { kind: `${definition.kind}List`, apiVersion, metadata: {}, items });
        };
        const single = (definition: ResourceDefinition, item: KubeObject) =>
          form.as === 'table'
            ? table(definition, [item])
            : json(200, { kind: definition.kind, apiVersion, ...item });
        if (rest[0] === 'nodes') {
          if (rest.length === 1)
            return list(nodeMetricsDefinition, chosen(nodes.list(), query).map(nodeMetrics));
          const name = rest[1] ?? '';
          const node = nodes.get(name);
          // As metrics-server: a node that is not there is missed by its own name, one without figures by that of the figures.
          if (node === undefined) throw notFound({ group: '', resource: 'nodes' }, name);
          const found = nodeMetrics(node);
          if (found === undefined) throw notFound({ group, resource: 'nodemetrics' }, name);
          return single(nodeMetricsDefinition, found);
        }
        const namespace = rest[0] === 'namespaces' ? rest[1] : undefined;
        const [resource, name] = namespace === undefined ? rest : rest.slice(2);
        if (resource === 'pods' && name === undefined) {
          const all = pods
            .list()
            .filter(
              (pod) => isRunning(pod) && (namespace === undefined || pod.metadata.namespace === namespace),
            );
          return list(podMetricsDefinition, chosen(all, query).map(podMetrics));
        }
        if (resource === 'pods' && namespace !== undefined) {
          const key = `${namespace}/${name ?? ''}`;
          const pod = pods.get(key);
          if (pod === undefined || !isRunning(pod))
            throw notFound({ group: '', resource: 'pods' }, name ?? '');
          const found = podMetrics(pod);
          if (found === undefined) throw notFound({ group, resource: 'podmetrics' }, key);
          return single(podMetricsDefinition, found);
        }
      }
    }
    return json(404, failure(404, 'NotFound', 'the server could not find the requested resource'));
  }

  return {
    name: 'metrics-server',
    ready: () => running && gathered,
    gather,
    async start() {
      if (running) return;
      running = true;
      informers.start();
      await Promise.all([nodes.waitForSync(), pods.waitForSync()]);
      await gather();
      loop();
    },
    stop() {
      running = false;
      timer?.cancel();
      return Promise.resolve();
    },
    handler(request) {
      try {
        return answer(request);
      } catch (error) {
        const { status } = toApiError(error);
        return json(status.code ?? 500, status);
      }
    },
  };
}

function failure(code: number, reason: string, message: string): Status {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
}
