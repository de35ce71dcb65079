import type { Node, Pod } from '@drydock/api/core/v1';
import type { EventRecorder } from '@drydock/machinery/controller';

/** The events of the node-lifecycle loop, in Kubernetes' words. */
export function nodeLifecycleEvents(recorder: EventRecorder) {
  const about = (node: Node, reason: string, what: string) =>
    recorder.event(node, 'Normal', reason, `Node ${node.metadata.name} ${what}`);
  return {
    registered: (node: Node) =>
      about(node, 'RegisteredNode', `event: Registered Node ${node.metadata.name} in Controller`),
    removing: (node: Node) =>
      about(node, 'RemovingNode', `event: Removing Node ${node.metadata.name} from Controller`),
    statusChanged: (node: Node, status: string) => about(node, status, `status is now: ${status}`),
    podNotReady: (pod: Pod) => recorder.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready'),
  };
}
