export { countName, type QuotaEvaluator } from './evaluator.ts';
export {
  claimEvaluator,
  countsAgainstQuota,
  objectCountEvaluator,
  podEvaluator,
  quotaEvaluator,
  serviceEvaluator,
} from './evaluators.ts';
export {
  declaredByContainers,
  isResizeInfeasible,
  podLevel,
  podLimits,
  podRequests,
} from './pod-resources.ts';
export { qosClassOf, type QosClass } from './qos-class.ts';
export { quotaConcerns, quotaUsage } from './quota-usage.ts';
export {
  addAmounts,
  amountsOf,
  exceeding,
  maskAmounts,
  resourceList,
  subtractAmounts,
  type Amounts,
} from './resource-amounts.ts';
export { scopesOf } from './scopes.ts';
