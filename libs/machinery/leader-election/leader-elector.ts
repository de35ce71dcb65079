import { Lease } from '@drydock/api/coordination/v1';
import { isAlreadyExists, isConflict } from '@drydock/base/apimachinery';
import type { Clock, Random } from '@drydock/base/clock';
import type { Logger, Metrics } from '@drydock/port/observability';
import type { Transport } from '@drydock/port/transport';
import type { Client } from '../client/index.ts';
import { createEventRecorder } from '../controller/index.ts';
import { fenced } from './fence.ts';
import { createLeaseLock } from './lease-lock.ts';
import { jitterFactor, leaderElectionTimesError, type LeaderElectionTimes } from './options.ts';

export interface LeaderElectorOptions extends LeaderElectionTimes {
  /** Of the Lease. Kubernetes' processes use `kube-system` and their own name. */
  readonly namespace: string;
  readonly name: string;
  /** Unique among the candidates: `<host>_<uuid>`. */
  readonly identity: string;
}

export interface LeaderElectorDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Why a leader's signal aborts. */
export class LeadershipLostError extends Error {
  override readonly name = 'LeadershipLostError';
}

export interface LeaderElector {
  /**
   * Stands as a candidate until `signal` aborts. Each time it becomes the leader it calls `lead`, whose signal aborts when
   * the lease is lost or the candidate stops; it stands again when `lead` has ended. On a stop, the lease is given back
   * once `lead` has ended, so that the next leader starts at once and alone.
   */
  run(lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>;
  leading(): boolean;
  /** Who leads, as far as known; '' for nobody. */
  leader(): string;
  /**
   * The transport, with writes refused unless the lease is held at that moment. A process that was stopped for longer than
   * its lease wakes up in the middle of its work, before any timer has told it: this holds it back.
   */
  fence(transport: Transport): Transport;
}

/** Leader election through a Lease, as client-go's: same fields, same times, same events. Throws when the times do not fit. */
export function createLeaderElector(options: LeaderElectorOptions, deps: LeaderElectorDeps): LeaderElector {
  const { client, clock, random } = deps;
  const { namespace, name, identity, retryPeriodMs, renewDeadlineMs } = options;
  const wrong = leaderElectionTimesError(options);
  if (wrong !== undefined) throw new Error(wrong);
  const logger = deps.logger.child({ lease: `${namespace}/${name}`, identity });
  const lock = createLeaseLock(options, client, clock);
  const recorder = createEventRecorder(client, name, deps);
  const status = deps.metrics.gauge({
    name: 'leader_election_master_status',
    help: 'Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master. "name" is the string used to identify the lease. Please make sure to group by name.',
    labels: ['name'],
  });
  let leads = false;
  /** Whether it was said that the lease cannot be had: once is enough until it can be. */
  let told = false;

  /** True when it worked within `limitMs`. What comes later is of no use any more. */
  async function attempt(limitMs: number, signal: AbortSignal): Promise<boolean> {
    const asked = lock.takeOrRenew().then(
      (won) => {
        told = false;
        return won;
      },
      (err: unknown) => {
        // Others that are quicker are no trouble.
        const level = told || isConflict(err) || isAlreadyExists(err) ? 'debug' : 'warn';
        told ||= level === 'warn';
        logger[level]('the lease could not be had', { err });
        return false;
      },
    );
    const late = new AbortController();
    const limit = clock.sleep(limitMs, AbortSignal.any([signal, late.signal])).then(
      () => false,
      () => false,
    );
    const won = await Promise.race([asked, limit]);
    late.abort();
    return won;
  }

  async function acquire(signal: AbortSignal): Promise<void> {
    logger.info('attempting to acquire leader lease');
    for (;;) {
      const before = lock.holder();
      const won = await attempt(renewDeadlineMs, signal);
      signal.throwIfAborted();
      if (won && lock.held()) return;
      if (lock.holder() !== before && lock.holder() !== '')
        logger.info('new leader elected', { leader: lock.holder() });
      await clock.sleep(retryPeriodMs * (1 + random.next() * jitterFactor), signal);
    }
  }

  /** Resolves when the lease could not be renewed in time, or the signal aborts. */
  async function renew(signal: AbortSignal): Promise<void> {
    let lastMs = clock.monotonicMs();
    while (!signal.aborted) {
      await clock.sleep(retryPeriodMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      const askedMs = clock.monotonicMs();
      const leftMs = lastMs + renewDeadlineMs - askedMs;
      // Woken up after the end: somebody else may lead already.
      if (leftMs <= 0 && !lock.held()) return;
      if ((await attempt(Math.max(leftMs, retryPeriodMs), signal)) && lock.held()) lastMs = askedMs;
      else if (clock.monotonicMs() - lastMs >= renewDeadlineMs || lock.holder() !== identity) return;
    }
  }

  function tell(verb: 'became leader' | 'stopped leading'): void {
    const lease = lock.lease();
    if (lease === undefined) return;
    const { group, version, kind } = Lease;
    recorder.event(
      { ...lease, apiVersion: `${group}/${version}`, kind },
      'Normal',
      'LeaderElection',
      `${identity} ${verb}`,
    );
  }

  async function term(lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    const lost = new AbortController();
    const over = AbortSignal.any([signal, lost.signal]);
    leads = true;
    status.set(1, [name]);
    logger.info('successfully acquired lease');
    tell('became leader');
    const ended = new AbortController();
    const renewing = renew(ended.signal).then(() => {
      leads = false;
      lost.abort(new LeadershipLostError(`the lease ${namespace}/${name} is lost`));
    });
    try {
      await lead(over);
    } finally {
      ended.abort();
      await renewing;
      leads = false;
      status.set(0, [name]);
      logger.info('stopped leading');
      if (lock.held()) tell('stopped leading');
      await recorder.flush();
      await lock.release().catch((err: unknown) => logger.warn('the lease could not be released', { err }));
    }
  }

  return {
    leading: () => leads && lock.held(),
    leader: () => lock.holder(),
    fence: (transport) =>
      fenced(transport, () => {
        if (!lock.held()) throw new LeadershipLostError(`the lease ${namespace}/${name} is not held`);
      }),
    async run(lead, signal) {
      status.set(0, [name]);
      while (!signal.aborted) {
        try {
          await acquire(signal);
        } catch (error) {
          if (signal.aborted) return;
          throw error;
        }
        await term(lead, signal);
      }
    },
  };
}
