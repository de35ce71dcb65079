import { beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '@drydock/base/apimachinery';
import { createVirtualClock } from '@drydock/base/clock';
import { createClient } from '@drydock/machinery/client';
import type { InformerFactory } from '@drydock/machinery/informer';
import type { HttpRequest } from '@drydock/port/http';
import type { Transport } from '@drydock/port/transport';
import { createMetricsAdapter, type MetricsAdapter } from './index.ts';

const pod = (name: string, annotations: Record<string, string> = {}) => ({
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels: { app: 'web' }, annotations },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
});
const objects: Record<string, KubeObject[]> = {
  Pod: [pod('a', { 'metrics.drydock.dev/lag': '7' }), pod('b')] as KubeObject[],
  Service: [
    {
      metadata: {
        ...{ name: 'web', namespace: 'shop' },
        annotations: { 'load.metrics.drydock.dev/qps': '30', 'metrics.drydock.dev/open': '1500m' },
      },
      spec: { selector: { app: 'web' } },
    } as KubeObject,
  ],
  ConfigMap: [
    {
      metadata: { name: 'm', namespace: 'shop', labels: { 'metrics.drydock.dev/declare': 'true' } },
      data: { all: 'depth{queue="a"} 4\ndepth{queue="b"} 6\ntotal = sum(depth)\nhalf = 1 / 0\n' },
    } as unknown as KubeObject,
  ],
  Node: [{ metadata: { name: 'n', annotations: { 'metrics.drydock.dev/heat': '40' } } } as KubeObject],
  Namespace: [{ metadata: { name: 'shop', annotations: { 'metrics.drydock.dev/users': '3' } } }],
};
const kindOf: Record<string, string> = {
  pods: 'Pod',
  services: 'Service',
  nodes: 'Node',
  namespaces: 'Namespace',
};

let adapter: MetricsAdapter;

beforeEach(() => {
  const of = (kind: string) => objects[kind] ?? [];
  const informers = {
    informer: ({ kind }: { kind: string }) => ({
      list: () => of(kind),
      byIndex: () => of(kind),
      waitForSync: () => Promise.resolve(),
      addHandler: ({ added }: { added(object: KubeObject): void }) => of(kind).forEach(added),
    }),
  } as unknown as InformerFactory;
  const get = ({ resource, name }: { resource: string; name: string }) =>
    of(kindOf[resource] ?? '').find(({ metadata }) => metadata.name === name);
  const transport = {
    get: (ref: { resource: string; name: string }) => Promise.resolve(get(ref)),
    list: ({ resource }: { resource: string }) => Promise.resolve({ items: of(kindOf[resource] ?? '') }),
  } as unknown as Transport;
  adapter = createMetricsAdapter({ client: createClient(transport), informers, clock: createVirtualClock() });
});

async function ask(path: string) {
  const [at = '', query = ''] = path.split('?');
  const { body } = await adapter.handler({ method: 'GET', path: at, query } as HttpRequest);
  return JSON.parse(new TextDecoder().decode(body as Uint8Array)) as {
    code?: number;
    message?: string;
    items?: { value: string; metricLabels?: object; describedObject?: object }[];
    resources?: { name: string; kind: string }[];
  };
}
const custom = '/apis/custom.metrics.k8s.io/v1beta2';
const external = '/apis/external.metrics.k8s.io/v1beta1/namespaces/shop';
const values = async (path: string) => (await ask(path)).items?.map(({ value }) => value);

describe('custom.metrics.k8s.io', () => {
  it('tells which metrics Pods and Services have', async () => {
    for (const version of ['v1beta1', 'v1beta2']) {
      const { resources } = await ask(`/apis/custom.metrics.k8s.io/${version}`);
      expect(resources?.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
        'pods/lag MetricValueList',
        'pods/qps MetricValueList',
        'services/open MetricValueList',
      ]);
    }
  });

  it.each([
    ['namespaces/shop/pods/*/qps', ['15', '15']],
    ['namespaces/shop/pods/*/qps?labelSelector=app%3Dweb', ['15', '15']],
    ['namespaces/shop/pods/*/qps?labelSelector=app%3Dother', []],
    ['namespaces/shop/pods/*/lag', ['7']],
    ['namespaces/shop/services/web/open', ['1500m']],
    ['namespaces/shop/metrics/users', ['3']],
    ['nodes/n/heat', ['40']],
    // As an autoscaler asks: from within its namespace, whatever the kind.
    ['namespaces/shop/nodes/n/heat', ['40']],
  ])('%s: %j', async (path, expected) => {
    expect(await values(`${custom}/${path}`)).toEqual(expected);
  });

  it.each([
    ['namespaces/shop/pods/*/none', 'the server could not find the metric none for pods'],
    ['namespaces/shop/services/web/none', 'the server could not find the metric none for services web'],
    // It has no labels, so none that would be wanted.
    [
      'namespaces/shop/services/web/open?metricLabelSelector=verb%3Dget',
      'the server could not find the metric open for services web',
    ],
    ['namespaces/shop/odds/x/y', 'the server could not find the requested resource'],
  ])('%s is not there', async (path, message) => {
    expect(await ask(`${custom}/${path}`)).toMatchObject({ code: 404, message });
  });

  it('names the metric as each version does', async () => {
    expect((await ask(`${custom}/namespaces/shop/services/web/open`)).items).toMatchObject([
      {
        describedObject: { kind: 'Service', namespace: 'shop', name: 'web', apiVersion: 'v1' },
        metric: { name: 'open', selector: null },
      },
    ]);
    const v1 = custom.replace('v1beta2', 'v1beta1');
    expect((await ask(`${v1}/namespaces/shop/services/web/open`)).items).toMatchObject([
      { metricName: 'open', selector: null },
    ]);
  });
});

describe('external.metrics.k8s.io', () => {
  it.each([
    ['depth', ['4', '6']],
    ['depth?labelSelector=queue%3Da', ['4']],
    ['depth?labelSelector=queue%20notin%20(a)', ['6']],
    ['total', ['10']],
    // What is no number is no sample.
    ['half', []],
    ['none', []],
  ])('%s: %j', async (path, expected) => {
    expect(await values(`${external}/${path}`)).toEqual(expected);
  });

  it('refuses selectors that are none', async () => {
    expect(await ask(`${external}/depth?labelSelector=a%20b`)).toMatchObject({ code: 400 });
  });
});
