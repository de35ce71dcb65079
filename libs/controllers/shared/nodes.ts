import type { Node } from '@drydock/api/core/v1';

/** Whether a node says that it is ready; one that is not there does not. */
export function isNodeReady(node: Node | undefined): boolean {
  return node?.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
}
