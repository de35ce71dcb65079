export {
  createLeaderElector,
  LeadershipLostError,
  type LeaderElector,
  type LeaderElectorDeps,
  type LeaderElectorOptions,
} from './leader-elector.ts';
export { createLeaseLock, type LeaseLock, type LeaseLockOptions } from './lease-lock.ts';
export { defaultLeaderElectionTimes, leaderElectionTimesError, type LeaderElectionTimes } from './options.ts';
export {
  takeNumberedLease,
  type NumberedLease,
  type NumberedLeaseDeps,
  type NumberedLeaseOptions,
} from './numbered-lease.ts';
