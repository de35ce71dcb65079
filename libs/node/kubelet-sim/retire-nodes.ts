import { Node, Pod } from '@drydock/api/core/v1';
import { isConflict, isNotFound } from '@drydock/base/apimachinery';
import type { Client } from '@drydock/machinery/client';

async function unlessGone(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

/**
 * Takes nodes away for good, as a machine that is switched off and returned: the node, then the Pods bound to it, so
 * that their owners make others elsewhere.
 */
export async function retireNodes(
  client: Client,
  { nodes, pods }: { nodes: readonly Node[]; pods: readonly Pod[] },
): Promise<void> {
  if (nodes.length === 0) return;
  const names = new Set(nodes.map(({ metadata }) => metadata.name ?? ''));
  await Promise.all([...names].map((name) => unlessGone(client.resource(Node).delete(name))));
  const left = pods.filter((pod) => names.has(pod.spec?.nodeName ?? ''));
  await Promise.all(
    left.map(({ metadata: { namespace = '', name = '', uid } }) =>
      unlessGone(
        client
          .resource(Pod)
          .namespace(namespace)
          .delete(name, { gracePeriodSeconds: 0, ...(uid === undefined ? {} : { preconditions: { uid } }) }),
      ),
    ),
  );
}
