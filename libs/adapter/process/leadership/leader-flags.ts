import { leaderElectionTimesError, type LeaderElectionTimes } from '@drydock/machinery/leader-election';
import type { Command } from 'commander';
import { boolean, duration, flag } from '../flags.ts';

/** The flags of leader election, as Kubernetes' processes have them. */
export interface LeaderOptions extends LeaderElectionTimes {
  readonly leaderElect: boolean;
  /** The Lease. */
  readonly leaseNamespace: string;
  readonly leaseName: string;
}

/** Adds `--leader-elect…`; `name` is that of the Lease. */
export function addLeaderFlags(command: Command, name: string): Command {
  return command
    .optionsGroup('Leader election:')
    .addOption(
      flag('--leader-elect [bool]', 'work only while the Lease is held').argParser(boolean).default(true),
    )
    .addOption(
      flag('--leader-elect-lease-duration <duration>', 'how long others leave a silent leader alone')
        .argParser(duration)
        .default(15_000, '15s'),
    )
    .addOption(
      flag('--leader-elect-renew-deadline <duration>', 'how long a leader tries to renew')
        .argParser(duration)
        .default(10_000, '10s'),
    )
    .addOption(
      flag('--leader-elect-retry-period <duration>', 'between two attempts')
        .argParser(duration)
        .default(2_000, '2s'),
    )
    .addOption(
      flag('--leader-elect-resource-namespace <name>', "the Lease's namespace").default('kube-system'),
    )
    .addOption(flag('--leader-elect-resource-name <name>', "the Lease's name").default(name));
}

/** What the flags say; throws an Error with one line when the times do not fit together. */
export function leaderOptions(raw: Readonly<Record<string, unknown>>): LeaderOptions {
  const of = <T>(name: string) => raw[`leaderElect${name}`] as T;
  const options: LeaderOptions = {
    leaderElect: of<boolean>(''),
    leaseDurationMs: of<number>('LeaseDuration'),
    renewDeadlineMs: of<number>('RenewDeadline'),
    retryPeriodMs: of<number>('RetryPeriod'),
    leaseNamespace: of<string>('ResourceNamespace'),
    leaseName: of<string>('ResourceName'),
  };
  const wrong = options.leaderElect ? leaderElectionTimesError(options) : undefined;
  if (wrong !== undefined) throw new Error(wrong);
  return options;
}
