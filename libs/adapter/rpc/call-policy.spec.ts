import type { KubeObject } from '@drydock/base/apimachinery';
import { serviceUnavailable } from '@drydock/base/apimachinery';
import type { Counter, Metrics } from '@drydock/port/observability';
import { noMetrics, silentLogger } from '@drydock/port/observability';
import type { Transport } from '@drydock/port/transport';
import { createFakeTransport } from '@drydock/port/transport-suite';
import { credentials, Metadata, status as Code } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import type { RpcServer, RpcServerOptions, RpcTransportOptions } from './index.ts';
import { acceptTokens, createRpcServer, createRpcTransport } from './index.ts';
import { createRateLimiter } from './rate-limiter.ts';
import { ResourceServiceClient, WatchRequest } from './gen/drydock/v1/resource.ts';

const maps = { group: '', version: 'v1', resource: 'configmaps', namespace: 'default' };
const configMap = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(transport: Transport, options: Partial<RpcServerOptions> = {}): Promise<RpcServer> {
  const server = createRpcServer({ port: 0, transport, logger: silentLogger, ...options });
  await server.start();
  cleanups.push(() => server.stop());
  return server;
}
function connect(port: number, options: Partial<RpcTransportOptions> = {}) {
  const transport = createRpcTransport({ address: `127.0.0.1:${port}`, ...options });
  cleanups.push(() => transport.close());
  return transport;
}
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 200,
    (error: { code: number }) => error.code,
  );

/** Keeps what was counted, as `name{labels}`. */
function countingMetrics(): Metrics & { counts: Map<string, number>; observed: Map<string, number> } {
  const counts = new Map<string, number>();
  const observed = new Map<string, number>();
  const add = (to: Map<string, number>, key: string, by: number) => to.set(key, (to.get(key) ?? 0) + by);
  return {
    ...noMetrics,
    counts,
    observed,
    counter: ({ name }): Counter => ({
      inc: (labels = [], by = 1) => void add(counts, `${name}{${labels.join()}}`, by),
    }),
    histogram: ({ name }) => ({
      observe: (_value, labels = []) => void add(observed, `${name}{${labels.join()}}`, 1),
    }),
  };
}

describe('calls of the rpc transport', () => {
  it('wait for a connection, reads and writes, in the order they were made', async () => {
    const first = await serve(createFakeTransport());
    const { port } = first;
    await first.stop();
    const client = connect(port, { patienceMs: 20_000 });
    const order: string[] = [];
    const behind = createFakeTransport();
    const calls = [
      client.list(maps),
      client.create(maps, configMap('a')),
      client.patch({ ...maps, name: 'a' }, { type: 'merge', body: { data: { b: '1' } } }),
      client.delete({ ...maps, name: 'a' }),
    ];
    await serve(
      {
        ...behind,
        create: (...args) => (order.push('create'), behind.create(...args)),
        patch: (...args) => (order.push('patch'), behind.patch(...args)),
        delete: (...args) => (order.push('delete'), behind.delete(...args)),
      },
      { port },
    );
    await Promise.all(calls);
    expect(order).toEqual(['create', 'patch', 'delete']);
  });

  it('wait for a connection no longer than those who asked: a watch ends when it is aborted', async () => {
    const server = await serve(createFakeTransport());
    const { port } = server;
    await server.stop();
    const metrics = countingMetrics();
    const transport = connect(port, { patienceMs: 60_000, metrics });
    const leaving = new AbortController();
    const watch = transport.watch(maps, { resourceVersion: '0' }, leaving.signal)[Symbol.asyncIterator]();
    const first = watch.next();
    const early = await Promise.race([first, new Promise((resolve) => setTimeout(resolve, 100, 'waiting'))]);
    expect(early).toBe('waiting');
    leaving.abort(new Error('enough'));
    expect(await first).toEqual({ done: true, value: undefined });
    expect([...metrics.counts.keys()]).toEqual([expect.stringMatching(/Watch.*CANCELLED/i)]);
  });

  it('fail at once without a connection when there is to be no patience', async () => {
    const server = await serve(createFakeTransport());
    await server.stop();
    const started = connect(server.port, { patienceMs: 0 });
    expect(await codeOf(started.list(maps))).toBe(503);
    const patient = connect(server.port, { patienceMs: 100 });
    expect(await codeOf(patient.list(maps))).toBe(503);
    expect(await codeOf(patient.create(maps, configMap('a')))).toBe(503);
  });

  it('are tried again when they only read, and never when they write', async () => {
    const tried = { list: 0, get: 0, create: 0, update: 0, deleteCollection: 0 };
    const busy = (name: keyof typeof tried, failures: number) => async () => {
      if (++tried[name] <= failures) throw serviceUnavailable('busy');
      return { kind: 'ConfigMapList', apiVersion: 'v1', metadata: {}, items: [] } as never;
    };
    const server = await serve({
      ...createFakeTransport(),
      list: busy('list', 2),
      get: busy('get', 1),
      create: busy('create', 9),
      update: busy('update', 9),
      deleteCollection: busy('deleteCollection', 9),
    });
    for (const pipelined of [true, false]) {
      const client = connect(server.port, { pipelined });
      expect(await codeOf(client.create(maps, configMap('a')))).toBe(503);
      expect(await codeOf(client.update({ ...maps, name: 'a' }, configMap('a')))).toBe(503);
      expect(await codeOf(client.deleteCollection(maps))).toBe(503);
    }
    const client = connect(server.port);
    expect(await codeOf(client.list(maps))).toBe(200);
    expect(await codeOf(client.get({ ...maps, name: 'a' }))).toBe(200);
    expect(tried).toEqual({ list: 3, get: 2, create: 2, update: 2, deleteCollection: 2 });
  });

  it('are counted by method and code, on both sides', async () => {
    const [ours, theirs] = [countingMetrics(), countingMetrics()];
    const server = await serve(createFakeTransport(), { metrics: theirs });
    const client = connect(server.port, { metrics: ours, pipelined: false });
    await client.create(maps, configMap('a'));
    await codeOf(client.create(maps, configMap('a')));
    await connect(server.port).create(maps, configMap('pipelined'));
    await client.list(maps);
    await codeOf(client.get({ ...maps, name: 'none' }));
    for await (const _ of client.watch(maps, {}, new AbortController().signal)) break;
    expect(Object.fromEntries(ours.counts)).toEqual({
      'grpc_client_handled_total{Create,OK}': 1,
      'grpc_client_handled_total{Create,ALREADY_EXISTS}': 1,
      'grpc_client_handled_total{List,OK}': 1,
      'grpc_client_handled_total{Get,NOT_FOUND}': 1,
      'grpc_client_handled_total{Watch,OK}': 1,
    });
    expect(ours.observed.get('grpc_client_handling_seconds{List,OK}')).toBe(1);
    expect(ours.observed.has('grpc_client_handling_seconds{Watch,OK}')).toBe(false);
    await expect.poll(() => theirs.counts.get('grpc_server_handled_total{Watch,CANCELLED}')).toBe(1);
    expect(theirs.counts.get('grpc_server_handled_total{Create,OK}')).toBe(2);
    expect(theirs.counts.get('grpc_server_handled_total{Create,ALREADY_EXISTS}')).toBe(1);
    expect(theirs.counts.get('grpc_server_handled_total{Get,NOT_FOUND}')).toBe(1);
  });

  it('are held to a rate', async () => {
    const limiter = createRateLimiter({ qps: 20, burst: 3 });
    const turns = Array.from({ length: 6 }, () => limiter.take());
    expect(turns.map((turn) => turn === undefined)).toEqual([true, true, true, false, false, false]);
    const order: number[] = [];
    await Promise.all(turns.slice(3).map(async (turn, index) => (await turn, order.push(index))));
    expect(order).toEqual([0, 1, 2]);
    const server = await serve(createFakeTransport());
    const client = connect(server.port, { rateLimit: { qps: 200, burst: 1 } });
    const began = performance.now();
    await Promise.all(Array.from({ length: 11 }, () => client.list(maps)));
    expect(performance.now() - began).toBeGreaterThan(45);
  });
});

describe('tokens between processes', () => {
  it('let in who has one of them, to every service but health, which is open', async () => {
    const valid = ['first', 'second'];
    const server = await serve(createFakeTransport(), { authenticate: acceptTokens(() => valid) });
    for (const token of valid) expect(await codeOf(connect(server.port, { token }).list(maps))).toBe(200);
    for (const options of [{}, { token: 'third' }, { token: '' }]) {
      const client = connect(server.port, options);
      expect(await codeOf(client.list(maps))).toBe(401);
      expect(await codeOf(client.create(maps, configMap('a')))).toBe(401);
    }
    valid.shift();
    expect(await codeOf(connect(server.port, { token: 'first' }).list(maps))).toBe(401);

    const address = `127.0.0.1:${server.port}`;
    const health = new (await healthClient())(address, credentials.createInsecure());
    cleanups.push(() => health.close());
    const answer = await new Promise((resolve, reject) => {
      health.check({ service: '' }, (error, value) => (error === null ? resolve(value) : reject(error)));
    });
    expect(answer).toMatchObject({ status: 'SERVING' });

    const raw = new ResourceServiceClient(address, credentials.createInsecure());
    cleanups.push(() => raw.close());
    const code = await new Promise((resolve) => {
      raw
        .watch(WatchRequest.fromPartial({}), new Metadata())
        .on('error', (error) => resolve((error as { code?: Code }).code))
        .resume();
    });
    expect(code).toBe(Code.UNAUTHENTICATED);
  });
});

interface HealthClient {
  check(request: { service: string }, callback: (error: Error | null, value: unknown) => void): void;
  close(): void;
}

async function healthClient(): Promise<
  new (address: string, made: ReturnType<typeof credentials.createInsecure>) => HealthClient
> {
  const { loadPackageDefinition } = await import('@grpc/grpc-js');
  const { loadSync } = await import('@grpc/proto-loader');
  const { protoPath } = await import('grpc-health-check');
  const loaded = loadPackageDefinition(loadSync(protoPath, { enums: String })) as unknown as {
    grpc: { health: { v1: { Health: Awaited<ReturnType<typeof healthClient>> } } };
  };
  return loaded.grpc.health.v1.Health;
}
