import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventsFixture, FixtureWrite } from './fixture.ts';
import { brief, configMaps, expectHistory, positionAfter, recordEvents, replay } from './fixture.ts';

/**
 * The contract of the event bus as tests, publisher and consumer side; every implementation runs it. `open` makes a new
 * bus over a new, empty cluster for each test.
 */
export function describeEventsContract(name: string, open: () => Promise<EventsFixture>): void {
  describe(`${name} keeps the contract of the event bus`, { timeout: 20_000 }, () => {
    let fixture: EventsFixture;
    beforeEach(async () => {
      fixture = await open();
    }, 20_000);
    afterEach(() => fixture?.dispose(), 20_000);

    const write = (verb: FixtureWrite['verb'], object: string, over: Partial<FixtureWrite> = {}) =>
      fixture.write({ verb, name: object, ...over });

    /** Creates, updates twice and deletes objects of its own, some of which stay. */
    async function busyLane(lane: string, rounds: number): Promise<void> {
      for (let round = 0; round < rounds; round++) {
        await write('create', `${lane}-${round}`);
        await write('update', `${lane}-${round}`);
        await write('update', `${lane}-${round}`);
        if (round % 2 === 0) await write('delete', `${lane}-${round}`);
      }
    }
    const busy = (rounds: number, lanes = ['v', 'w', 'x', 'y']): Promise<unknown> =>
      Promise.all(lanes.map((lane) => busyLane(lane, rounds)));

    it('tells of each kind of change, in order, once', async () => {
      const { position } = await fixture.list();
      const seen = recordEvents(fixture.subscriber, configMaps(), position);
      const made = await write('create', 'a');
      const other = await write('create', 'b');
      const changed = await write('update', 'a');
      const gone = await write('delete', 'a');
      const again = await write('create', 'a');
      expect(brief(await seen.count(5))).toEqual([
        ['ADDED', 'default/a', made],
        ['ADDED', 'default/b', other],
        ['MODIFIED', 'default/a', changed],
        ['DELETED', 'default/a', gone],
        ['ADDED', 'default/a', again],
      ]);
      expectHistory(seen.events);
      expect(seen.events.map((event) => event.object.kind)).toEqual(Array(5).fill('ConfigMap'));
      seen.stop();
      expect(await seen.end()).toBeUndefined();
    });

    it('tells of what was subscribed to and nothing else', async () => {
      const { position } = await fixture.list();
      const all = recordEvents(fixture.subscriber, configMaps(), position);
      const here = recordEvents(fixture.subscriber, configMaps({ namespace: 'here' }), position);
      const one = recordEvents(fixture.subscriber, configMaps({ namespace: 'here', name: 'a.b' }), position);
      const secrets = recordEvents(fixture.subscriber, configMaps({ resource: 'secrets' }), position);
      await write('create', 'a.b', { namespace: 'here' });
      await write('create', 'a.b', { namespace: 'there' });
      await write('create', 's', { things: 'secrets' });
      await write('create', 'c', { namespace: 'here' });
      await write('update', 'a.b', { namespace: 'here' });
      const names = (events: readonly { namespace: string; name: string }[]) =>
        events.map((event) => `${event.namespace}/${event.name}`);
      expect(names(await all.count(4))).toEqual(['here/a.b', 'there/a.b', 'here/c', 'here/a.b']);
      expect(names(await here.count(3))).toEqual(['here/a.b', 'here/c', 'here/a.b']);
      expect(names(await one.count(2))).toEqual(['here/a.b', 'here/a.b']);
      expect(names(await secrets.count(1))).toEqual(['default/s']);
      for (const seen of [all, here, one, secrets]) seen.stop();
    });

    it('resumes after every event, with nothing missing and nothing twice', async () => {
      const { position } = await fixture.list();
      const first = recordEvents(fixture.subscriber, configMaps(), position);
      await busyLane('a', 3);
      const all = [...(await first.count(11))];
      expectHistory(all);
      for (let at = 0; at < all.length; at++) {
        const resumed = recordEvents(fixture.subscriber, configMaps(), positionAfter(all.slice(0, at + 1)));
        const later = await write('update', 'a-1');
        await first.until((events) => events.at(-1)!.revision >= later);
        const expected = first.events.slice(at + 1);
        expect(brief(await resumed.count(expected.length))).toEqual(brief(expected));
        resumed.stop();
      }
      first.stop();
    });

    it('leads from any list to the newest state, while many write', async () => {
      const consumers: { objects: ReadonlyMap<string, number>; seen: ReturnType<typeof recordEvents> }[] = [];
      const join = async (): Promise<void> => {
        const { position, objects } = await fixture.list();
        consumers.push({ objects, seen: recordEvents(fixture.subscriber, configMaps(), position) });
      };
      await join();
      const writing = busy(10);
      for (let more = 0; more < 8; more++) await join();
      await writing;
      const last = await write('create', 'last');
      const { objects: newest } = await fixture.list();
      for (const { objects, seen } of consumers) {
        await seen.until((events) => events.at(-1)?.revision === last);
        expectHistory(seen.events);
        expect(replay(objects, seen.events)).toEqual(newest);
        seen.stop();
      }
      expect(consumers[0]!.seen.events.length).toBe(4 * 35 + 1);
    });

    it('ends at once when its reader does, and leaves the others', async () => {
      const { position } = await fixture.list();
      const other = recordEvents(fixture.subscriber, configMaps(), position);
      const never = new AbortController().signal;
      await write('create', 'a');
      for await (const batch of fixture.subscriber.subscribe(configMaps(), position, never)) {
        expect(batch[0]!.name).toBe('a');
        break;
      }
      const aborted = recordEvents(fixture.subscriber, configMaps(), position);
      aborted.stop();
      expect(await aborted.end()).toBeUndefined();
      await write('create', 'b');
      await other.count(2);
      other.stop();
    });

    it('goes on where it was when the carrier was away', async () => {
      const { position } = await fixture.list();
      const seen = recordEvents(fixture.subscriber, configMaps(), position);
      await busy(2, ['before']);
      await seen.count(7);
      await fixture.interrupt(() => Promise.resolve());
      await busy(2, ['after']);
      await seen.count(14);
      await fixture.interrupt(() => Promise.resolve());
      await write('create', 'last');
      await seen.count(15);
      expectHistory(seen.events);
      expect(seen.events.length).toBe(15);
      seen.stop();
    });

    it('refuses a position it has lost, and serves a new one', async () => {
      const { position } = await fixture.list();
      const before = recordEvents(fixture.subscriber, configMaps(), position);
      await busyLane('a', 2);
      await before.count(7);
      before.stop();
      await fixture.forget();
      const lost = recordEvents(fixture.subscriber, configMaps(), position);
      expect(await lost.end()).toBe('Gap');
      expect(lost.events).toEqual([]);
      const { position: anew } = await fixture.list();
      const seen = recordEvents(fixture.subscriber, configMaps(), anew);
      const revision = await write('create', 'b');
      expect(brief(await seen.count(1))).toEqual([['ADDED', 'default/b', revision]]);
      seen.stop();
    });

    it('lets another publisher take over without gap or duplicate', async () => {
      const { position, objects } = await fixture.list();
      const seen = recordEvents(fixture.subscriber, configMaps(), position);
      const writing = busy(6, ['a', 'b']);
      await seen.count(5);
      await fixture.takeOver();
      await writing;
      const last = await write('create', 'last');
      await seen.until((events) => events.at(-1)?.revision === last);
      expectHistory(seen.events);
      expect(seen.events.length).toBe(2 * 21 + 1);
      expect(replay(objects, seen.events)).toEqual((await fixture.list()).objects);
      seen.stop();
    });

    it('lets go of a consumer that does not read, which can go on from what it has', async () => {
      const { position } = await fixture.list();
      const small = fixture.subscriberWith({ maxQueuedEvents: 10 });
      const stopper = new AbortController();
      const slow = small.subscribe(configMaps(), position, stopper.signal)[Symbol.asyncIterator]();
      const got = [];
      await write('create', 'first');
      const { value: first } = await slow.next();
      got.push(...(first ?? []));
      const quick = recordEvents(fixture.subscriber, configMaps(), position);
      await busy(4);
      await quick.count(4 * 14 + 1);
      const ended = await (async () => {
        for (;;) {
          const { value, done } = await slow.next();
          if (done === true) return undefined;
          got.push(...value);
        }
      })().catch((error: unknown) => error);
      expect(ended).toMatchObject({ code: 'SlowConsumer' });
      expect(got.length).toBeLessThan(quick.events.length);
      expect(brief(got)).toEqual(brief(quick.events.slice(0, got.length)));
      const rest = recordEvents(fixture.subscriber, configMaps(), positionAfter(got));
      await rest.count(quick.events.length - got.length);
      expect(brief([...got, ...rest.events])).toEqual(brief(quick.events));
      quick.stop();
      rest.stop();
      await small.close();
    });

    it('tells a quiet consumer how far it is', async () => {
      const { position } = await fixture.list();
      const seen = recordEvents(fixture.subscriber, configMaps(), position);
      const revision = await write('create', 's', { things: 'secrets' });
      await seen.until(() => (seen.bookmarks.at(-1)?.revision ?? 0) >= revision);
      expect(seen.events).toEqual([]);
      const resumed = recordEvents(fixture.subscriber, configMaps(), positionAfter(seen.bookmarks));
      const made = await write('create', 'a');
      expect(brief(await resumed.count(1))).toEqual([['ADDED', 'default/a', made]]);
      expect(brief(await seen.count(1))).toEqual([['ADDED', 'default/a', made]]);
      seen.stop();
      resumed.stop();
    });

    it('closes its subscriptions when it is closed', async () => {
      const { position } = await fixture.list();
      const closing = fixture.subscriberWith({ maxQueuedEvents: 100 });
      const seen = recordEvents(closing, configMaps(), position);
      await write('create', 'a');
      await seen.count(1);
      await closing.close();
      await closing.close();
      expect(await seen.end()).toBe('Closed');
      expect(closing.ready()).toBe(false);
      expect(await recordEvents(closing, configMaps(), position).end()).toBe('Closed');
    });
  });
}
