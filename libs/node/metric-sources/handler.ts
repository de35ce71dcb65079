import { CustomResourceDefinition } from '@drydock/api/apiextensions/v1';
import { kinds } from '@drydock/api/scheme';
import {
  everything,
  formatTime,
  isNotFound,
  parseSelectorParameter,
  quantityOf,
  toApiError,
  type KubeObject,
  type LabelMatcher,
  type ResourceType,
} from '@drydock/base/apimachinery';
import type { Clock } from '@drydock/base/clock';
import type { Client } from '@drydock/machinery/client';
import type { InformerFactory } from '@drydock/machinery/informer';
import type { HttpHandler, HttpRequest, HttpResponse } from '@drydock/port/http';
import { QuerySyntaxError } from './query.ts';
import { createMetricSources } from './sources.ts';

export interface MetricsAdapterOptions {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly clock: Clock;
}

/** Serves custom.metrics.k8s.io and external.metrics.k8s.io from what is declared in the cluster. */
export interface MetricsAdapter {
  readonly handler: HttpHandler;
  /** Resolves when it knows what is declared. */
  ready(): Promise<void>;
}

/** What it is to be registered for. */
export const metricsAdapterApis: readonly { readonly group: string; readonly version: string }[] = [
  { group: 'custom.metrics.k8s.io', version: 'v1beta2' },
  { group: 'custom.metrics.k8s.io', version: 'v1beta1' },
  { group: 'external.metrics.k8s.io', version: 'v1beta1' },
];

const encoder = new TextEncoder();
const quantity = (value: number) => quantityOf(BigInt(Math.round(value * 1000)), -3).toString();

function json(status: number, value: unknown): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: encoder.encode(`${JSON.stringify(value)}\n`),
  };
}

function failure(code: number, reason: string, message: string): HttpResponse {
  return json(code, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    code,
  });
}

const missing = () => failure(404, 'NotFound', 'the server could not find the requested resource');

export function createMetricsAdapter({ client, informers, clock }: MetricsAdapterOptions): MetricsAdapter {
  const sources = createMetricSources(informers, clock);

  /** The type of `deployments.apps`: a built-in kind, or that of a CustomResourceDefinition. */
  async function typeOf(groupResource: string): Promise<ResourceType | undefined> {
    const [resource = '', ...rest] = groupResource.split('.');
    const group = rest.join('.');
    const found = kinds.find((kind) => kind.group === group && kind.resource === resource);
    if (found !== undefined) return found as ResourceType;
    if (group === '') return undefined;
    try {
      const { spec } = await client.resource(CustomResourceDefinition).get(groupResource);
      const version = spec.versions.find(({ storage }) => storage)?.name ?? '';
      return {
        ...{ group, version, resource, kind: spec.names.kind, namespaced: spec.scope === 'Namespaced' },
      } as ResourceType;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  const selectorOf = (query: URLSearchParams, name: string): LabelMatcher => {
    const text = query.get(name) ?? '';
    return text === '' ? everything : parseSelectorParameter(text);
  };

  function external(namespace: string, metric: string, query: URLSearchParams): HttpResponse {
    const selector = selectorOf(query, 'labelSelector');
    const timestamp = formatTime(clock.now());
    const items = (sources.external(namespace, metric) ?? [])
      .filter(({ labels, value }) => selector.matches(labels) && Number.isFinite(value))
      .map(({ labels, value }) => ({
        metricName: metric,
        metricLabels: labels,
        timestamp,
        value: quantity(value),
      }));
    return json(200, {
      kind: 'ExternalMetricValueList',
      apiVersion: 'external.metrics.k8s.io/v1beta1',
      metadata: {},
      items,
    });
  }

  async function custom(
    version: string,
    namespace: string | undefined,
    [groupResource = '', name = '', metric = '']: readonly string[],
    query: URLSearchParams,
  ): Promise<HttpResponse> {
    const type = await typeOf(groupResource);
    const notThere = (message: string) => failure(404, 'NotFound', message);
    if (type === undefined) return missing();
    const timestamp = formatTime(clock.now());
    const item = ({ metadata }: KubeObject, value: number) => ({
      describedObject: {
        kind: type.kind,
        ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
        name: metadata.name,
        apiVersion: type.group === '' ? type.version : `${type.group}/${type.version}`,
      },
      ...(version === 'v1beta1'
        ? { metricName: metric, selector: null }
        : { metric: { name: metric, selector: null } }),
      timestamp,
      value: quantity(value),
    });
    const answer = (items: readonly unknown[]) =>
      json(200, {
        kind: 'MetricValueList',
        apiVersion: `custom.metrics.k8s.io/${version}`,
        metadata: {},
        items,
      });
    const isPod = groupResource === 'pods' && namespace !== undefined;
    // What is declared on objects has no labels to choose by.
    const chosen = selectorOf(query, 'metricLabelSelector').matches({});
    const measure = (object: KubeObject) =>
      !chosen ? undefined : isPod ? sources.podMetric(object, metric) : sources.objectMetric(object, metric);
    if (name === '*') {
      const selector = selectorOf(query, 'labelSelector');
      const resource = client.resource(type);
      const objects: readonly KubeObject[] = isPod
        ? sources.pods(namespace, selector)
        : (await (namespace === undefined ? resource : resource.namespace(namespace)).list()).items.filter(
            ({ metadata }) => selector.matches(metadata.labels),
          );
      const items = objects.flatMap((object) => {
        const value = measure(object);
        return value === undefined ? [] : [item(object, value)];
      });
      if (items.length === 0 && objects.length > 0)
        return notThere(`the server could not find the metric ${metric} for ${groupResource}`);
      return answer(items);
    }
    const resource = client.resource(type);
    const object = await (namespace === undefined ? resource : resource.namespace(namespace)).get(name);
    const value = measure(object);
    if (value === undefined)
      return notThere(`the server could not find the metric ${metric} for ${groupResource} ${name}`);
    return answer([item(object, value)]);
  }

  function discovery(group: string, version: string): HttpResponse {
    const isExternal = group.startsWith('external');
    const names = isExternal ? sources.externalNames() : sources.customNames();
    return json(200, {
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: `${group}/${version}`,
      resources: [...names].sort().map((name) => ({
        name,
        singularName: '',
        namespaced: true,
        kind: isExternal ? 'ExternalMetricValueList' : 'MetricValueList',
        verbs: ['get'],
      })),
    });
  }

  async function answer(request: HttpRequest): Promise<HttpResponse> {
    const path = request.path.replace(/\/+$/, '').split('/').map(decodeURIComponent);
    const [, root, group = '', version, ...rest] = path;
    const versions = metricsAdapterApis
      .filter((api) => api.group === group)
      .map((api) => ({ groupVersion: `${group}/${api.version}`, version: api.version }));
    if (root !== 'apis' || versions.length === 0) return missing();
    if (request.method !== 'GET') {
      return failure(
        405,
        'MethodNotAllowed',
        'the server does not allow this method on the requested resource',
      );
    }
    if (version === undefined) {
      const apiGroup = { name: group, versions, preferredVersion: versions[0] };
      return json(200, { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup });
    }
    if (!versions.some((one) => one.version === version)) return missing();
    if (rest.length === 0) return discovery(group, version);
    const query = new URLSearchParams(request.query);
    const namespaced = rest[0] === 'namespaces';
    const [, namespace = '', ...inner] = rest;
    if (group.startsWith('external'))
      return namespaced && inner.length === 1 ? external(namespace, inner[0] ?? '', query) : missing();
    if (namespaced && inner.length === 2 && inner[0] === 'metrics')
      return custom(version, undefined, ['namespaces', namespace, inner[1] ?? ''], query);
    if (namespaced && inner.length === 3) return custom(version, namespace, inner, query);
    return rest.length === 3 ? custom(version, undefined, rest, query) : missing();
  }

  return {
    ready: () => sources.ready(),
    async handler(request) {
      try {
        return await answer(request);
      } catch (error) {
        if (error instanceof QuerySyntaxError || error instanceof URIError)
          return failure(400, 'BadRequest', error.message);
        const { status } = toApiError(error);
        return json(status.code ?? 500, status);
      }
    },
  };
}
