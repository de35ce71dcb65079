import { brief, configMaps, expectHistory, positionAfter, recordEvents } from '@drydock/port/events-suite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NatsCluster, until } from './cluster.spec-support.ts';
import type { NatsServer } from './nats-server.ts';
import { natsInstalled, startNats } from './nats-server.ts';

describe.skipIf(!natsInstalled())('events over a NATS that fails', { timeout: 30_000 }, () => {
  let server: NatsServer;
  let cluster: NatsCluster;
  beforeAll(async () => {
    server = await startNats();
  });
  afterAll(() => server?.dispose());
  beforeEach(() => {
    cluster = new NatsCluster(server);
  });
  afterEach(() => cluster.dispose());

  async function started(options: Parameters<NatsCluster['publisher']>[0] = {}) {
    const publisher = cluster.publisher(options);
    await publisher.start();
    await until(() => publisher.cursor() !== undefined);
    return publisher;
  }
  const create = (name: string) => cluster.write({ verb: 'create', name });
  const createMany = async (prefix: string, count: number): Promise<number> => {
    let last = 0;
    for (let i = 0; i < count; i++) last = await create(`${prefix}-${i}`);
    return last;
  };
  /** Every message of the stream, by its sequence. */
  async function streamRevisions(): Promise<number[]> {
    const manager = await cluster.manager();
    const { state } = await manager.streams.info(cluster.stream);
    const revisions: number[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      const message = await manager.streams.getMessage(cluster.stream, { seq });
      if (message?.header.has('Drydock-Type')) revisions.push(Number(message.header.get('Drydock-Revision')));
    }
    return revisions;
  }

  it('are not lost when it is killed again and again while many write', async () => {
    const publisher = await started();
    const { position } = await cluster.list(publisher.cursor());
    const seen = recordEvents(cluster.subscriber(), configMaps(), position);
    let writing = true;
    let written = 0;
    const writers = ['a', 'b', 'c'].map(async (lane) => {
      for (let i = 0; writing; i++) {
        await create(`${lane}-${i}`);
        written++;
        // Lets the event loop do its other work; the writes of a memory store never leave it.
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
    for (let round = 0; round < 3; round++) {
      const before = seen.events.length;
      await seen.count(before + 100);
      await server.kill();
      await server.start();
    }
    writing = false;
    await Promise.all(writers);
    await seen.count(written);
    expectHistory(seen.events);
    expect(seen.events.length).toBe(written);
    expect(await streamRevisions()).toEqual(seen.events.map((event) => event.revision));
    seen.stop();
  });

  it('wait in the store when it is away for longer than memory holds', async () => {
    await server.kill();
    const publisher = cluster.publisher({ maxQueuedChanges: 20 });
    await publisher.start();
    expect([publisher.role, publisher.ready(), publisher.cursor()]).toEqual(['away', false, undefined]);
    await server.start();
    await until(() => publisher.cursor() !== undefined);
    const { position } = await cluster.list(publisher.cursor());
    await server.kill();
    const last = await createMany('away', 300);
    await server.start();
    await until(() => publisher.publishedRevision() === last);
    const seen = recordEvents(cluster.subscriber(), configMaps(), position);
    await seen.count(300);
    expectHistory(seen.events);
    seen.stop();
  });

  it('are known to be lost when the store forgot them meanwhile', async () => {
    const publisher = await started({ maxQueuedChanges: 20 });
    const { position } = await cluster.list(publisher.cursor());
    const busy = recordEvents(cluster.subscriber(), configMaps(), position);
    const quiet = recordEvents(cluster.subscriber(), configMaps({ resource: 'secrets' }), position);
    await create('before');
    await busy.count(1);
    await server.kill();
    const last = await createMany('away', 300);
    await cluster.store.compact(last);
    await server.start();
    await until(() => publisher.publishedRevision() >= last);
    expect(await busy.end()).toBe('Gap');
    expect(await quiet.end()).toBe('Gap');
    const anew = recordEvents(
      cluster.subscriber(),
      configMaps(),
      (await cluster.list(publisher.cursor())).position,
    );
    await create('after');
    expect((await anew.count(1)).map((event) => event.name)).toEqual(['after']);
    anew.stop();
  });

  it('are published once each when two publishers contend', async () => {
    const first = await started({ takeoverMs: 40 });
    const second = cluster.publisher({ takeoverMs: 40 });
    await second.start();
    const { position } = await cluster.list(first.cursor());
    const seen = recordEvents(cluster.subscriber(), configMaps(), position);
    const lanes = ['a', 'b', 'c', 'd'].map(async (lane) => {
      for (let i = 0; i < 200; i++) {
        await create(`${lane}-${i}`);
        if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
    });
    await Promise.all(lanes);
    await seen.count(800);
    expect(await streamRevisions()).toEqual(seen.events.map((event) => event.revision));
    expectHistory(seen.events);
    // Which of them it is shows with the next change: both try, one is refused.
    let more = 0;
    await until(async () => {
      if ([first.role, second.role].toSorted().join() === 'publishing,standing-by') return true;
      await create(`more-${more++}`);
      return false;
    });
    await seen.count(800 + more);
    const [leader, follower] = first.role === 'publishing' ? [first, second] : [second, first];
    await until(() => follower.cursor() === leader.cursor());
    await leader.stop();
    const revision = await create('last');
    expect(brief((await seen.count(801 + more)).slice(-1))).toEqual([['ADDED', 'default/last', revision]]);
    expect(follower.role).toBe('publishing');
    seen.stop();
  });

  it('end with a gap when the stream was purged while the consumer was away', async () => {
    const publisher = await started();
    const { position } = await cluster.list(publisher.cursor());
    const seen = recordEvents(cluster.subscriber(), configMaps(), position);
    await createMany('a', 3);
    const at = positionAfter(await seen.count(3));
    seen.stop();
    const last = await createMany('b', 3);
    await until(() => publisher.publishedRevision() === last);
    const manager = await cluster.manager();
    await manager.streams.purge(cluster.stream);
    expect(await recordEvents(cluster.subscriber(), configMaps(), at).end()).toBe('Gap');
    // Nobody has published since this one did: it goes on without making the stream anew.
    const { position: anew } = await cluster.list(publisher.cursor());
    const after = recordEvents(cluster.subscriber(), configMaps(), anew);
    await create('c');
    await after.count(1);
    after.stop();
  });

  it('end with a gap when messages in between were removed', async () => {
    const publisher = await started();
    const { position } = await cluster.list(publisher.cursor());
    const last = await createMany('a', 3);
    await until(() => publisher.publishedRevision() === last);
    const { state } = await (await cluster.manager()).streams.info(cluster.stream);
    await (await cluster.manager()).streams.deleteMessage(cluster.stream, state.last_seq - 1, false);
    const seen = recordEvents(cluster.subscriber(), configMaps(), position);
    expect(await seen.end()).toBe('Gap');
    expect(seen.events.map((event) => event.name)).toEqual(['a-0']);
  });

  it('end with a gap when the stream was deleted, for quiet consumers too', async () => {
    const publisher = await started();
    const { position } = await cluster.list(publisher.cursor());
    const quiet = recordEvents(cluster.subscriber(), configMaps({ resource: 'secrets' }), position);
    const other = recordEvents(cluster.subscriber(), configMaps(), position);
    await create('a');
    await other.count(1);
    await (await cluster.manager()).streams.delete(cluster.stream);
    const last = await create('b');
    expect(await quiet.end()).toBe('Gap');
    expect(await other.end()).toBe('Gap');
    await until(() => publisher.publishedRevision() >= last);
    const anew = recordEvents(
      cluster.subscriber(),
      configMaps(),
      (await cluster.list(publisher.cursor())).position,
    );
    await create('c');
    await anew.count(1);
    anew.stop();
  });

  it('go on when it was paused', async () => {
    const publisher = await started();
    const { position } = await cluster.list(publisher.cursor());
    const seen = recordEvents(cluster.subscriber(), configMaps(), position);
    await create('before');
    await seen.count(1);
    server.pause();
    await createMany('during', 10);
    server.resume();
    await create('after');
    await seen.count(12);
    expectHistory(seen.events);
    seen.stop();
  });

  it('tell a publisher that starts later what is published already', async () => {
    const first = await started();
    const last = await createMany('a', 10);
    await until(() => first.publishedRevision() === last);
    await first.stop();
    await createMany('b', 10);
    const { position } = await cluster.list(first.cursor());
    const second = await started();
    await until(() => second.publishedRevision() === position.revision);
    expect(await streamRevisions()).toEqual(Array.from({ length: 20 }, (_, i) => last - 9 + i));
  });

  it('begin anew when the stream is ahead of the store', async () => {
    const first = await started();
    await createMany('a', 50);
    await until(() => first.publishedRevision() >= 50);
    await first.stop();
    const other = new NatsCluster(server);
    try {
      const second = other.publisher({ stream: cluster.stream, subjectPrefix: `drydock.${cluster.stream}` });
      await second.start();
      await until(() => second.cursor() !== undefined);
      expect(second.publishedRevision()).toBe(await other.store.revision());
      expect(second.cursor()!.split('@')[1]).not.toBe(first.cursor()!.split('@')[1]);
    } finally {
      await other.dispose();
    }
  });

  it('end with a gap where a name does not fit into a subject, and go on after it', async () => {
    const publisher = await started();
    const { position } = await cluster.list(publisher.cursor());
    const seen = recordEvents(cluster.subscriber(), configMaps(), position);
    // 1,800 bytes, of which each takes three characters.
    await create('名'.repeat(600));
    expect(await seen.end()).toBe('Gap');
    const anew = recordEvents(
      cluster.subscriber(),
      configMaps(),
      (await cluster.list(publisher.cursor())).position,
    );
    await create('short');
    expect((await anew.count(1)).map((event) => event.name)).toEqual(['short']);
    expect(publisher.role).toBe('publishing');
    anew.stop();
  });

  it('of two clusters on one server keep apart when their streams have names of their own', async () => {
    const others = new NatsCluster(server);
    try {
      // As the flags of a process give them: a stream, and no prefix.
      const publishers = [cluster, others].map((one) => one.publisher({ subjectPrefix: undefined }));
      for (const one of publishers) await one.start();
      await until(() => publishers.every((one) => one.cursor() !== undefined));
      const seen = recordEvents(
        cluster.subscriber({ subjectPrefix: undefined }),
        configMaps(),
        (await cluster.list(publishers[0]!.cursor())).position,
      );
      await others.write({ verb: 'create', name: 'theirs' });
      await create('ours');
      expect((await seen.count(1)).map((event) => event.name)).toEqual(['ours']);
      seen.stop();
    } finally {
      await others.dispose();
    }
  });

  it('end with a gap where an object does not fit into a message', async () => {
    const publisher = await started();
    const { position } = await cluster.list(publisher.cursor());
    const seen = recordEvents(cluster.subscriber(), configMaps(), position);
    const text = JSON.stringify({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'big', namespace: 'default' },
      data: { big: 'x'.repeat(1_200_000) },
    });
    await cluster.store.create('/registry/core/configmaps/default/big', new TextEncoder().encode(text));
    expect(await seen.end()).toBe('Gap');
    const anew = recordEvents(
      cluster.subscriber(),
      configMaps(),
      (await cluster.list(publisher.cursor())).position,
    );
    await create('small');
    expect((await anew.count(1)).map((event) => event.name)).toEqual(['small']);
    anew.stop();
  });
});
