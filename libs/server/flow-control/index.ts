export { createClassifier, flowOf, type Classifier, type FlowClass } from './classifier.ts';
export { followDangling, type DanglingDeps } from './dangling.ts';
export { Limiter, TooManyRequests, type PriorityLevel, type RejectReason } from './limiter.ts';
