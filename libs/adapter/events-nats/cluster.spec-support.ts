import type { EventPublisher, EventSubscriber } from '@drydock/port/events';
import { createStoreChangeSource } from '@drydock/port/events';
import type { EventsFixture, FixtureWrite } from '@drydock/port/events-suite';
import { silentLogger } from '@drydock/port/observability';
import type { Store } from '@drydock/port/store';
import { createMemoryStore } from '@drydock/store-memory';
import type { JetStreamManager } from '@nats-io/jetstream';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { connect } from '@nats-io/transport-node';
import type { NatsPublisherOptions, NatsSubscriberOptions } from './index.ts';
import { createNatsPublisher, createNatsSubscriber } from './index.ts';
import type { NatsServer } from './nats-server.ts';

const encoder = new TextEncoder();
let serial = 0;

/** A store, and a stream of its own on a shared server: what the publishers and consumers of one cluster see. */
export class NatsCluster {
  readonly store: Store = createMemoryStore();
  readonly stream: string;
  readonly server: NatsServer;
  readonly #ended: (() => Promise<unknown>)[] = [];
  readonly #revisions = new Map<string, number>();
  #admin: NatsConnection | undefined;

  constructor(server: NatsServer) {
    this.server = server;
    this.stream = `EVENTS_${serial++}`;
  }

  get #common() {
    return {
      servers: [this.server.address],
      stream: this.stream,
      subjectPrefix: `drydock.${this.stream}`,
      logger: silentLogger,
    };
  }

  publisher(options: Partial<NatsPublisherOptions> = {}): EventPublisher {
    const publisher = createNatsPublisher({
      source: createStoreChangeSource(this.store),
      takeoverMs: 300,
      ...this.#common,
      ...options,
    });
    this.#ended.push(() => publisher.stop());
    return publisher;
  }

  subscriber(options: Partial<NatsSubscriberOptions> = {}): EventSubscriber {
    const subscriber = createNatsSubscriber({ heartbeatMs: 200, ...this.#common, ...options });
    this.#ended.push(() => subscriber.close());
    return subscriber;
  }

  async manager(): Promise<JetStreamManager> {
    this.#admin ??= await connect({
      servers: this.server.address,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
    });
    return jetstreamManager(this.#admin, { checkAPI: false });
  }

  async write({ verb, name, namespace = 'default', things = 'configmaps' }: FixtureWrite): Promise<number> {
    const key = `/registry/core/${things}/${namespace}/${name}`;
    const value = (): Uint8Array =>
      encoder.encode(
        JSON.stringify({
          kind: things === 'secrets' ? 'Secret' : 'ConfigMap',
          apiVersion: 'v1',
          metadata: { name, namespace },
        }),
      );
    const at = this.#revisions.get(key) ?? 0;
    const revision =
      verb === 'create'
        ? await this.store.create(key, value())
        : verb === 'update'
          ? await this.store.update(key, value(), at)
          : await this.store.delete(key, at);
    this.#revisions.set(key, revision);
    return revision;
  }

  /** What an API server answers, with the cursor that it took before it read. */
  async list(cursor: string | undefined) {
    const { entries, revision } = await this.store.list('/registry/core/configmaps/');
    const objects = new Map(
      entries.map((entry) => [entry.key.slice('/registry/core/configmaps/'.length), entry.revision]),
    );
    return { position: { revision, cursor }, objects };
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#ended.map((end) => end()));
    await this.#admin?.close();
    await this.store.close();
  }
}

export const until = async (done: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 10));
};

/** Two publishers, of which the first is at work, and a subscriber. */
export async function openNatsFixture(server: NatsServer): Promise<EventsFixture> {
  const cluster = new NatsCluster(server);
  const first = cluster.publisher();
  await first.start();
  await until(() => first.cursor() !== undefined);
  let current = first;
  const second = cluster.publisher();
  return {
    subscriber: cluster.subscriber(),
    subscriberWith: (options) => cluster.subscriber(options),
    write: (change) => cluster.write(change),
    list: () => cluster.list(current.cursor()),
    async interrupt(meanwhile) {
      await server.kill();
      await meanwhile();
      await server.start();
    },
    async forget() {
      await (await cluster.manager()).streams.purge(cluster.stream);
    },
    async takeOver() {
      await second.start();
      await until(() => second.ready());
      current = second;
      await first.stop();
    },
    dispose: () => cluster.dispose(),
  };
}
