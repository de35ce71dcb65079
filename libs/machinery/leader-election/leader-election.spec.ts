import { Lease } from '@drydock/api/coordination/v1';
import { ConfigMap, Event } from '@drydock/api/core/v1';
import type { Clock, Timer } from '@drydock/base/clock';
import { createClient } from '@drydock/machinery/client';
import { noMetrics, silentLogger } from '@drydock/port/observability';
import type { Transport } from '@drydock/port/transport';
import { afterEach, describe, expect, it } from 'vitest';
import { startLeaseCluster } from './cluster.spec-support.ts';
import { createLeaderElector, leaderElectionTimesError, type LeaderElector } from './index.ts';

const times = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };

/** A clock that stands still for its process while it is stopped: nothing of it fires, though time goes on. */
function stoppable(real: Clock) {
  let stopped = false;
  const late: (() => void)[] = [];
  const clock: Clock = {
    now: () => real.now(),
    monotonicMs: () => real.monotonicMs(),
    setTimeout(callback, delayMs): Timer {
      let live = true;
      const fire = () => {
        if (!live) return;
        if (stopped) late.push(fire);
        else callback();
      };
      const timer = real.setTimeout(fire, delayMs);
      return {
        cancel() {
          live = false;
          timer.cancel();
        },
      };
    },
    sleep: (delayMs, signal) =>
      new Promise((resolve, reject) => {
        const timer = clock.setTimeout(resolve, delayMs);
        signal?.addEventListener('abort', () => (timer.cancel(), reject(signal.reason as Error)));
      }),
  };
  return {
    clock,
    stop: () => void (stopped = true),
    wake() {
      stopped = false;
      for (const fire of late.splice(0)) fire();
    },
  };
}

interface Candidate {
  readonly elector: LeaderElector;
  readonly fenced: Transport;
  readonly process: ReturnType<typeof stoppable>;
  /** Terms that began and have not ended. */
  leads: number;
  terms: number;
  cut: boolean;
  quit(): Promise<void>;
}

const started: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of started.splice(0)) await stop();
});

async function cluster() {
  const { clock, random, transport, client, stop } = await startLeaseCluster(3);
  started.push(stop);

  function candidate(identity: string): Candidate {
    const process = stoppable(clock);
    const own: Candidate = {
      process,
      leads: 0,
      terms: 0,
      cut: false,
      elector: createLeaderElector(
        { ...times, namespace: 'kube-system', name: 'loops', identity },
        {
          client: createClient({
            ...transport,
            get: (...args) => (own.cut ? Promise.reject(new Error('cut')) : transport.get(...args)),
            create: (...args) => (own.cut ? Promise.reject(new Error('cut')) : transport.create(...args)),
            update: (...args) => (own.cut ? Promise.reject(new Error('cut')) : transport.update(...args)),
          }),
          clock: process.clock,
          random,
          logger: silentLogger,
          metrics: noMetrics,
        },
      ),
      get fenced() {
        return own.elector.fence(transport);
      },
      quit: () => Promise.resolve(),
    };
    const stopper = new AbortController();
    const running = own.elector.run(async (signal) => {
      own.leads += 1;
      own.terms += 1;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      own.leads -= 1;
    }, stopper.signal);
    own.quit = async () => {
      stopper.abort(new Error('stopped'));
      await clock.advance(0);
      await running;
    };
    started.unshift(own.quit);
    return own;
  }
  const lease = async () => (await client.resource(Lease).namespace('kube-system').get('loops')).spec;
  return { clock, client, candidate, lease };
}

describe('leader election', () => {
  it('takes a free lease, renews it and keeps others out', async () => {
    const { clock, candidate, lease, client } = await cluster();
    const a = candidate('a');
    await clock.advance(0);
    const b = candidate('b');
    await clock.advance(100);
    expect(a.elector.leading()).toBe(true);
    expect(await lease()).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    });
    await clock.advance(60_000);
    expect([a.leads, b.leads, b.elector.leader()]).toEqual([1, 0, 'a']);
    const after = await lease();
    expect(after?.acquireTime).toBe('2026-01-01T00:00:00.000000Z');
    expect(Date.parse(after?.renewTime ?? '')).toBeGreaterThan(clock.now() - 2_100);
    const { items } = await client.resource(Event).namespace('kube-system').list();
    expect(items.map(({ reason, message }) => `${reason} ${message}`)).toEqual([
      'LeaderElection a became leader',
    ]);
  });

  it('hands over at once when the leader stops', async () => {
    const { clock, candidate, lease } = await cluster();
    const a = candidate('a');
    await clock.advance(0);
    const b = candidate('b');
    await clock.advance(1_000);
    await a.quit();
    expect((await lease())?.holderIdentity).toBe('');
    await clock.advance(2_000 * 2.2);
    expect([a.leads, b.leads]).toEqual([0, 1]);
    expect(await lease()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  });

  it('lets a leader that died keep its lease to the end, then takes over', async () => {
    const { clock, candidate, lease } = await cluster();
    const a = candidate('a');
    await clock.advance(0);
    const b = candidate('b');
    await clock.advance(20_000);
    a.process.stop();
    await clock.advance(12_000);
    expect(b.leads).toBe(0);
    await clock.advance(10_000);
    expect(b.leads).toBe(1);
    expect(await lease()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  });

  it('holds back a leader that wakes up after its lease, and ends its term', async () => {
    const { clock, client, candidate } = await cluster();
    const a = candidate('a');
    await clock.advance(0);
    const b = candidate('b');
    await clock.advance(5_000);
    const ref = { group: '', version: 'v1', resource: 'configmaps', namespace: 'kube-system' };
    const write = (from: Candidate, name: string) =>
      from.fenced.create(ref, { ...configMap, metadata: { name } });
    await write(a, 'first');
    a.process.stop();
    await clock.advance(30_000);
    expect([a.leads, b.leads]).toEqual([1, 1]);
    // Before any timer has told it.
    await expect(write(a, 'second')).rejects.toThrow('the lease kube-system/loops is not held');
    await write(b, 'third');
    a.process.wake();
    await clock.advance(10);
    expect([a.leads, b.leads]).toEqual([0, 1]);
    const { items } = await client.resource(ConfigMap).namespace('kube-system').list();
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['first', 'third']);
  });

  it('gives up when it cannot renew in time, before anybody else may lead, and stands again', async () => {
    const { clock, candidate } = await cluster();
    const a = candidate('a');
    await clock.advance(0);
    const b = candidate('b');
    await clock.advance(4_000);
    a.cut = true;
    let together = 0;
    for (let passed = 0; passed < 30_000; passed += 250) {
      await clock.advance(250);
      if (a.leads + b.leads > 1) together += 1;
    }
    expect([a.leads, b.leads, together]).toEqual([0, 1, 0]);
    a.cut = false;
    await b.quit();
    await clock.advance(6_000);
    expect([a.leads, a.terms]).toEqual([1, 2]);
  });

  it('lets one of many lead', async () => {
    const { clock, candidate } = await cluster();
    const all = Array.from({ length: 9 }, (_, index) => candidate(`c${index}`));
    for (let round = 0; round < 9; round++) {
      await clock.advance(20_000);
      const leaders = all.filter(({ leads }) => leads > 0);
      expect(leaders).toHaveLength(1);
      await leaders[0]?.quit();
    }
  });

  it.each([
    [{ leaseDurationMs: 10_000 }, 'leaseDuration must be greater than renewDeadline'],
    [{ retryPeriodMs: 9_000 }, 'renewDeadline must be greater than retryPeriod*JitterFactor'],
    [{ retryPeriodMs: 0 }, 'retryPeriod must be greater than zero'],
    [{}, undefined],
  ])('checks its times: %j', (wrong, message) => {
    expect(leaderElectionTimesError({ ...times, ...wrong })).toBe(message);
  });
});

const configMap = { apiVersion: 'v1', kind: 'ConfigMap' };
