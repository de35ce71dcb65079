import { isNotFound, objectKey } from '@drydock/base/apimachinery';
import { Node } from '@drydock/api/core/v1';
import {
  createController,
  createEventRecorder,
  source,
  type Controller,
  type ControllerDeps,
} from '@drydock/machinery/controller';
import { noneLeft } from './cidr-set.ts';
import { allocateFromCloud, podCidrsOf, type CloudRanges } from './cloud-allocation.ts';
import { cidrSetMetrics } from './metrics.ts';
import { nodeIpamConfig, type NodeIpamConfig, type NodeIpamOptions } from './options.ts';
import { createRangeAllocator, type RangeAllocator } from './range-allocator.ts';

const name = 'node-ipam-controller';

type State = 'CIDRNotAvailable' | 'CIDRAssignmentFailed';

/**
 * `node-ipam-controller`: gives every node its ranges of the cluster's, once; takes them back when the node goes. What
 * nodes have when it starts stays theirs; ranges that are not the cluster's end it. With CloudAllocator the cloud's
 * ranges are written, and never taken back.
 * @throws Error where the options do not fit, or the cloud is missing; undefined where ranges are not to be allocated
 */
export function createNodeIpamController(
  options: NodeIpamOptions & { readonly cloud?: CloudRanges },
  deps: ControllerDeps,
): Controller | undefined {
  const { config, errors } = nodeIpamConfig(options);
  if (errors.length > 0) throw new Error(errors.join('; '));
  if (config === undefined) return undefined;
  const recorder = createEventRecorder(deps.client, 'cidrAllocator', deps);
  const tell = (node: Node, state: State) =>
    recorder.event(node, 'Normal', state, `Node ${objectKey(node)} status is now: ${state}`);
  if (config.type === 'RangeAllocator') return rangeController(config, deps, tell);
  const { cloud } = options;
  if (cloud === undefined)
    throw new Error("--cidr-allocator-type is set to 'CloudAllocator' but cloud provider is not configured");
  const nodes = deps.informers.informer(Node);
  return createController(
    {
      name,
      workers: 5,
      sources: [source(Node, (node, { deleted }) => (deleted ? [] : [objectKey(node)]))],
      async reconcile(key) {
        const node = nodes.get(key);
        if (node !== undefined) await allocateFromCloud(node, cloud, deps, (state) => tell(node, state));
      },
    },
    deps,
  );
}

function rangeController(
  config: NodeIpamConfig,
  deps: ControllerDeps,
  tell: (node: Node, state: State) => void,
): Controller {
  const { client, informers } = deps;
  const logger = deps.logger.child({ controller: name });
  const nodes = informers.informer(Node);
  const observer = cidrSetMetrics(deps.metrics);
  let allocator: RangeAllocator = createRangeAllocator(config);
  /** What each node is known to have. */
  const held = new Map<string, readonly string[]>();
  /** Nodes that came again under the name of one that went. */
  const gone = new Set<string>();
  /** Nodes for which there was nothing left. */
  const waiting = new Set<string>();

  function release(key: string): void {
    const cidrs = held.get(key);
    if (cidrs === undefined) return;
    held.delete(key);
    allocator.release(key, cidrs);
    for (const other of waiting) controller.enqueue(other);
    waiting.clear();
  }

  function hold(key: string, cidrs: readonly string[]): void {
    allocator.occupy(key, cidrs);
    held.set(key, cidrs);
  }

  async function give(node: Node, key: string): Promise<void> {
    const cidrs = allocator.allocate();
    if (cidrs === undefined) {
      waiting.add(key);
      tell(node, 'CIDRNotAvailable');
      const full = allocator.sets().findIndex((set) => set.allocated() >= set.size);
      throw new Error(`failed to allocate cidr from cluster cidr at idx:${full}: ${noneLeft}`);
    }
    try {
      await client.resource(Node).patch(key, {
        type: 'strategic',
        body: { spec: { podCIDR: cidrs[0], podCIDRs: cidrs } },
      });
      held.set(key, cidrs);
    } catch (error) {
      await settle(node, key, cidrs, error);
    }
  }

  /** After a write that failed: whether it was made or not, the node itself tells. */
  async function settle(node: Node, key: string, cidrs: readonly string[], error: unknown): Promise<void> {
    const live = await client
      .resource(Node)
      .get(key)
      .catch((problem: unknown) => {
        if (isNotFound(problem)) return undefined;
        // Rather lost until the next start than given twice.
        throw error;
      });
    const written = live === undefined ? [] : podCidrsOf(live);
    if (written.join() !== cidrs.join()) allocator.release(key, cidrs);
    if (written.length > 0) return hold(key, written);
    if (live === undefined) return;
    tell(node, 'CIDRAssignmentFailed');
    throw error;
  }

  const controller = createController(
    {
      name,
      // One at a time: two that find the last range free would both take it.
      workers: 1,
      sources: [
        source(Node, (node, { deleted }) => {
          if (deleted) gone.add(objectKey(node));
          return [objectKey(node)];
        }),
      ],
      onStart() {
        allocator = createRangeAllocator(config, observer);
        held.clear();
        gone.clear();
        waiting.clear();
        for (const node of nodes.list()) {
          const cidrs = podCidrsOf(node);
          if (cidrs.length > 0) hold(objectKey(node), cidrs);
        }
      },
      async reconcile(key) {
        const node = nodes.get(key);
        waiting.delete(key);
        // One on its way out (with finalizers, that takes time) needs its addresses no more.
        const leaving = node === undefined || node.metadata.deletionTimestamp !== undefined;
        if (gone.delete(key) || leaving) release(key);
        if (leaving || held.has(key)) return;
        const present = podCidrsOf(node);
        if (present.length === 0) return give(node, key);
        try {
          hold(key, present);
        } catch (err) {
          logger.error('a node has ranges that are not of the cluster', {
            node: key,
            cidrs: [...present],
            err,
          });
        }
      },
    },
    deps,
  );
  return controller;
}
