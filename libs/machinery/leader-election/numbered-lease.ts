import { Lease } from '@drydock/api/coordination/v1';
import type { Clock, Random } from '@drydock/base/clock';
import type { Logger } from '@drydock/port/observability';
import type { Client } from '../client/index.ts';
import { createLeaseLock, type LeaseLock } from './lease-lock.ts';

export interface NumberedLeaseOptions {
  readonly namespace: string;
  /** Of the Leases: `<name>-0`, `<name>-1`, … */
  readonly name: string;
  /** Unique among the processes, and the same again for one that was killed and is started anew: it gets its number back at once. */
  readonly identity: string;
  /** For how long others leave the number of a silent process alone. Default 10 s. */
  readonly leaseDurationMs?: number;
  /** Between two renewals, and two attempts. Default 2 s. */
  readonly retryPeriodMs?: number;
}

export interface NumberedLeaseDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A number that one of several like processes has for itself, by a Lease. */
export interface NumberedLease {
  readonly number: number;
  /** Renews until `signal` aborts, and then gives the number back; resolves with false where another has taken it. */
  keep(signal: AbortSignal): Promise<boolean>;
}

/**
 * Takes the least number that nobody else holds; rejects when `signal` aborts. One is taken only when the holders of all lower ones
 * were seen to renew: who takes the place of a process that was killed waits for the end of its Lease, and gets its number.
 */
export async function takeNumberedLease(
  options: NumberedLeaseOptions,
  deps: NumberedLeaseDeps,
  signal: AbortSignal,
): Promise<NumberedLease> {
  const { namespace, name, identity, leaseDurationMs = 10_000, retryPeriodMs = 2_000 } = options;
  const { client, clock, random } = deps;
  const leases = client.resource(Lease).namespace(namespace);
  const logger = deps.logger.child({ lease: `${namespace}/${name}`, identity });
  const locks: LeaseLock[] = [];
  /** When each was renewed last, as it was first seen. */
  const firstSeen: string[] = [];

  const lockOf = (number: number): LeaseLock =>
    (locks[number] ??= createLeaseLock(
      { namespace, name: `${name}-${number}`, identity, leaseDurationMs },
      client,
      clock,
    ));

  /** False also where somebody else was quicker. */
  const take = (lock: LeaseLock): Promise<boolean> =>
    lock.takeOrRenew().catch((err: unknown) => {
      logger.debug('the number could not be had', { err });
      return false;
    });

  /** All of them, by number. */
  async function known(): Promise<Lease[]> {
    const found: Lease[] = [];
    for (const lease of (await leases.list()).items) {
      const [, before, number] = /^(.*)-(0|[1-9]\d*)$/.exec(lease.metadata.name ?? '') ?? [];
      if (before === name) found[Number(number)] = lease;
    }
    return found;
  }

  async function attempt(): Promise<number | undefined> {
    const found = await known();
    const own = found.findIndex((lease) => lease?.spec?.holderIdentity === identity);
    if (own >= 0 && (await take(lockOf(own)))) return own;
    const renews = found.map((lease, number) => {
      const renewed = lease?.spec?.renewTime ?? '';
      firstSeen[number] ??= renewed;
      return renewed !== firstSeen[number];
    });
    for (let number = 0; ; number++) {
      if (await take(lockOf(number))) return number;
      // Its holder may be gone: no higher number before that is known. (A new one has just been taken by somebody else.)
      if (renews[number] !== true) return undefined;
    }
  }

  const pause = () => clock.sleep(retryPeriodMs * (0.5 + random.next() / 2), signal);

  async function keep(lock: LeaseLock, until: AbortSignal): Promise<boolean> {
    while (!until.aborted) {
      await clock.sleep(retryPeriodMs, until).catch(() => undefined);
      if (until.aborted) break;
      await take(lock);
      // Silence of the API server takes no number away, only another holder does.
      if (lock.holder() !== identity) return false;
    }
    // While it could not be renewed it was nobody else's either.
    if (!lock.held()) await take(lock);
    await lock.release().catch((err: unknown) => logger.warn('the number could not be given back', { err }));
    return true;
  }

  for (;;) {
    const number = await attempt().catch((err: unknown) => {
      logger.warn('no number could be had, trying again', { err });
      return undefined;
    });
    signal.throwIfAborted();
    if (number !== undefined) {
      logger.info('has a number', { number });
      return { number, keep: (until) => keep(lockOf(number), until) };
    }
    await pause();
  }
}
