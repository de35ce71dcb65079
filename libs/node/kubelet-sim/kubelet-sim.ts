import { Node, Pod } from '@drydock/api/core/v1';
import type { ControllerDeps } from '@drydock/machinery/controller';
import type { Component } from '@drydock/port/component';
import type { KubeletConnector } from '@drydock/port/kubelet';
import { defaultNodeShape, nodeIp, nodeName, simulatedLabel, type NodeShape } from '../nodes/index.ts';
import { createConnector } from './connector.ts';
import { createDevicePublisher } from './device-publisher.ts';
import { createLazyDirectories, createNodeAgent, type NodeAgent } from './node-agent.ts';
import { createNetwork } from './network.ts';
import { createObjectReader } from './object-reader.ts';
import { createServiceLoads } from './service-loads.ts';
import { retireNodes } from './retire-nodes.ts';

export interface KubeletSimOptions {
  /** How many simulated nodes. Default 3. */
  nodes?: number;
  /** The first is `node-<firstNode>`: several processes share a cluster by it. Default 0. */
  firstNode?: number;
  /** Where API servers reach the process that keeps these nodes: told in an annotation. Asked at registration. Default: in process. */
  address?: () => string;
  /** Default: 8 cores, 32 Gi, 110 Pods each. */
  shape?: NodeShape;
  /** Time that creating a container takes, unless a Pod's annotation says otherwise. Default 20 ms. */
  startDelayMs?: number;
  /**
   * Whether simulated nodes that none of ours is any longer (an earlier run had more) are taken away at start, with their
   * Pods. Right where this is the only kubelet-sim of the cluster. Default false.
   */
  retireOthers?: boolean;
  /** Whether nodes register with a range for their Pods. Without, somebody (Node IPAM) gives them one. Default true. */
  ownPodCidrs?: boolean;
}

export interface KubeletSim extends Component, KubeletConnector {
  nodeNames(): readonly string[];
}

/** Registrations under way at once. */
const registering = 32;

/** Keeps simulated nodes alive and runs the Pods that are bound to them. */
export function createKubeletSim(options: KubeletSimOptions, deps: ControllerDeps): KubeletSim {
  const { informers, clock } = deps;
  const { nodes: count = 3, firstNode = 0, address } = options;
  const agents = new Map<string, NodeAgent>();
  const loads = createServiceLoads(informers, clock);
  const objects = createObjectReader(deps.client);
  const devices = createDevicePublisher(deps);
  const nodeIps = new Set(Array.from({ length: count }, (_, at) => nodeIp(firstNode + at)));
  const network = createNetwork({
    *pods() {
      for (const agent of agents.values()) yield* agent.pods();
    },
    isNode: (address) => nodeIps.has(address),
    client: deps.client,
    clock,
    random: deps.random,
  });
  const volumes = createLazyDirectories(clock);
  let removeHandler: (() => void) | undefined;
  let removeNodeHandler: (() => void) | undefined;
  let running = false;

  for (let index = firstNode; index < firstNode + count; index++) {
    const agent = createNodeAgent({
      index,
      shape: options.shape ?? defaultNodeShape,
      startDelayMs: options.startDelayMs ?? 20,
      deps,
      loads,
      objects,
      network,
      volumes,
      ownPodCidr: options.ownPodCidrs ?? true,
      ...(address === undefined ? {} : { address }),
    });
    agents.set(nodeName(index), agent);
  }

  function ownerOf(pod: Pod): NodeAgent | undefined {
    return pod.spec?.nodeName === undefined ? undefined : agents.get(pod.spec.nodeName);
  }

  const connector = createConnector({ agent: (name) => agents.get(name), network, clock });

  return {
    name: 'kubelet-sim',
    nodeNames: () => [...agents.keys()],
    ready: () => running,
    async start() {
      if (running) return;
      const pods = informers.informer(Pod);
      informers.start();
      const waiting = [...agents.values()];
      const lanes = Array.from({ length: Math.min(registering, waiting.length) }, async () => {
        for (let agent = waiting.shift(); agent !== undefined; agent = waiting.shift()) await agent.start();
      });
      await Promise.all([...lanes, pods.waitForSync(), devices.start()]);
      if (options.retireOthers === true)
        await retireNodes(deps.client, {
          nodes: (await deps.client.resource(Node).list()).items.filter(
            ({ metadata }) =>
              metadata.labels?.[simulatedLabel] === 'true' && !agents.has(metadata.name ?? ''),
          ),
          pods: pods.list(),
        });
      running = true;
      const sawNode = (node: Node) => {
        const { metadata, spec } = node;
        const agent = agents.get(metadata.name ?? '');
        agent?.setNode(node);
        if (agent !== undefined) devices.saw(node);
        if (options.ownPodCidrs === false && spec?.podCIDR)
          agent?.setPodCidrs(spec.podCIDRs ?? [spec.podCIDR]);
      };
      removeNodeHandler = informers.informer(Node).addHandler({ added: sawNode, updated: sawNode });
      removeHandler = pods.addHandler({
        added: (pod) => ownerOf(pod)?.setPod(pod),
        updated: (pod) => ownerOf(pod)?.setPod(pod),
        deleted: (pod) => ownerOf(pod)?.removePod(pod),
      });
    },
    stop() {
      running = false;
      removeHandler?.();
      removeNodeHandler?.();
      devices.stop();
      for (const agent of agents.values()) agent.stop();
      return Promise.resolve();
    },
    ...connector,
  };
}
