export { addLeaderFlags, leaderOptions, type LeaderOptions } from './leader-flags.ts';
export { createLeadership, type Leadership, type LeadershipOptions } from './leadership.ts';
