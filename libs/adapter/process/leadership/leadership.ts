import { hostname } from 'node:os';
import { createClient } from '@drydock/machinery/client';
import { createInformerFactory } from '@drydock/machinery/informer';
import type { ControllerDeps } from '@drydock/machinery/controller';
import { createLeaderElector } from '@drydock/machinery/leader-election';
import type { Component } from '@drydock/port/component';
import type { HealthCheck } from '@drydock/port/health';
import type { Transport } from '@drydock/port/transport';
import type { ProcessDeps } from '../run.ts';
import type { LeaderOptions } from './leader-flags.ts';

export interface LeadershipOptions extends LeaderOptions {
  /** User agent and field manager: `kube-controller-manager`. */
  readonly manager: string;
}

/** Components that run in one process of several at a time. */
export interface Leadership<C extends Component> {
  start(): Promise<void>;
  /** Ends the term, then gives the Lease back. */
  stop(): Promise<void>;
  /** What leads in this process now; undefined while another does. */
  current(): C | undefined;
  readonly checks: readonly HealthCheck[];
}

/**
 * Makes and runs a component for each term as the leader; without leader election, once. Each term has informers of its own,
 * and a transport that writes only while the Lease is held.
 */
export function createLeadership<C extends Component>(
  options: LeadershipOptions,
  transport: Transport,
  deps: ProcessDeps,
  make: (deps: ControllerDeps) => C,
): Leadership<C> {
  const { clock, random, logger, metrics } = deps;
  const elector = options.leaderElect
    ? createLeaderElector(
        {
          ...options,
          namespace: options.leaseNamespace,
          name: options.leaseName,
          identity: `${hostname()}_${random.uuid()}`,
        },
        {
          client: createClient(transport, { fieldManager: options.manager }),
          clock,
          random,
          logger,
          metrics,
        },
      )
    : undefined;
  const stopper = new AbortController();
  let running: Promise<void> | undefined;
  let current: C | undefined;

  async function term(signal: AbortSignal): Promise<void> {
    const client = createClient(elector?.fence(transport) ?? transport, { fieldManager: options.manager });
    const informers = createInformerFactory(client, { clock, random, logger });
    const component = make({ client, informers, clock, random, logger, metrics });
    try {
      informers.start();
      await component.start();
      current = component;
      if (!signal.aborted)
        await new Promise<void>((resolve) =>
          signal.addEventListener('abort', () => resolve(), { once: true }),
        );
    } finally {
      current = undefined;
      await component.stop();
      await informers.stop();
    }
  }

  return {
    current: () => current,
    checks: [
      // A process that waits for its turn is well.
      {
        name: 'leaderElection',
        healthy: () => elector === undefined || !elector.leading() || current !== undefined,
      },
    ],
    start() {
      running = (elector === undefined ? term(stopper.signal) : elector.run(term, stopper.signal)).catch(
        (err: unknown) => {
          if (!stopper.signal.aborted) logger.error('leadership ended', { err });
        },
      );
      return Promise.resolve();
    },
    async stop() {
      stopper.abort(new Error('stopped'));
      await running;
    },
  };
}
