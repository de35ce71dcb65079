import { electionTimes, type LeaderElectionConfiguration } from '@drydock/scheduling/config';
import type { LeaderOptions } from '../leadership/index.ts';

const lease = { leaseNamespace: 'kube-system', leaseName: 'kube-scheduler' };
const flagDefaults: LeaderOptions = { leaderElect: true, ...electionTimes({}), ...lease };

/** How the schedulers of a cluster agree on one: what flags say that is not their default, then what the configuration says. */
export function schedulerElection(
  flags: LeaderOptions,
  configured: LeaderElectionConfiguration | undefined,
): LeaderOptions {
  if (configured === undefined) return flags;
  const fromFile: LeaderOptions = {
    leaderElect: configured.leaderElect ?? true,
    ...electionTimes(configured),
    leaseNamespace: configured.resourceNamespace || lease.leaseNamespace,
    leaseName: configured.resourceName || lease.leaseName,
  };
  const pick = <K extends keyof LeaderOptions>(name: K): LeaderOptions[K] =>
    flags[name] === flagDefaults[name] ? fromFile[name] : flags[name];
  return {
    leaderElect: pick('leaderElect'),
    leaseDurationMs: pick('leaseDurationMs'),
    renewDeadlineMs: pick('renewDeadlineMs'),
    retryPeriodMs: pick('retryPeriodMs'),
    leaseNamespace: pick('leaseNamespace'),
    leaseName: pick('leaseName'),
  };
}
