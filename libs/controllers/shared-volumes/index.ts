export { setFinalizer } from './finalizers.ts';
export {
  bindCompleted,
  boundByController,
  byClaim,
  byVolume,
  claimKeys,
  classOf,
  provisionedBy,
  selectedNode,
  simulatedProvisioner,
} from './volumes.ts';
