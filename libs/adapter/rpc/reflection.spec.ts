import { silentLogger } from '@drydock/port/observability';
import { createFakeTransport } from '@drydock/port/transport-suite';
import { status as Code } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RpcServer } from './index.ts';
import { createRpcServer } from './index.ts';
import type { ReflectionClient } from './reflection-client.ts';
import { createReflectionClient } from './reflection-client.ts';

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
const parse = (bytes: unknown) => JSON.parse(Buffer.from(bytes as string, 'base64').toString());

/** Nothing here comes from our schema: what the client knows of the service, it was told by reflection. */
describe.each(['v1', 'v1alpha'] as const)('a client that knows only reflection %s', (version) => {
  let server: RpcServer;
  let client: ReflectionClient;
  beforeAll(async () => {
    server = createRpcServer({ port: 0, transport: createFakeTransport(), logger: silentLogger });
    await server.start();
    client = createReflectionClient(`127.0.0.1:${server.port}`, version);
  });
  afterAll(async () => {
    client.close();
    await server.stop();
  });

  const service = 'drydock.v1.ResourceService';
  const collection = { version: 'v1', resource: 'configmaps', namespace: 'default' };

  it('discovers the services', async () => {
    expect((await client.listServices()).toSorted()).toEqual([service, 'grpc.health.v1.Health']);
  });

  it('asks for health', async () => {
    expect(await client.call('grpc.health.v1.Health/Check', {})).toEqual({ status: 'SERVING' });
    expect(await client.call('grpc.health.v1.Health/Check', { service })).toEqual({ status: 'SERVING' });
    await expect(client.call('grpc.health.v1.Health/Check', { service: 'none' })).rejects.toMatchObject({
      code: Code.NOT_FOUND,
    });
  });

  it('creates, reads, lists and watches objects', async () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { key: 'ä' } };
    const created = (await client.call(`${service}/Create`, { ref: collection, object: base64(object) })) as {
      object: string;
    };
    expect(parse(created.object)).toMatchObject(object);

    const ref = { ...collection, name: 'a' };
    const got = (await client.call(`${service}/Get`, { ref })) as { object: string };
    expect(parse(got.object)).toEqual(parse(created.object));

    const chunks: { envelope?: string; items?: string[] }[] = [];
    for await (const chunk of client.stream(`${service}/List`, { ref: collection }))
      chunks.push(chunk as object);
    expect(parse(chunks[0]!.envelope)).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' });
    expect(chunks.flatMap((chunk) => chunk.items ?? []).map(parse)).toEqual([parse(created.object)]);

    for await (const response of client.stream(`${service}/Watch`, { ref: collection })) {
      const { events } = response as { events: { type: string; object: string }[] };
      expect(events.map(({ type }) => type)).toEqual(['WATCH_EVENT_TYPE_ADDED']);
      expect(parse(events[0]!.object)).toEqual(parse(created.object));
      break;
    }
  });

  it('gets the whole Status with an error', async () => {
    const error = await client.call(`${service}/Get`, { ref: { ...collection, name: 'none' } }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: Code.NOT_FOUND, details: 'configmaps "none" not found' });
    const [trailer] = (error as { metadata: { get(key: string): Buffer[] } }).metadata.get(
      'drydock-status-bin',
    );
    expect(JSON.parse(trailer!.toString())).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'configmaps "none" not found',
      reason: 'NotFound',
      details: { name: 'none', kind: 'configmaps' },
      code: 404,
    });
  });
});
