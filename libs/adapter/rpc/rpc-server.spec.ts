import type { KubeObject } from '@drydock/base/apimachinery';
import { unauthorized } from '@drydock/base/apimachinery';
import { silentLogger } from '@drydock/port/observability';
import type { Transport, WatchEvent } from '@drydock/port/transport';
import { createFakeTransport } from '@drydock/port/transport-suite';
import { credentials, Metadata, status as Code } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { ResourceServiceClient } from './gen/drydock/v1/resource.ts';
import type { RpcServer, RpcServerOptions, RpcTransportOptions } from './index.ts';
import { createRpcServer, createRpcTransport } from './index.ts';

const maps = { group: '', version: 'v1', resource: 'configmaps', namespace: 'default' };
const configMap = (name: string, data: Record<string, string> = {}): KubeObject =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data }) as KubeObject;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(transport: RpcServerOptions['transport'], options: Partial<RpcServerOptions> = {}) {
  const server = createRpcServer({ port: 0, transport, logger: silentLogger, ...options });
  await server.start();
  cleanups.push(() => server.stop());
  return server;
}

function connect(server: RpcServer, options: Partial<RpcTransportOptions> = {}): Transport {
  const transport = createRpcTransport({
    address: `127.0.0.1:${server.port}`,
    patienceMs: 0,
    ...options,
  });
  cleanups.push(() => transport.close());
  return transport;
}

/** A transport of which only some parts are there. */
const partly = (parts: Partial<Transport>): Transport => ({ ...createFakeTransport(), ...parts });

async function rejection(promise: Promise<unknown>) {
  return promise.then(
    () => undefined,
    (error: unknown) => (error as { status?: unknown }).status ?? error,
  );
}

describe('rpc server', () => {
  it('is ready between start and stop, and stops twice without harm', async () => {
    const server = createRpcServer({ port: 0, transport: createFakeTransport(), logger: silentLogger });
    expect(server.ready()).toBe(false);
    await server.stop();
    await server.start();
    expect(server.ready()).toBe(true);
    expect(server.port).toBeGreaterThan(0);
    await server.stop();
    await server.stop();
    expect(server.ready()).toBe(false);
  });

  it('says in one line that its port is taken', async () => {
    const first = await serve(createFakeTransport());
    const second = createRpcServer({
      port: first.port,
      transport: createFakeTransport(),
      logger: silentLogger,
    });
    await expect(second.start()).rejects.toThrow(
      `cannot listen on 127.0.0.1:${first.port}: address already in use`,
    );
    expect(second.ready()).toBe(false);
  });

  it('ends watches cleanly when it stops, and the health service says why', async () => {
    const server = await serve(createFakeTransport());
    const client = connect(server);
    await client.create(maps, configMap('a'));
    const seen: WatchEvent[] = [];
    let stopping: Promise<void> | undefined;
    for await (const batch of client.watch(maps, {}, new AbortController().signal)) {
      seen.push(...batch);
      stopping ??= server.stop();
    }
    await stopping;
    expect(seen.length).toBe(1);
    expect(await rejection(client.get({ ...maps, name: 'a' }))).toMatchObject({
      code: 503,
      reason: 'ServiceUnavailable',
    });
  });

  it('lets writes under way finish when it stops', async () => {
    const begun = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const server = await serve(
      partly({
        async create(_ref, object) {
          begun.resolve();
          await release.promise;
          return object;
        },
      }),
    );
    const client = connect(server);
    const creating = client.create(maps, configMap('a'));
    await begun.promise;
    const stopping = server.stop();
    release.resolve();
    expect((await creating).metadata.name).toBe('a');
    await stopping;
  });

  it('serves again to the same client after a restart', async () => {
    const behind = createFakeTransport();
    const first = await serve(behind);
    const { port } = first;
    const client = connect(first);
    await client.create(maps, configMap('a'));
    await first.stop();
    expect(await rejection(client.create(maps, configMap('b')))).toMatchObject({ code: 503 });
    await serve(behind, { port });
    await expect
      .poll(
        () =>
          client.create(maps, configMap('c')).then(
            () => 'done',
            () => 'failed',
          ),
        { timeout: 10_000 },
      )
      .toBe('done');
  });

  it('shows the caller’s token to who makes the transport', async () => {
    const callers: unknown[] = [];
    const server = await serve((caller) => {
      callers.push(caller.token);
      if (caller.token !== 'secret') throw unauthorized();
      return createFakeTransport();
    });
    const stranger = connect(server, { token: 'guess' });
    const attempts: Promise<unknown>[] = [
      stranger.list(maps),
      stranger.create(maps, configMap('a')),
      stranger.watch(maps, {}, new AbortController().signal)[Symbol.asyncIterator]().next(),
    ];
    for (const status of await Promise.all(attempts.map(rejection))) {
      expect(status).toMatchObject({ code: 401, reason: 'Unauthorized' });
    }
    const friend = connect(server, { token: () => 'secret' });
    expect((await friend.list(maps)).items).toEqual([]);
    expect(new Set(callers)).toEqual(new Set(['guess', 'secret']));
  });

  it('aborts a watch of a client that went away', async () => {
    const aborted = Promise.withResolvers<void>();
    const server = await serve(
      partly({
        async *watch(_ref, _options, signal) {
          signal.addEventListener('abort', () => aborted.resolve());
          yield [{ type: 'ADDED', object: configMap('a') }] as const;
          await aborted.promise;
        },
      }),
    );
    const client = connect(server);
    for await (const batch of client.watch(maps, {}, new AbortController().signal)) {
      expect(batch.length).toBe(1);
      break;
    }
    await aborted.promise;
  });

  it('gives up after the deadline', async () => {
    const server = await serve(
      partly({ get: () => new Promise(() => {}), create: () => new Promise(() => {}) }),
      { drainMs: 10 },
    );
    const client = connect(server, { timeoutMs: 50 });
    expect(await rejection(client.get({ ...maps, name: 'a' }))).toMatchObject({
      code: 504,
      reason: 'Timeout',
    });
    expect(await rejection(client.create(maps, configMap('a')))).toMatchObject({
      code: 504,
      reason: 'Timeout',
    });
  });

  it('lets a slow watcher hold back the source', async () => {
    let produced = 0;
    const blob = 'x'.repeat(256 * 1024);
    const server = await serve(
      partly({
        async *watch(_ref, _options, signal) {
          while (!signal.aborted) {
            yield [{ type: 'ADDED', object: configMap(String(produced++), { blob }) }] as const;
          }
        },
      }),
    );
    const client = connect(server);
    const slow = client.watch(maps, {}, new AbortController().signal)[Symbol.asyncIterator]();
    // Takes one batch and no more: what is produced fills the windows and buffers in between, then production stops.
    await slow.next();
    let before = -1;
    await expect
      .poll(
        () => {
          const stalled = produced === before && produced > 0;
          before = produced;
          return stalled;
        },
        { interval: 200, timeout: 10_000 },
      )
      .toBe(true);
    expect(produced).toBeLessThan(200);
    await slow.return!();
  });
});

describe('Mutate', () => {
  it('does writes of one object in the order they were sent, and others meanwhile', async () => {
    const log: string[] = [];
    const gate = Promise.withResolvers<void>();
    const server = await serve(
      partly({
        async patch(ref, { body }) {
          const { step } = body as { step: number };
          if (ref.name === 'a' && step === 0) await gate.promise;
          log.push(`${ref.name}${step}`);
          if (ref.name === 'b' && step === 2) gate.resolve();
          return configMap(ref.name!);
        },
      }),
    );
    const client = connect(server);
    await Promise.all(
      ['a', 'b'].flatMap((name) =>
        [0, 1, 2].map((step) => client.patch({ ...maps, name }, { type: 'merge', body: { step } })),
      ),
    );
    expect(log).toEqual(['b0', 'b1', 'b2', 'a0', 'a1', 'a2']);
  });

  it('holds back a client that sends more than is done', async () => {
    let underWay = 0;
    let most = 0;
    const release: (() => void)[] = [];
    const server = await serve(
      partly({
        async create(_ref, object) {
          most = Math.max(most, ++underWay);
          await new Promise<void>((resolve) => release.push(resolve));
          underWay--;
          return object;
        },
      }),
    );
    const client = connect(server);
    const writes = Promise.all(
      Array.from({ length: 2000 }, (_, i) => client.create(maps, configMap(`a${i}`))),
    );
    // Nothing is released until the limit is reached; without a limit all 2,000 would come.
    await expect.poll(() => underWay, { interval: 5, timeout: 10_000 }).toBeGreaterThanOrEqual(512);
    await client.list(maps);
    let done = false;
    const all = writes.then(() => (done = true));
    await expect
      .poll(
        () => {
          for (const resume of release.splice(0)) resume();
          return done;
        },
        { interval: 2, timeout: 10_000 },
      )
      .toBe(true);
    await all;
    // Flow control works on chunks, so a few more than the limit may slip through.
    expect(most).toBeLessThanOrEqual(600);
  });

  it('answers nonsense with a Status and goes on', async () => {
    const server = await serve(createFakeTransport());
    const client = new ResourceServiceClient(`127.0.0.1:${server.port}`, credentials.createInsecure());
    cleanups.push(() => client.close());
    const call = client.mutate(new Metadata());
    const answers: { id: number; result?: { $case: string } }[] = [];
    const ended = new Promise((resolve) => call.on('end', resolve));
    call.on('data', (answer) => answers.push(answer));
    const ref = { ...maps, name: 'a', subresource: '' };
    const options = undefined;
    call.write({ id: 1, operation: undefined });
    call.write({ id: 2, operation: { $case: 'create', create: { ref, object: Buffer.from('{'), options } } });
    call.write({
      id: 3,
      operation: { $case: 'patch', patch: { ref, type: 0, body: Buffer.from('{}'), options } },
    });
    call.write({
      id: 4,
      operation: { $case: 'create', create: { ref, object: Buffer.from('null'), options } },
    });
    const object = Buffer.from(JSON.stringify(configMap('a')));
    call.write({ id: 5, operation: { $case: 'create', create: { ref, object, options } } });
    call.end();
    await ended;
    expect(answers.map(({ id, result }) => [id, result?.$case]).toSorted()).toEqual([
      [1, 'failure'],
      [2, 'failure'],
      [3, 'failure'],
      [4, 'failure'],
      [5, 'object'],
    ]);
  });

  it('rejects what is unanswered when the connection breaks', async () => {
    const begun = Promise.withResolvers<void>();
    const server = await serve(
      partly({
        create: () => {
          begun.resolve();
          return new Promise(() => {});
        },
      }),
      { drainMs: 20 },
    );
    const client = connect(server);
    const creating = rejection(client.create(maps, configMap('a')));
    await begun.promise;
    await server.stop();
    expect(await creating).toMatchObject({ code: 503, reason: 'ServiceUnavailable' });
  });

  it('refuses a call with a body that is no JSON', async () => {
    const server = await serve(createFakeTransport());
    const client = new ResourceServiceClient(`127.0.0.1:${server.port}`, credentials.createInsecure());
    cleanups.push(() => client.close());
    const error = await new Promise((resolve) =>
      client.create(
        { ref: { ...maps, name: '', subresource: '' }, object: Buffer.from('?'), options: undefined },
        resolve,
      ),
    );
    expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT });
  });
});
