import {
  formatLabelSelector,
  parseApiVersion,
  parseDuration,
  parseQuantity,
  parseTime,
  type KubeObject,
  type ResourceType,
} from '@drydock/base/apimachinery';
import type { Client } from '@drydock/machinery/client';
import type { MetricsClient, ObjectReference, PodMetric } from './metrics-client.ts';

interface PodMetricsObject extends KubeObject {
  timestamp: string;
  window: string;
  containers?: { name: string; usage?: Record<string, string> }[];
}

interface MetricValue {
  describedObject?: { kind: string; name: string };
  timestamp: string;
  windowSeconds?: number;
  value: string;
}

const type = (group: string, version: string, resource: string, kind: string, namespaced = true) =>
  ({ group, version, resource, kind, namespaced }) as ResourceType;
const podMetrics = type('metrics.k8s.io', 'v1beta1', 'pods', 'PodMetrics') as ResourceType<PodMetricsObject>;
const custom = (resource: string) => type('custom.metrics.k8s.io', 'v1beta2', resource, 'MetricValueList');
const external = (metric: string) =>
  type('external.metrics.k8s.io', 'v1beta1', metric, 'ExternalMetricValueList');

/** The window of custom metrics that name none. */
const defaultWindowMs = 60_000;
const milli = (quantity: string) => parseQuantity(quantity).milliValue();

async function fetched<T>(what: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw new Error(`unable to fetch metrics from ${what} metrics API: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function nonEmpty<T>(what: string, items: readonly T[] | undefined): readonly T[] {
  if (items === undefined || items.length === 0) {
    throw new Error(`no metrics returned from ${what} metrics API`);
  }
  return items;
}

/** What the containers use together; undefined where one of them tells nothing. */
function usageOf(pod: PodMetricsObject, resource: string, container: string | undefined): number | undefined {
  const { containers = [] } = pod;
  if (container !== undefined) {
    const found = containers.find(({ name }) => name === container);
    if (found === undefined) {
      const { namespace = '', name = '' } = pod.metadata;
      throw new Error(
        `failed to get container metrics: container ${container} not present in metrics for pod ${namespace}/${name}`,
      );
    }
    const usage = found.usage?.[resource];
    return usage === undefined ? undefined : milli(usage);
  }
  if (containers.length === 0) return undefined;
  let sum = 0;
  for (const { usage } of containers) {
    const used = usage?.[resource];
    if (used === undefined) return undefined;
    sum += milli(used);
  }
  return sum;
}

type MetricValueList = KubeObject & { items?: MetricValue[] };

/** Reads the three metrics APIs through the API server, as anybody would. */
export function createApiMetricsClient(
  client: Client,
  /** `group` and plural of a kind; undefined where it is not known. */
  resourceOf: (
    reference: ObjectReference,
  ) => { readonly group: string; readonly resource: string } | undefined,
): MetricsClient {
  return {
    async resource({ namespace, selector, resource, container }) {
      const { items } = await fetched(
        'resource',
        client.resource(podMetrics).namespace(namespace).list({ labelSelector: selector }),
      );
      const found = new Map<string, PodMetric>();
      for (const pod of nonEmpty('resource', items)) {
        const value = usageOf(pod, resource, container);
        if (value === undefined) continue;
        found.set(pod.metadata.name ?? '', {
          value,
          timestampMs: parseTime(pod.timestamp),
          windowMs: parseDuration(pod.window),
        });
      }
      return found;
    },
    async pods({ namespace, selector, metric, metricSelector }) {
      const query = {
        labelSelector: selector,
        ...(metricSelector && { metricLabelSelector: formatLabelSelector(metricSelector) ?? '' }),
      };
      const answer = await fetched(
        'custom',
        client.resource(custom('pods')).namespace(namespace).getSubresource('*', metric, { query }),
      );
      const found = new Map<string, PodMetric>();
      for (const { describedObject, value, timestamp, windowSeconds } of nonEmpty(
        'custom',
        (answer as MetricValueList).items,
      )) {
        found.set(describedObject?.name ?? '', {
          value: milli(value),
          timestampMs: parseTime(timestamp),
          windowMs: windowSeconds === undefined ? defaultWindowMs : windowSeconds * 1000,
        });
      }
      return found;
    },
    async object({ namespace, described, metric, metricSelector }) {
      const query = metricSelector && { metricLabelSelector: formatLabelSelector(metricSelector) ?? '' };
      const options = query && { query };
      const ask = () => {
        const { group } = parseApiVersion(described.apiVersion ?? 'v1');
        const { kind, name } = described;
        // Nobody looks out of their namespace: that one is meant, whatever the name says.
        if (kind === 'Namespace' && group === '')
          return client.resource(custom('metrics')).namespace(namespace).get(metric, options);
        const target = resourceOf(described);
        if (target === undefined) {
          const dotted = group === '' ? kind : `${kind}.${group}`;
          throw new Error(
            `unable to map kind ${dotted} to resource: no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(group)}`,
          );
        }
        const path = target.group === '' ? target.resource : `${target.resource}.${target.group}`;
        return client.resource(custom(path)).namespace(namespace).getSubresource(name, metric, options);
      };
      const answer = (await fetched('custom', Promise.resolve().then(ask))) as MetricValueList;
      const { items = [] } = answer;
      const [only] = items;
      if (only === undefined || items.length > 1) {
        throw new Error(
          `unable to fetch metrics from custom metrics API: the custom metrics API server returned ${items.length} results when we asked for exactly one`,
        );
      }
      return milli(only.value);
    },
    async external({ namespace, metric, metricSelector }) {
      const labelSelector = metricSelector && formatLabelSelector(metricSelector);
      const { items } = await fetched(
        'external',
        client
          .resource(external(metric))
          .namespace(namespace)
          .list(labelSelector ? { labelSelector } : {}),
      );
      return nonEmpty('external', items as unknown as MetricValue[]).map(({ value }) => milli(value));
    },
  };
}
