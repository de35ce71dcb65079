export { createTtlAfterFinishedController, finishedAtMs, leftToLiveMs } from './controller.ts';
