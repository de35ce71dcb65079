export { createClassifier, type Classifier, type FlowClass } from './classifier.ts';
export { followDangling, type DanglingDeps } from './dangling.ts';
