import { Namespace } from '@drydock/api/core/v1';
import { createSeededRandom, createVirtualClock } from '@drydock/base/clock';
import { createClient } from '@drydock/machinery/client';
import { silentLogger } from '@drydock/port/observability';
import { createInProcessTransport, createRegistry } from '@drydock/server/registry';
import { allDefinitions } from '@drydock/server/resources';
import { createWatchCache } from '@drydock/server/watch-cache';
import { createMemoryStore } from '@drydock/store-memory';

/** An API server of its own under a virtual clock, with the namespace of the Leases. */
export async function startLeaseCluster(seed: number) {
  const clock = createVirtualClock({ startMs: Date.parse('2026-01-01T00:00:00Z') });
  const random = createSeededRandom(seed);
  const store = createMemoryStore();
  const cache = createWatchCache({ store, clock, logger: silentLogger });
  const registry = createRegistry({ definitions: allDefinitions, store, cache, clock, random });
  await cache.start();
  const transport = createInProcessTransport(registry, { name: 'tester', groups: ['system:masters'] });
  const client = createClient(transport);
  await client.resource(Namespace).create({ metadata: { name: 'kube-system' } });
  return {
    clock,
    random,
    transport,
    client,
    async stop() {
      await cache.stop();
      await store.close();
    },
  };
}
