import { systemClock, systemRandom } from '@drydock/base/clock';
import { createGrpcSubscriber } from './index.ts';
import type { EventsFixture } from '@drydock/port/events-suite';
import { describeEventsContract } from '@drydock/port/events-suite';
import { silentLogger } from '@drydock/port/observability';
import type { Transport } from '@drydock/port/transport';
import type { RpcServer } from '@drydock/rpc';
import { createRpcServer, createRpcTransport } from '@drydock/rpc';
import type { ApiServerCore } from '@drydock/server/core';
import { createApiServerCore } from '@drydock/server/core';
import { allDefinitions } from '@drydock/server/resources';
import { createMemoryStore } from '@drydock/store-memory';

const admin = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
const logger = silentLogger;

/** Two API servers over one store; clients know both addresses. */
async function open(): Promise<EventsFixture> {
  const store = createMemoryStore();
  const cleanups: (() => Promise<unknown>)[] = [() => store.close()];

  async function startCore(): Promise<ApiServerCore> {
    const core = createApiServerCore(
      { cache: { exclusiveStore: false, bookmarkIntervalMs: 100 } },
      { store, definitions: allDefinitions, clock: systemClock, random: systemRandom, logger },
    );
    await core.start();
    cleanups.push(() => core.stop());
    return core;
  }
  async function serve(core: ApiServerCore, port: number): Promise<RpcServer> {
    const server = createRpcServer({ port, transport: core.transport(admin), drainMs: 50, logger });
    await server.start();
    cleanups.push(() => server.stop());
    return server;
  }
  const cores = [await startCore(), await startCore()];
  let servers = [await serve(cores[0]!, 0), await serve(cores[1]!, 0)];
  const ports = servers.map((server) => server.port);
  const remote: Transport = createRpcTransport({
    address: `ipv4:${ports.map((port) => `127.0.0.1:${port}`).join(',')}`,
  });
  cleanups.push(() => remote.close());
  let direct = cores[1]!.transport(admin);
  const subscriberWith = (options: { maxQueuedEvents?: number }) => {
    const subscriber = createGrpcSubscriber({ transport: remote, maxBackoffMs: 100, logger, ...options });
    cleanups.push(() => subscriber.close());
    return subscriber;
  };
  const stopServers = () => Promise.all(servers.map((server) => server.stop()));

  const namespaces = new Set(['default']);
  const core = { group: '', version: 'v1' };
  async function ensureNamespace(name: string): Promise<void> {
    if (namespaces.has(name)) return;
    namespaces.add(name);
    await direct.create(
      { ...core, resource: 'namespaces' },
      { kind: 'Namespace', apiVersion: 'v1', metadata: { name } },
    );
  }

  return {
    subscriber: subscriberWith({}),
    subscriberWith,
    async write({ verb, name, namespace = 'default', things = 'configmaps' }) {
      await ensureNamespace(namespace);
      const ref = { ...core, resource: things, namespace };
      const kind = things === 'secrets' ? 'Secret' : 'ConfigMap';
      if (verb === 'delete') {
        await direct.delete({ ...ref, name });
        return store.revision();
      }
      const labels = { n: String(Math.random()) };
      const { metadata } =
        verb === 'create'
          ? await direct.create(ref, { kind, apiVersion: 'v1', metadata: { name } })
          : await direct.patch({ ...ref, name }, { type: 'merge', body: { metadata: { labels } } });
      return Number(metadata.resourceVersion);
    },
    async list() {
      const { metadata, items } = await direct.list({ ...core, resource: 'configmaps' });
      const objects = new Map(
        items.map((item) => [
          `${item.metadata.namespace}/${item.metadata.name}`,
          Number(item.metadata.resourceVersion),
        ]),
      );
      return { position: { revision: Number(metadata.resourceVersion) }, objects };
    },
    async interrupt(meanwhile) {
      await stopServers();
      await meanwhile();
      servers = [await serve(cores[0]!, ports[0]!), await serve(cores[1]!, ports[1]!)];
    },
    // A server that starts knows the store's present state, and no history.
    async forget() {
      await stopServers();
      const fresh = await startCore();
      direct = fresh.transport(admin);
      servers = [await serve(fresh, ports[0]!)];
    },
    async takeOver() {
      await servers[0]!.stop();
      await cores[0]!.stop();
    },
    async dispose() {
      for (const cleanup of cleanups.reverse()) await cleanup();
    },
  };
}

describeEventsContract('gRPC', open);
