import { silentLogger } from '@drydock/port/observability';
import { createFakeTransport } from '@drydock/port/transport-suite';
import { afterEach, describe, expect, it } from 'vitest';
import { targetOf } from './hosts-resolver.ts';
import { createRpcServer, createRpcTransport } from './index.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(port = 0) {
  const server = createRpcServer({
    port,
    transport: createFakeTransport(),
    logger: silentLogger,
    drainMs: 50,
  });
  await server.start();
  cleanups.push(() => server.stop());
  return server;
}

const maps = { group: '', version: 'v1', resource: 'configmaps', namespace: 'default' };

describe('a client of several servers', () => {
  it('goes on at another when the one it has is lost, and comes back', async () => {
    const servers = [await serve(), await serve()];
    const ports = servers.map(({ port }) => port);
    const client = createRpcTransport({
      address: ports.map((port) => `localhost:${port}`),
      ownConnection: true,
    });
    cleanups.push(() => client.close());
    expect((await client.list(maps)).items).toEqual([]);
    await servers[0]?.stop();
    expect((await client.list(maps)).items).toEqual([]);
    await serve(ports[0]);
    await servers[1]?.stop();
    expect((await client.list(maps)).items).toEqual([]);
  });

  it('says which servers have no address', async () => {
    const client = createRpcTransport({
      address: ['no.such.host.invalid:1', 'nor.this.invalid:2'],
      patienceMs: 0,
      timeoutMs: 3_000,
    });
    cleanups.push(() => client.close());
    await expect(client.get({ ...maps, name: 'a' })).rejects.toThrow(
      /none of no\.such\.host\.invalid:1, nor\.this\.invalid:2 has an address/,
    );
  });

  it('needs no list for a single one', () => {
    expect(targetOf(['a:1'])).toBe('a:1');
    expect(targetOf('dns:///a:1')).toBe('dns:///a:1');
  });
});
