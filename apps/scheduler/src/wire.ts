import {
  addressOf,
  createProcessRpcServer,
  createProcessServer,
  type ProcessDeps,
  type ProcessParts,
  type ServingOptions,
} from '@drydock/process';
import { connectCluster } from '@drydock/process/cluster';
import { createLeadership } from '@drydock/process/leadership';
import { schedulerElection, schedulerOptions, schedulerService } from '@drydock/process/scheduling';
import { createScheduler } from '@drydock/scheduling/scheduler';
import type { SchedulerProcessOptions } from './options.ts';

/** The scheduler of one process, while it leads. */
export async function wire(
  options: ServingOptions & SchedulerProcessOptions,
  deps: ProcessDeps,
): Promise<ProcessParts> {
  const scheduling = {
    ...schedulerOptions(options.config),
    maxUnschedulableMs: options.podMaxInUnschedulablePodsDurationMs,
  };
  const cluster = connectCluster('scheduler', options, deps);
  const leadership = createLeadership(
    {
      ...schedulerElection(options, scheduling.configuration?.leaderElection),
      manager: 'kube-scheduler',
    },
    cluster.transport,
    deps,
    (term) => createScheduler(scheduling, term),
  );
  const service = schedulerService({ explain: (pod) => leadership.current()?.explain(pod) });
  const rpc = createProcessRpcServer(options, [service], deps);
  const https = await createProcessServer({ name: 'scheduler', options, deps, checks: leadership.checks });
  return {
    addresses: () => ({
      https: addressOf(options.bindAddress, https.port),
      grpc: addressOf(options.bindAddress, rpc.port),
    }),
    async start() {
      await Promise.all([https.start(), rpc.start()]);
      await leadership.start();
    },
    async stop() {
      await leadership.stop();
      await Promise.allSettled([https.stop(), rpc.stop()]);
      await cluster.close();
    },
  };
}
