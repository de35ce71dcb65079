import { describe, expect, it } from 'vitest';
import type { KubeObject } from '@drydock/base/apimachinery';
import { createClient } from '@drydock/machinery/client';
import type { Transport } from '@drydock/port/transport';
import { createApiMetricsClient } from './api-metrics-client.ts';

// The facts of kube-controller-manager's own tables about its client of the three metrics APIs.

const timestamp = '2026-01-01T12:00:00Z';

/** A client of APIs that give one answer; it notes what they were asked. */
function asking(answer: object | Error) {
  const asked: unknown[] = [];
  const reply = (ref: object, options: object = {}) => {
    asked.push({ ...ref, ...options });
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer as KubeObject);
  };
  const transport = { get: reply, list: reply } as unknown as Transport;
  const kinds: Record<string, { group: string; resource: string }> = {
    Service: { group: '', resource: 'services' },
    Deployment: { group: 'apps', resource: 'deployments' },
    Node: { group: '', resource: 'nodes' },
  };
  return { asked, metrics: createApiMetricsClient(createClient(transport), ({ kind }) => kinds[kind]) };
}

const podOf = (name: string, ...uses: (string | undefined)[]) => ({
  metadata: { name, namespace: 'shop' },
  timestamp,
  window: '1m0s',
  containers: uses.map((cpu, index) => ({
    name: `c${index}`,
    usage: cpu === undefined ? { memory: '1Gi' } : { cpu },
  })),
});
const pods = { namespace: 'shop', selector: 'app=web' };
const cpu = { ...pods, resource: 'cpu' };
const sample = (value: number, windowMs = 60_000) => ({
  value,
  timestampMs: Date.parse(timestamp),
  windowMs,
});

describe('metrics.k8s.io', () => {
  it('adds up the containers of each Pod', async () => {
    const { metrics, asked } = asking({ items: [podOf('a', '1200m', '300m'), podOf('b', '2', '0')] });
    expect(await metrics.resource(cpu)).toEqual(
      new Map([
        ['a', sample(1500)],
        ['b', sample(2000)],
      ]),
    );
    expect(asked).toEqual([
      {
        ...{ group: 'metrics.k8s.io', version: 'v1beta1', resource: 'pods' },
        namespace: 'shop',
        labelSelector: 'app=web',
      },
    ]);
  });
  it('leaves out Pods of which not every container tells', async () => {
    const { metrics } = asking({ items: [podOf('a', '1', undefined), podOf('b'), podOf('c', '1')] });
    expect(await metrics.resource(cpu)).toEqual(new Map([['c', sample(1000)]]));
  });
  it('reads one container, of every Pod', async () => {
    const { metrics } = asking({ items: [podOf('a', '1', '500m'), podOf('b', '1', undefined)] });
    expect(await metrics.resource({ ...cpu, container: 'c1' })).toEqual(new Map([['a', sample(500)]]));
    await expect(metrics.resource({ ...cpu, container: 'c2' })).rejects.toThrow(
      'failed to get container metrics: container c2 not present in metrics for pod shop/a',
    );
  });
  it('wants an answer', async () => {
    await expect(asking({ items: [] }).metrics.resource(cpu)).rejects.toThrow(
      'no metrics returned from resource metrics API',
    );
    await expect(asking(new Error('gone')).metrics.resource(cpu)).rejects.toThrow(
      'unable to fetch metrics from resource metrics API: gone',
    );
  });
});

const series = (...values: [name: string, value: string, windowSeconds?: number][]) => ({
  items: values.map(([name, value, windowSeconds]) => ({
    describedObject: { kind: 'Pod', name },
    ...{ timestamp, value },
    ...(windowSeconds === undefined ? {} : { windowSeconds }),
  })),
});

describe('custom.metrics.k8s.io', () => {
  const custom = { group: 'custom.metrics.k8s.io', version: 'v1beta2' };
  const metric = { metric: 'qps', metricSelector: { matchLabels: { verb: 'get' } } };
  it('has a metric of each Pod', async () => {
    const { metrics, asked } = asking(series(['a', '10'], ['b', '1500m', 30]));
    expect(await metrics.pods({ ...pods, ...metric })).toEqual(
      new Map([
        ['a', sample(10_000)],
        ['b', sample(1500, 30_000)],
      ]),
    );
    expect(asked).toEqual([
      {
        ...{ ...custom, resource: 'pods', namespace: 'shop', name: '*', subresource: 'qps' },
        query: { labelSelector: 'app=web', metricLabelSelector: 'verb=get' },
      },
    ]);
  });
  it.each([
    [
      { kind: 'Service', name: 'web' },
      { resource: 'services', namespace: 'shop', name: 'web', subresource: 'qps' },
    ],
    [
      { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      { resource: 'deployments.apps', namespace: 'shop', name: 'web', subresource: 'qps' },
    ],
    [
      { kind: 'Node', name: 'node-0' },
      { resource: 'nodes', namespace: 'shop', name: 'node-0', subresource: 'qps' },
    ],
    [
      { apiVersion: 'v1', kind: 'Namespace', name: 'elsewhere' },
      { resource: 'metrics', namespace: 'shop', name: 'qps' },
    ],
  ])('has a metric of %j', async (described, ref) => {
    const { metrics, asked } = asking(series(['web', '2500m']));
    expect(await metrics.object({ namespace: 'shop', described, metric: 'qps' })).toBe(2500);
    expect(asked).toEqual([{ ...custom, ...ref }]);
  });
  it('wants an answer, and a kind that there is', async () => {
    const described = { kind: 'Service', name: 'web' };
    await expect(asking({ items: [] }).metrics.pods({ ...pods, metric: 'qps' })).rejects.toThrow(
      'no metrics returned from custom metrics API',
    );
    await expect(
      asking(new Error('gone')).metrics.object({ namespace: 'shop', described, metric: 'qps' }),
    ).rejects.toThrow('unable to fetch metrics from custom metrics API: gone');
    const odd = { apiVersion: 'example.com/v1', kind: 'Odd', name: 'x' };
    await expect(
      asking({}).metrics.object({ namespace: 'shop', described: odd, metric: 'qps' }),
    ).rejects.toThrow(
      'unable to fetch metrics from custom metrics API: unable to map kind Odd.example.com to resource: no matches for kind "Odd" in group "example.com"',
    );
    await expect(
      asking(series(['a', '1'], ['b', '2'])).metrics.object({ namespace: 'shop', described, metric: 'qps' }),
    ).rejects.toThrow('the custom metrics API server returned 2 results when we asked for exactly one');
  });
});

describe('external.metrics.k8s.io', () => {
  it('has every series of a metric', async () => {
    const { metrics, asked } = asking({ items: [{ value: '10' }, { value: '20m' }] });
    const selector = { matchExpressions: [{ key: 'queue', operator: 'In', values: ['b', 'a'] }] };
    expect(await metrics.external({ namespace: 'shop', metric: 'depth', metricSelector: selector })).toEqual([
      10_000, 20,
    ]);
    expect(asked).toEqual([
      {
        ...{ group: 'external.metrics.k8s.io', version: 'v1beta1', resource: 'depth', namespace: 'shop' },
        labelSelector: 'queue in (a,b)',
      },
    ]);
  });
  it('wants an answer', async () => {
    const depth = { namespace: 'shop', metric: 'depth' };
    await expect(asking({ items: [] }).metrics.external(depth)).rejects.toThrow(
      'no metrics returned from external metrics API',
    );
    await expect(asking(new Error('gone')).metrics.external(depth)).rejects.toThrow(
      'unable to fetch metrics from external metrics API: gone',
    );
  });
});
