export { schedulerElection } from './leader-election.ts';
export { schedulerOptions, schedulerService } from './scheduler.ts';
