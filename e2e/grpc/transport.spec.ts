import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pod } from '@drydock/api/core/v1';
import { systemClock, systemRandom } from '@drydock/base/clock';
import { createClient } from '@drydock/machinery/client';
import { createInformerFactory } from '@drydock/machinery/informer';
import { silentLogger } from '@drydock/port/observability';
import type { Store } from '@drydock/port/store';
import type { Transport } from '@drydock/port/transport';
import { describeTransportContract } from '@drydock/port/transport-suite';
import { createRpcServer, createRpcTransport } from '@drydock/rpc';
import { createApiServerCore, systemUser, type ApiServerCore } from '@drydock/server/core';
import { allDefinitions } from '@drydock/server/resources';
import { openLmdbStore } from '@drydock/store-lmdb';
import { createMemoryStore } from '@drydock/store-memory';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/index.ts';

interface Fixture {
  transport: Transport;
  dispose(): Promise<void>;
}

/** The real API server over a real store, spoken to directly. */
async function inProcess(
  openStore: () => Promise<Store> | Store,
): Promise<Fixture & { core: ApiServerCore }> {
  const store = await openStore();
  const core = createApiServerCore(
    {},
    {
      store,
      definitions: allDefinitions,
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
    },
  );
  await core.start();
  return {
    transport: core.transport(systemUser),
    core,
    async dispose() {
      await core.stop();
      await store.close();
    },
  };
}

/** The same behind a gRPC server, spoken to through its client. */
async function overGrpc(pipelined: boolean): Promise<Fixture> {
  const direct = await inProcess(createMemoryStore);
  const { core } = direct;
  const server = createRpcServer({
    port: 0,
    transport: core.messageTransport(systemUser),
    bytesOf: (object) => core.bytesOf(object),
    logger: silentLogger,
  });
  await server.start();
  const transport = createRpcTransport({ address: `127.0.0.1:${server.port}`, pipelined });
  return {
    transport,
    async dispose() {
      await transport.close();
      await server.stop();
      await direct.dispose();
    },
  };
}

async function onDisk(): Promise<Fixture> {
  const directory = mkdtempSync(join(tmpdir(), 'drydock-grpc-'));
  const fixture = await inProcess(() => openLmdbStore({ directory }));
  return {
    transport: fixture.transport,
    async dispose() {
      await fixture.dispose();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const transports: [string, () => Promise<Fixture>][] = [
  ['the API server in process, memory', () => inProcess(createMemoryStore)],
  ['the API server in process, lmdb', onDisk],
  ['the API server over gRPC, a call a write', () => overGrpc(false)],
  ['the API server over gRPC, writes pipelined', () => overGrpc(true)],
];

for (const [name, open] of transports) {
  describeTransportContract(name, async () => ({ namespace: 'default', ...(await open()) }));
}

describe.each(transports)('client and informer over %s', (_name, open) => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await open();
  });
  afterAll(() => fixture.dispose());

  it('follow Pods from creation over update to deletion', async () => {
    const client = createClient(fixture.transport, { fieldManager: 'test' });
    const pods = client.resource(Pod).namespace('default');
    const serviceAccounts = { group: '', version: 'v1', resource: 'serviceaccounts', namespace: 'default' };
    await fixture.transport.create(serviceAccounts, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default' },
    });
    const informers = createInformerFactory(client, {
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
    });
    const informer = informers.informer(Pod, {
      indexers: { image: (pod) => (pod.spec?.containers ?? []).map(({ image }) => image ?? '') },
    });
    const seen: string[] = [];
    informer.addHandler({
      added: (pod) => seen.push(`added ${pod.metadata.name}`),
      updated: (pod) => seen.push(`updated ${pod.metadata.name}`),
      deleted: (pod) => seen.push(`deleted ${pod.metadata.name}`),
    });
    informers.start();
    await informers.waitForSync();
    const made = await pods.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'one' },
      spec: { containers: [{ name: 'c', image: 'nginx' }] },
    });
    await eventually(() => informer.get('default/one') !== undefined);
    expect(informer.byIndex('image', 'nginx').map(({ metadata }) => metadata.name)).toEqual(['one']);
    await pods.patch('one', { type: 'merge', body: { metadata: { labels: { a: 'b' } } } });
    await eventually(() => informer.get('default/one')?.metadata.labels?.['a'] === 'b');
    expect(informer.get('default/one')?.metadata.uid).toBe(made.metadata.uid);
    await pods.delete('one', { gracePeriodSeconds: 0 });
    await eventually(() => informer.get('default/one') === undefined);
    expect(seen).toEqual(['added one', 'updated one', 'deleted one']);
    await informers.stop();
  });
});
