export {
  belongsInEndpoints,
  familiesOf,
  hasClusterIp,
  headlessLabel,
  hostnameIn,
  isSelecting,
  podIpsOfFamily,
  podReference,
  targetPortIn,
  triggerTimeAnnotation,
} from './pod-endpoints.ts';
export type { ServiceSelection } from './selection.ts';
export { createServiceSelection } from './selection.ts';
export type { TriggerTimes } from './trigger-times.ts';
export { createTriggerTimes } from './trigger-times.ts';
