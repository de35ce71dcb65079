import { Lease } from '@drydock/api/coordination/v1';
import { createClient } from '@drydock/machinery/client';
import { silentLogger } from '@drydock/port/observability';
import { afterEach, describe, expect, it } from 'vitest';
import { startLeaseCluster } from './cluster.spec-support.ts';
import { takeNumberedLease } from './index.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function cluster() {
  const { clock, random, transport, client, stop } = await startLeaseCluster(5);
  ends.push(stop);

  /** A process that takes a number and keeps it until it is stopped, in order or at once. `cut`: it reaches no API server. */
  function start(identity: string) {
    const stopper = new AbortController();
    const own = {
      number: undefined as number | undefined,
      lost: false,
      cut: false,
      async stop() {
        stopper.abort(new Error('stopped'));
        await clock.advance(0);
        await running;
      },
    };
    const reach =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      (...args: A): Promise<R> =>
        own.cut ? Promise.reject(new Error('cut')) : call(...args);
    const [get, list] = [reach(transport.get), reach(transport.list)];
    const [create, update] = [reach(transport.create), reach(transport.update)];
    const running = takeNumberedLease(
      { namespace: 'kube-system', name: 'nodes', identity },
      {
        client: createClient({ ...transport, get, list, create, update }),
        clock,
        random,
        logger: silentLogger,
      },
      stopper.signal,
    ).then(
      async (mine) => {
        own.number = mine.number;
        own.lost = !(await mine.keep(stopper.signal));
      },
      () => undefined,
    );
    ends.push(own.stop);
    return own;
  }
  const holders = async () =>
    (await client.resource(Lease).namespace('kube-system').list()).items.map(({ metadata, spec }) =>
      `${metadata.name} ${spec?.holderIdentity ?? ''}`.trim(),
    );
  return { clock, start, holders };
}

describe('numbers of like processes', () => {
  it('are taken from the least on, one each, also by those that start at once', async () => {
    const { clock, start, holders } = await cluster();
    const [a, b, c] = [start('a'), start('b'), start('c')];
    await clock.advance(10_000);
    expect([a.number, b.number, c.number].toSorted()).toEqual([0, 1, 2]);
    await clock.advance(60_000);
    expect([a.lost, b.lost, c.lost]).toEqual([false, false, false]);
    expect(await holders()).toHaveLength(3);
  });

  it('are given back in order, and taken by the next', async () => {
    const { clock, start, holders } = await cluster();
    const a = start('a');
    await clock.advance(0);
    const b = start('b');
    await clock.advance(5_000);
    await a.stop();
    expect(await holders()).toEqual(['nodes-0', 'nodes-1 b']);
    const c = start('c');
    await clock.advance(0);
    expect([b.number, c.number]).toEqual([1, 0]);
    // A free one is not taken before it is known that nobody is missed below it.
    await b.stop();
    await c.stop();
    const again = start('again');
    await clock.advance(0);
    again.cut = true;
    const d = start('d');
    await clock.advance(8_000);
    expect(d.number).toBeUndefined();
    await clock.advance(8_000);
    expect(d.number).toBe(0);
  });

  it('of one that was killed wait for it, and after the end of its Lease for whoever takes its place', async () => {
    const { clock, start } = await cluster();
    const a = start('a');
    await clock.advance(5_000);
    a.cut = true;
    const other = start('other');
    await clock.advance(8_000);
    expect(other.number).toBeUndefined();
    const again = start('a');
    await clock.advance(0);
    expect(again.number).toBe(0);
    await clock.advance(10_000);
    expect(other.number).toBe(1);
    again.cut = true;
    const third = start('third');
    await clock.advance(20_000);
    expect(third.number).toBe(0);
  });

  it('are kept while no API server can be reached, and lost only to another', async () => {
    const { clock, start, holders } = await cluster();
    const a = start('a');
    await clock.advance(5_000);
    a.cut = true;
    await clock.advance(120_000);
    expect(a.lost).toBe(false);
    a.cut = false;
    await clock.advance(5_000);
    expect(a.lost).toBe(false);
    a.cut = true;
    const b = start('b');
    await clock.advance(20_000);
    expect([a.lost, b.number]).toEqual([false, 0]);
    a.cut = false;
    await clock.advance(5_000);
    expect([a.lost, b.lost]).toEqual([true, false]);
    // Given back also by one that could not renew for long.
    b.cut = true;
    await clock.advance(30_000);
    b.cut = false;
    await b.stop();
    expect(await holders()).toEqual(['nodes-0']);
  });
});
