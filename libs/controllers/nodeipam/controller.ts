import { isNotFound, objectKey } from '@drydock/base/apimachinery';
import { Node } from '@drydock/api/core/v1';
import {
  createController,
  createEventRecorder,
  source,
  type Controller,
  type ControllerDeps,
} from '@drydock/machinery/controller';
import { nodeIpamConfig, type NodeIpamOptions } from './options.ts';
import { createRangeAllocator, type RangeAllocator } from './range-allocator.ts';

const name = 'node-ipam-controller';

/** What `spec` says, one range a family. */
function podCidrsOf({ spec }: Node): readonly string[] {
  if (spec?.podCIDRs !== undefined && spec.podCIDRs.length > 0) return spec.podCIDRs;
  return spec?.podCIDR ? [spec.podCIDR] : [];
}

/**
 * `node-ipam-controller`: gives every node its ranges of the cluster's, once; takes them back when the node goes. What
 * nodes have when it starts stays theirs. With CloudAllocator the cloud gives them, and this only watches.
 * @throws Error where the options do not fit; undefined where ranges are not to be allocated
 */
export function createNodeIpamController(
  options: NodeIpamOptions,
  deps: ControllerDeps,
): Controller | undefined {
  const { config, errors } = nodeIpamConfig(options);
  if (errors.length > 0) throw new Error(errors.join('; '));
  if (config === undefined) return undefined;
  const { client, informers } = deps;
  const logger = deps.logger.child({ controller: name });
  const recorder = createEventRecorder(client, 'cidrAllocator', deps);
  const nodes = informers.informer(Node);
  const allocations = deps.metrics.counter({
    name: 'node_ipam_controller_cidrset_cidrs_allocations_total',
    help: 'Counter measuring total number of CIDR allocations.',
  });
  const releases = deps.metrics.counter({
    name: 'node_ipam_controller_cidrset_cidrs_releases_total',
    help: 'Counter measuring total number of CIDR releases.',
  });
  let allocator: RangeAllocator = createRangeAllocator(config);
  /** What each node is known to have. */
  const held = new Map<string, readonly string[]>();
  const gone = new Map<string, readonly string[]>();

  function hold(key: string, cidrs: readonly string[]): void {
    try {
      allocator.occupy(cidrs);
      held.set(key, cidrs);
    } catch (err) {
      logger.error('a node has ranges that are not of the cluster', { node: key, cidrs: [...cidrs], err });
    }
  }

  async function give(node: Node, key: string): Promise<void> {
    const cidrs = allocator.allocate();
    if (cidrs === undefined) {
      recorder.event(node, 'Normal', 'CIDRNotAvailable', `Node ${key} status is now: CIDRNotAvailable`);
      throw new Error(
        'CIDR allocation failed; there are no remaining CIDRs left to allocate in the accepted range',
      );
    }
    try {
      await client.resource(Node).patch(key, {
        type: 'strategic',
        body: { spec: { podCIDR: cidrs[0], podCIDRs: cidrs } },
      });
    } catch (error) {
      // Whether it was written or not, the node's next state will tell.
      const live = await client
        .resource(Node)
        .get(key)
        .catch((problem: unknown) => {
          if (isNotFound(problem)) return undefined;
          throw error;
        });
      const written = live === undefined ? [] : podCidrsOf(live);
      if (written.join() !== cidrs.join()) allocator.release(cidrs);
      if (written.length === 0) {
        if (live !== undefined)
          recorder.event(
            node,
            'Normal',
            'CIDRAssignmentFailed',
            `Node ${key} status is now: CIDRAssignmentFailed`,
          );
        throw error;
      }
      hold(key, written);
      return;
    }
    held.set(key, cidrs);
    allocations.inc();
  }

  return createController(
    {
      name,
      // One at a time: two that find the last range free would both take it.
      workers: 1,
      sources: [
        source(Node, (node, { deleted }) => {
          const key = objectKey(node);
          if (deleted) gone.set(key, podCidrsOf(node));
          return [key];
        }),
      ],
      onStart() {
        allocator = createRangeAllocator(config);
        held.clear();
        gone.clear();
        for (const node of nodes.list()) {
          const cidrs = podCidrsOf(node);
          if (cidrs.length > 0) hold(objectKey(node), cidrs);
        }
      },
      async reconcile(key) {
        if (config.type !== 'RangeAllocator') return;
        const node = nodes.get(key);
        const left = gone.get(key);
        gone.delete(key);
        if (left !== undefined || node === undefined) {
          const cidrs = held.get(key);
          if (cidrs !== undefined) {
            allocator.release(cidrs);
            held.delete(key);
            releases.inc();
          }
        }
        if (node === undefined) {
          // Those that found nothing may now.
          return;
        }
        const present = podCidrsOf(node);
        if (present.length > 0) {
          if (!held.has(key)) hold(key, present);
        } else if (!held.has(key)) await give(node, key);
      },
    },
    deps,
  );
}
