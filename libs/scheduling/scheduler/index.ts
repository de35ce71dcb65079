export { createScheduler, type Scheduler, type SchedulerOptions } from './scheduler.ts';
export { decide, nodesToFind, type DecideOptions, type Decision } from './decide.ts';
export { explain, type DecisionRecord, type Explanation, type NodeExplanation } from './explain.ts';
export { fitErrorMessage, type Diagnosis } from './messages.ts';
export { createWaitingPods, type WaitingPod, type WaitingPods } from './waiting-pods.ts';
