/** Kubernetes waits up to this many retry periods between two attempts. */
export const jitterFactor = 1.2;

export interface LeaderElectionTimes {
  /** For how long others leave a leader alone that renews no more. Default 15 s. */
  readonly leaseDurationMs: number;
  /** For how long a leader tries to renew before it gives up. Default 10 s. */
  readonly renewDeadlineMs: number;
  /** Between two attempts. Default 2 s. */
  readonly retryPeriodMs: number;
}

export const defaultLeaderElectionTimes: LeaderElectionTimes = {
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2_000,
};

/** What is wrong with the times, in Kubernetes' words; undefined when they fit together. */
export function leaderElectionTimesError(times: LeaderElectionTimes): string | undefined {
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = times;
  if (leaseDurationMs <= renewDeadlineMs) return 'leaseDuration must be greater than renewDeadline';
  if (renewDeadlineMs <= jitterFactor * retryPeriodMs)
    return 'renewDeadline must be greater than retryPeriod*JitterFactor';
  if (leaseDurationMs < 1_000) return 'leaseDuration must be at least one second';
  if (retryPeriodMs <= 0) return 'retryPeriod must be greater than zero';
  return undefined;
}
