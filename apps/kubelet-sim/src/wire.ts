import { hostname } from 'node:os';
import { createClient } from '@drydock/machinery/client';
import { createBackoff, createInformerFactory } from '@drydock/machinery/informer';
import { takeNumberedLease } from '@drydock/machinery/leader-election';
import { createKubeletSim, type KubeletSim } from '@drydock/node/kubelet-sim';
import { KubeletError, type KubeletConnector } from '@drydock/port/kubelet';
import {
  addressOf,
  advertisedHost,
  createProcessRpcServer,
  createProcessServer,
  type ProcessDeps,
  type ProcessParts,
  type ServingOptions,
} from '@drydock/process';
import { connectCluster } from '@drydock/process/cluster';
import { createKubeletService } from '@drydock/rpc';
import type { KubeletSimProcessOptions } from './options.ts';
import { createNodesHandler } from './nodes-handler.ts';

/** The nodes that `current` answers at the time of each call; before there are any, nothing is found on them. */
function whicheverKubelet(
  current: () => KubeletSim | undefined,
): KubeletConnector & Pick<KubeletSim, 'nodeNames'> {
  const now = (): KubeletSim => {
    const found = current();
    if (found === undefined) throw new KubeletError('this process keeps no nodes yet');
    return found;
  };
  return {
    nodeNames: () => current()?.nodeNames() ?? [],
    async *logs(...args) {
      yield* now().logs(...args);
    },
    exec: async (...args) => now().exec(...args),
    attach: async (...args) => now().attach(...args),
    portForward: async (...args) => now().portForward(...args),
    request: async (...args) => now().request(...args),
    nodeRequest: async (...args) => now().nodeRequest(...args),
  };
}

/** The simulated nodes of one process. */
export async function wire(
  options: ServingOptions & KubeletSimProcessOptions,
  deps: ProcessDeps,
): Promise<ProcessParts> {
  const { clock, random, logger, metrics } = deps;
  const cluster = connectCluster('kubelet-sim', options, deps);
  const client = createClient(cluster.transport, { fieldManager: 'kubelet' });
  const stopping = new AbortController();
  /** Those that this process has now. */
  let kubelet: KubeletSim | undefined;
  const nodes = whicheverKubelet(() => kubelet);

  const rpc = createProcessRpcServer(options, [createKubeletService(nodes, () => nodes.nodeNames())], deps);
  const https = await createProcessServer({
    name: 'kubelet-sim',
    options,
    deps,
    checks: [{ name: 'syncloop', healthy: () => kubelet?.ready() === true, readinessOnly: true }],
    handler: createNodesHandler(nodes),
  });
  let running: Promise<void> | undefined;

  /** Nodes register when there is an API server to register with. */
  async function register(registering: KubeletSim): Promise<void> {
    const backoff = createBackoff(random, { maxMs: 5_000 });
    while (!stopping.signal.aborted) {
      try {
        return await registering.start();
      } catch (err) {
        logger.warn('the nodes could not register', { err });
        await clock.sleep(backoff.next(), stopping.signal).catch(() => undefined);
      }
    }
  }

  /** Keeps nodes from this one on, until `ended` resolves. */
  async function keepNodes(firstNode: number, ended: Promise<unknown>): Promise<void> {
    const informers = createInformerFactory(client, { clock, random, logger });
    kubelet = createKubeletSim(
      {
        nodes: options.nodes,
        firstNode,
        ownPodCidrs: !options.allocateNodeCidrs,
        // Known when the port is.
        address: () => addressOf(options.advertiseAddress ?? advertisedHost(options.bindAddress), rpc.port),
      },
      { client, informers, clock, random, logger, metrics },
    );
    const registered = register(kubelet);
    await ended;
    await registered;
    await kubelet.stop();
    await informers.stop();
    kubelet = undefined;
  }

  /** Keeps the nodes of the least number that no other process has; of another one, when that was lost. */
  async function shareNodes(): Promise<void> {
    // A container that was killed is started again under the name it had, and has its nodes back at once.
    const identity = `${hostname()}_${options.grpcPort === 0 ? random.uuid() : options.grpcPort}`;
    const lease = { namespace: 'kube-system', name: 'kubelet-sim', identity };
    while (!stopping.signal.aborted) {
      const { number, keep } = await takeNumberedLease(
        lease,
        { client, clock, random, logger },
        stopping.signal,
      );
      const kept = keep(stopping.signal);
      await keepNodes(number * options.nodes, kept);
      if (!(await kept)) logger.warn('another process has taken these nodes', { number });
    }
  }

  function run(): Promise<void> {
    const { firstNode } = options;
    if (firstNode === 'auto') return shareNodes();
    const stopped = new Promise((resolve) =>
      stopping.signal.addEventListener('abort', resolve, { once: true }),
    );
    return keepNodes(firstNode, stopped);
  }

  return {
    addresses: () => ({
      https: addressOf(options.bindAddress, https.port),
      grpc: addressOf(options.bindAddress, rpc.port),
    }),
    async start() {
      await Promise.all([https.start(), rpc.start()]);
      running = run().catch((err: unknown) => {
        if (!stopping.signal.aborted) logger.error('the nodes are not kept any more', { err });
      });
    },
    async stop() {
      stopping.abort(new Error('stopped'));
      await running;
      await Promise.allSettled([https.stop(), rpc.stop()]);
      await cluster.close();
    },
  };
}
