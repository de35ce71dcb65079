import { describeEventsContract } from '@drydock/port/events-suite';
import { afterAll, beforeAll, describe } from 'vitest';
import { openNatsFixture } from './cluster.spec-support.ts';
import type { NatsServer } from './nats-server.ts';
import { natsInstalled, startNats } from './nats-server.ts';

describe.skipIf(!natsInstalled())('nats', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNats();
  });
  afterAll(() => server?.dispose());

  describeEventsContract('JetStream', () => openNatsFixture(server));
});
