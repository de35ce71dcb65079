import type { KubeObject } from '@drydock/base/apimachinery';
import { createVirtualClock, type VirtualClock } from '@drydock/base/clock';
import type { InformerFactory } from '@drydock/machinery/informer';
import type { HttpRequest } from '@drydock/port/http';
import { silentLogger } from '@drydock/port/observability';
import { beforeEach, describe, expect, it } from 'vitest';
import { createMetricsServer, type MetricsServer } from './index.ts';

const objects: Record<string, KubeObject[]> = {
  Node: [{ kind: 'Node', apiVersion: 'v1', metadata: { name: 'n1' } }],
  Pod: ['shop', 'new', 'fresh', 'anew', 'done'].map(
    (name) =>
      ({
        ...{ kind: 'Pod', apiVersion: 'v1', metadata: { name, namespace: 'default', labels: { app: name } } },
        spec: { nodeName: 'n1', containers: [] },
        status: { phase: name === 'done' ? 'Succeeded' : 'Running' },
      }) as KubeObject,
  ),
};
const keyOf = ({ metadata }: KubeObject) =>
  metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name ?? ''}`;
const informers = {
  informer: ({ kind }: { kind: string }) => ({
    list: () => objects[kind],
    get: (key: string) => objects[kind]?.find((one) => keyOf(one) === key),
  }),
} as unknown as InformerFactory;

let startMs: number;
let clock: VirtualClock;
let server: MetricsServer;

/** What a kubelet tells: a node at one core, two containers of the Pod `shop` at a tenth and a fifth. */
function exposition(): string {
  const seconds = clock.now() / 1000;
  const at = clock.now();
  const of = (container: string, pod = 'shop') =>
    `{container="${container}",namespace="default",pod="${pod}"}`;
  const begun = (pod: string, startedAtMs: number, cores: number) => [
    `container_cpu_usage_seconds_total${of('a', pod)} ${((at - startedAtMs) / 1000) * cores} ${at}`,
    `container_memory_working_set_bytes${of('a', pod)} ${4 << 20} ${at}`,
    `container_start_time_seconds${of('a', pod)} ${startedAtMs / 1000}`,
  ];
  // Begun before the first reading, but not long before; begun after it, ten seconds ago or more; and less.
  const more = [
    ...begun('done', startMs - 60_000, 1),
    ...(at >= startMs + 10_000 ? begun('anew', startMs + 4000, 1) : begun('anew', startMs - 60_000, 1)),
    ...(at >= startMs + 12_000 ? begun('fresh', startMs + 1000, 0.5) : []),
  ];
  return [
    ...more,
    `node_cpu_usage_seconds_total ${seconds} ${at}`,
    `node_memory_working_set_bytes ${64 << 20} ${at}`,
    `container_cpu_usage_seconds_total${of('a')} ${seconds / 10} ${at}`,
    `container_cpu_usage_seconds_total${of('b')} ${seconds / 5} ${at}`,
    `container_memory_working_set_bytes${of('a')} ${16 << 20} ${at}`,
    `container_memory_working_set_bytes${of('b')} ${8 << 20} ${at}`,
    '',
  ].join('\n');
}

async function get(path: string, accept?: string) {
  const [at = '', query = ''] = `/apis/metrics.k8s.io/v1beta1/${path}`.split('?');
  const request = {
    ...{ method: 'GET', path: at, query },
    header: (name: string) => (name === 'accept' ? accept : undefined),
  } as unknown as HttpRequest;
  const { status, body } = await server.handler(request);
  return { status, json: JSON.parse(new TextDecoder().decode(body as Uint8Array)) as never };
}
const tables = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

beforeEach(async () => {
  clock = createVirtualClock();
  startMs = clock.now();
  server = createMetricsServer({
    ...{ informers, clock, logger: silentLogger },
    scrape: () => Promise.resolve(exposition()),
  });
  await server.gather();
  await clock.advance(10_000);
  await server.gather();
});

describe('metrics.k8s.io', () => {
  it('tells what each container uses', async () => {
    expect((await get('namespaces/default/pods/shop')).json).toMatchObject({
      kind: 'PodMetrics',
      window: '10s',
      containers: [
        { name: 'a', usage: { cpu: '100m', memory: '16Mi' } },
        { name: 'b', usage: { cpu: '200m', memory: '8Mi' } },
      ],
    });
  });

  it('is printed as a table: what a Pod uses as a whole, and over which time', async () => {
    const { json } = await get('pods', tables);
    expect(json).toMatchObject({
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      columnDefinitions: [
        { name: 'Name', format: 'name' },
        { name: 'cpu', format: 'quantity' },
        { name: 'memory', format: 'quantity' },
        { name: 'Window', format: 'duration' },
      ],
      rows: [{ cells: ['shop', '300m', '24Mi', '10s'], object: { kind: 'PartialObjectMetadata' } }],
    });
    expect((await get('nodes/n1?includeObject=Object', tables)).json).toMatchObject({
      rows: [{ cells: ['n1', '1', '64Mi', '10s'], object: { kind: 'NodeMetrics' } }],
    });
  });

  it('gives JSON to those who ask for protobuf, and to those who do not say', async () => {
    for (const accept of [undefined, 'application/vnd.kubernetes.protobuf', '*/*'])
      expect((await get('nodes', accept)).json, accept).toMatchObject({ kind: 'NodeMetricsList' });
  });

  it('misses what is not there by its name, and figures by theirs', async () => {
    const message = async (path: string) => {
      const { status, json } = await get(path);
      return `${status} ${(json as { message: string }).message}`;
    };
    expect(await message('namespaces/default/pods/nope')).toBe('404 pods "nope" not found');
    expect(await message('namespaces/default/pods/new')).toBe(
      '404 podmetrics.metrics.k8s.io "default/new" not found',
    );
    // Pods that do not run are not there, whatever their node tells of them.
    expect(await message('namespaces/default/pods/done')).toBe('404 pods "done" not found');
    expect(await message('nodes/nope')).toBe('404 nodes "nope" not found');
  });

  const names = async (path: string) =>
    ((await get(path)).json as { items: { metadata: { name: string } }[] }).items.map(
      ({ metadata }) => metadata.name,
    );

  it('knows containers that were started since the reading before, once there is something to say', async () => {
    // Started anew: what was read before is of another container.
    expect(await names('pods')).toEqual(['shop']);
    await clock.advance(2000);
    await server.gather();
    expect((await get('namespaces/default/pods/fresh')).json).toMatchObject({
      window: '11s',
      containers: [{ usage: { cpu: '500m' } }],
    });
    expect(await names('pods')).toEqual(['anew', 'fresh', 'shop']);
  });

  it('has nothing to watch', async () => {
    expect((await get('pods?watch=true')).json).toMatchObject({
      code: 405,
      reason: 'MethodNotAllowed',
      message: 'watch is not supported on resources of kind "pods.metrics.k8s.io"',
    });
  });

  it('selects by labels, names and namespaces', async () => {
    for (const [query, expected] of [
      ['labelSelector=app%3Dshop', ['shop']],
      ['labelSelector=app%21%3Dshop', []],
      ['fieldSelector=metadata.name%3Dshop', ['shop']],
      ['fieldSelector=metadata.name%21%3Dshop', []],
      ['fieldSelector=metadata.namespace%3Dother', []],
    ] as const)
      expect(await names(`pods?${query}`), query).toEqual(expected);
    expect((await get('pods?fieldSelector=status.phase%3DRunning')).json).toMatchObject({
      code: 400,
      message: '"status.phase" is not a known field selector: only "metadata.name", "metadata.namespace"',
    });
  });
});
