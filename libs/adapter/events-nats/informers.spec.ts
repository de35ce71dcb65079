import { ConfigMap, Secret } from '@drydock/api/core/v1';
import { objectKey, type KubeObject, type ResourceType } from '@drydock/base/apimachinery';
import { systemClock, systemRandom } from '@drydock/base/clock';
import { createClient } from '@drydock/machinery/client';
import { createInformerFactory } from '@drydock/machinery/informer';
import {
  createEventTransport,
  createStoreChangeSource,
  type EventTransportOptions,
} from '@drydock/port/events';
import { silentLogger as logger } from '@drydock/port/observability';
import type { ResourceRef } from '@drydock/port/transport';
import { createRpcServer, createRpcTransport } from '@drydock/rpc';
import { createApiServerCore } from '@drydock/server/core';
import { allDefinitions } from '@drydock/server/resources';
import { createMemoryStore } from '@drydock/store-memory';
import { describe, expect, it } from 'vitest';
import { until } from './cluster.spec-support.ts';
import { createNatsPublisher, createNatsSubscriber } from './index.ts';
import { natsInstalled, startNats, type NatsServer } from './nats-server.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.spec-support.ts';

const admin = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };

/** What a test does to a cluster whose informers must come to equal its store in the end. */
interface Trial {
  readonly nats: NatsServer;
  /** Between the publisher and NATS. */
  readonly line: TcpProxy;
  /** Writes that also update and delete. */
  churn(prefix: string): Promise<void>;
  expectEqual(): Promise<void>;
  /** Resources that were watched over gRPC. */
  readonly watchedThere: ResourceRef[];
}

describe.skipIf(!natsInstalled())('informers over gRPC and NATS', { timeout: 60_000 }, () => {
  async function attempt(transportOptions: EventTransportOptions, doIt: (trial: Trial) => Promise<void>) {
    const nats = await startNats();
    const line = await startTcpProxy(nats.address);
    const store = createMemoryStore();
    const apiserver = createApiServerCore(
      {},
      { store, definitions: allDefinitions, clock: systemClock, random: systemRandom, logger },
    );
    await apiserver.start();
    const publisher = createNatsPublisher({
      ...{ servers: [line.address], logger, progressMs: 100 },
      source: createStoreChangeSource(store),
    });
    await publisher.start();
    const rpc = createRpcServer({
      ...{ port: 0, logger },
      transport: apiserver.transport(admin),
      cursor: () => publisher.cursor(),
    });
    await rpc.start();

    const remote = createRpcTransport({ address: `127.0.0.1:${rpc.port}` });
    const watchedThere: ResourceRef[] = [];
    const counted = {
      ...remote,
      watch(...args: Parameters<typeof remote.watch>) {
        watchedThere.push(args[0]);
        return remote.watch(...args);
      },
    };
    const subscriber = createNatsSubscriber({
      ...{ servers: [nats.address], logger, heartbeatMs: 200, silentMs: 1_000 },
    });
    const transport = createEventTransport(counted, subscriber, transportOptions);
    const client = createClient(transport, { fieldManager: 'test' });
    const informers = createInformerFactory(client, { clock: systemClock, random: systemRandom, logger });
    const maps = informers.informer(ConfigMap);
    const secrets = informers.informer(Secret, { namespace: 'default' });
    await until(() => publisher.cursor() !== undefined);
    informers.start();
    await informers.waitForSync();

    const configMaps = client.resource(ConfigMap).namespace('default');
    async function churn(prefix: string): Promise<void> {
      for (let i = 0; i < 40; i++) {
        const name = `${prefix}-${i}`;
        await configMaps.create({
          kind: 'ConfigMap',
          apiVersion: 'v1',
          metadata: { name },
          data: { i: '0' },
        });
        await configMaps.patch(name, { type: 'merge', body: { data: { i: '1' } } });
        if (i % 3 === 0) await configMaps.delete(name);
        if (i % 4 === 0) {
          await client
            .resource(Secret)
            .namespace('default')
            .create({ kind: 'Secret', apiVersion: 'v1', metadata: { name } });
        }
      }
    }
    async function expectEqual<T extends KubeObject>(
      informer: { list(): readonly T[] },
      type: ResourceType<T>,
    ): Promise<void> {
      const present = async () => (await client.resource(type).namespace('default').list({})).items;
      const byKey = (items: readonly KubeObject[]) =>
        items
          .filter((item) => item.metadata.namespace === 'default')
          .toSorted((a, b) => objectKey(a).localeCompare(objectKey(b)));
      const brief = (items: readonly KubeObject[]) =>
        byKey(items).map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`);
      const expected = await present();
      await until(() => brief(informer.list()).join() === brief(expected).join());
      expect(byKey(informer.list()).map(bare)).toEqual(byKey(expected).map(bare));
    }

    try {
      await doIt({
        ...{ nats, line, churn, watchedThere },
        async expectEqual() {
          await expectEqual(maps, ConfigMap);
          await expectEqual(secrets, Secret);
        },
      });
    } finally {
      await informers.stop();
      await subscriber.close();
      await remote.close();
      await rpc.stop();
      await publisher.stop();
      await apiserver.stop();
      await store.close();
      await line.close();
      await nats.dispose();
    }
  }
  const fallingBack = { clock: systemClock, awayMs: 200 };

  it('equal the store, object by object, through a restart of NATS, and watch over nothing else', () =>
    attempt({}, async ({ nats, churn, expectEqual, watchedThere }) => {
      await churn('a');
      await expectEqual();
      await nats.kill();
      await churn('b');
      await nats.start();
      await churn('c');
      await expectEqual();
      expect(watchedThere).toEqual([]);
    }));

  it('equal it while the publisher is cut off from NATS and they are not: they watch over gRPC until it is back', () =>
    attempt(fallingBack, async ({ line, churn, expectEqual, watchedThere }) => {
      await churn('a');
      await expectEqual();
      line.hold();
      await churn('b');
      await expectEqual();
      expect(watchedThere.map(({ resource }) => resource).toSorted()).toEqual(
        expect.arrayContaining(['configmaps', 'secrets']),
      );
      line.release();
      await churn('c');
      await expectEqual();
    }));

  it('equal it while NATS is there without JetStream', () =>
    attempt(fallingBack, async ({ nats, churn, expectEqual }) => {
      await churn('a');
      await expectEqual();
      await nats.kill();
      await nats.start(false);
      await churn('b');
      await expectEqual();
      await nats.kill();
      await nats.start();
      await churn('c');
      await expectEqual();
    }));
});

/** Items of a list have no kind and apiVersion of their own. */
function bare({ kind: _kind, apiVersion: _apiVersion, ...rest }: KubeObject): unknown {
  return rest;
}
