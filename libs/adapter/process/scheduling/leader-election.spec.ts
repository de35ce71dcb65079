import { expect, it } from 'vitest';
import type { LeaderOptions } from '../leadership/index.ts';
import { schedulerElection } from './leader-election.ts';

const flags: LeaderOptions = {
  leaderElect: true,
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2_000,
  leaseNamespace: 'kube-system',
  leaseName: 'kube-scheduler',
};

it('takes the election of the configuration, but for what flags say', () => {
  expect(schedulerElection(flags, undefined)).toBe(flags);
  expect(schedulerElection(flags, {})).toEqual(flags);
  const configured = { leaderElect: false, leaseDuration: '30s', resourceName: 'mine', retryPeriod: '0s' };
  expect(schedulerElection({ ...flags, leaseDurationMs: 40_000 }, configured)).toEqual({
    ...flags,
    leaderElect: false,
    leaseDurationMs: 40_000,
    leaseName: 'mine',
  });
});
