// An API server with gRPC, as a process of its own: `node events-server.ts [nats address]`. Prints its port; ends with
// its parent.
import { systemClock, systemRandom } from '@drydock/base/clock';
import { createNatsPublisher } from '@drydock/events-nats';
import { createStoreChangeSource } from '@drydock/port/events';
import { silentLogger as logger } from '@drydock/port/observability';
import { createRpcServer } from '@drydock/rpc';
import { createApiServerCore } from '@drydock/server/core';
import { allDefinitions } from '@drydock/server/resources';
import { createMemoryStore } from '@drydock/store-memory';

const nats = process.argv[2];
const store = createMemoryStore();
const apiserver = createApiServerCore(
  { cache: { defer: (run) => void setImmediate(run) } },
  { store, definitions: allDefinitions, clock: systemClock, random: systemRandom, logger },
);
await apiserver.start();
const publisher =
  nats === undefined
    ? undefined
    : createNatsPublisher({ servers: [nats], logger, source: createStoreChangeSource(store) });
await publisher?.start();
const rpc = createRpcServer({
  port: 0,
  transport: apiserver.transport({ name: 'bench', groups: ['system:masters', 'system:authenticated'] }),
  cursor: () => publisher?.cursor(),
  logger,
});
await rpc.start();
while (publisher !== undefined && !publisher.ready()) await new Promise((resolve) => setTimeout(resolve, 20));
process.stdout.write(`${rpc.port}\n`);
process.once('disconnect', () => process.exit());
