export { createHpaController, hpaControllerName, type HpaController, type HpaOptions } from './controller.ts';
export {
  decisionRecord,
  explainDecision,
  type Decision,
  type DecisionRecord,
  type MetricDecision,
} from './decision.ts';
export { begun, changeWithin, emptyHistory, recommended, rescaled, type ScaleHistory } from './history.ts';
export type { MetricsClient, ObjectReference, PodMetric, PodMetrics } from './metrics-client.ts';
export { normalize, normalizeWithBehavior, policyLimit, type Normalized } from './normalize.ts';
export { groupPods, type PodGroups, type ReadinessRules } from './pod-groups.ts';
export { podRequests } from './pod-requests.ts';
export { reconcileAutoscaler } from './reconcile.ts';
export {
  averageReplicas,
  sharedValueReplicas,
  utilizationReplicas,
  valueReplicas,
  type Proposal,
} from './replica-calculator.ts';
export { isWithin, tolerancesOf, type Tolerances } from './tolerances.ts';
export { averageRatio, utilizationRatio } from './usage-ratio.ts';
