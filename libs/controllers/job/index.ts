export { assessJob, isFinished, type Assessment, type JobView, type Verdict } from './assess.ts';
export { finishedAtMs, nextRecord, remainingMs, type BackoffRecord } from './backoff.ts';
export { createJobController } from './controller.ts';
export { isPodFailed, matchPodFailurePolicy, type FailureVerdict } from './failure-policy.ts';
export { completionIndex, formatIndexes, parseIndexes } from './indexes.ts';
export { manageJob, wantedActive, type ManagePlan } from './manage.ts';
export { matchSuccessPolicy } from './success-policy.ts';
export { finalStatus, settleUncounted, trackPods } from './tracking.ts';
