export { createDaemonSetController } from './controller.ts';
export { nodeShouldRunDaemonPod, type Eligibility } from './eligibility.ts';
export {
  countDaemons,
  findUpdatedPods,
  managePlan,
  maxSurge,
  maxUnavailable,
  rollingUpdatePlan,
  type DaemonPlan,
  type DaemonView,
} from './decisions.ts';
export { affinityToNode, daemonTolerations, targetNodeOf } from './pod-template.ts';
