import { describeEventsContract } from '@drydock/port/events-suite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NatsCluster, openNatsFixture, until } from './cluster.spec-support.ts';
import type { NatsServer } from './nats-server.ts';
import { natsInstalled, startNats } from './nats-server.ts';

describe.skipIf(!natsInstalled())('nats', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNats();
  });
  afterAll(() => server?.dispose());

  describeEventsContract('JetStream', () => openNatsFixture(server));

  it('keeps a stream within its bounds of age and size, and within other ones from the next start on', async () => {
    const cluster = new NatsCluster(server);
    const manager = await cluster.manager();
    const bounds = async () => {
      const { config } = await manager.streams.info(cluster.stream);
      return [config.max_age / 1e9, config.max_bytes, config.discard];
    };
    const first = cluster.publisher();
    await first.start();
    await until(() => first.cursor() !== undefined);
    expect(await bounds()).toEqual([3_600, 1024 ** 3, 'old']);
    const before = first.cursor();
    await first.stop();
    const second = cluster.publisher({ maxAgeMs: 90_000, maxBytes: 20_000 });
    await second.start();
    await until(() => second.cursor() !== undefined);
    expect(await bounds()).toEqual([90, 20_000, 'old']);
    // The same stream: who followed it goes on.
    expect(second.cursor()?.split('@')[1]).toBe(before?.split('@')[1]);
    for (let index = 0; index < 100; index++) await cluster.write({ verb: 'create', name: `one-${index}` });
    const revision = await cluster.store.revision();
    await until(() => second.publishedRevision() === revision);
    const { state } = await manager.streams.info(cluster.stream);
    expect(Number(state.bytes)).toBeLessThanOrEqual(20_000);
    expect(Number(state.first_seq)).toBeGreaterThan(1);
    await cluster.dispose();
  });
});
