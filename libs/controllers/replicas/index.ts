export { createReplicaController } from './controller.ts';
export type { ReplicaKind, ReplicaSpec } from './kind.ts';
export { podFromTemplate } from './pod-from-template.ts';
export { leastUsefulFirst, podsToDelete } from './pod-ranking.ts';
export { slowStart } from './slow-start.ts';
