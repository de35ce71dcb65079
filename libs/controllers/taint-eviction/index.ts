export { createTaintEvictionController } from './controller.ts';
export {
  matchingTolerations,
  metTaintsMs,
  planEviction,
  tolerationMs,
  type PlannedEviction,
} from './decisions.ts';
