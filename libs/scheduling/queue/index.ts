export {
  createSchedulingQueue,
  type SchedulingQueue,
  type SchedulingQueueOptions,
  type Verdict,
} from './scheduling-queue.ts';
export { createPriorityHeap, type PriorityHeap } from './priority-heap.ts';
