export { createNodeLifecycleController, type NodeLifecycleOptions } from './controller.ts';
export {
  assessHealth,
  readyCondition,
  type GracePeriods,
  type HealthFinding,
  type NodeHealth,
} from './health.ts';
export {
  assessDisruption,
  evictionRate,
  zoneOf,
  zoneState,
  type EvictionRates,
  type ZoneState,
} from './zones.ts';
export { applyTaints, noExecuteChange, noScheduleChange } from './taints.ts';
