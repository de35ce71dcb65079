import { createClient } from '@drydock/machinery/client';
import { createBackoff, createInformerFactory } from '@drydock/machinery/informer';
import { createKubeletSim, type KubeletSim } from '@drydock/node/kubelet-sim';
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

/** The simulated nodes of one process. */
export async function wire(
  options: ServingOptions & KubeletSimProcessOptions,
  deps: ProcessDeps,
): Promise<ProcessParts> {
  const { clock, random, logger, metrics } = deps;
  const cluster = connectCluster('kubelet-sim', options, deps);
  const client = createClient(cluster.transport, { fieldManager: 'kubelet' });
  const informers = createInformerFactory(client, { clock, random, logger });
  const kubelet: KubeletSim = createKubeletSim(
    {
      nodes: options.nodes,
      firstNode: options.firstNode,
      ownPodCidrs: !options.allocateNodeCidrs,
      // Known when the port is.
      address: () => addressOf(options.advertiseAddress ?? advertisedHost(options.bindAddress), rpc.port),
    },
    { client, informers, clock, random, logger, metrics },
  );
  const rpc = createProcessRpcServer(
    options,
    [createKubeletService(kubelet, () => kubelet.nodeNames())],
    deps,
  );
  const https = await createProcessServer({
    name: 'kubelet-sim',
    options,
    deps,
    checks: [{ name: 'syncloop', healthy: () => kubelet.ready(), readinessOnly: true }],
    handler: createNodesHandler(kubelet),
  });
  const stopping = new AbortController();
  let starting: Promise<void> | undefined;

  /** Nodes register when there is an API server to register with. */
  async function register(): Promise<void> {
    const backoff = createBackoff(random, { maxMs: 5_000 });
    while (!stopping.signal.aborted) {
      try {
        return await kubelet.start();
      } catch (err) {
        logger.warn('the nodes could not register', { err });
        await clock.sleep(backoff.next(), stopping.signal).catch(() => undefined);
      }
    }
  }

  return {
    addresses: () => ({
      https: addressOf(options.bindAddress, https.port),
      grpc: addressOf(options.bindAddress, rpc.port),
    }),
    async start() {
      await Promise.all([https.start(), rpc.start()]);
      starting = register();
    },
    async stop() {
      stopping.abort();
      await starting;
      await kubelet.stop();
      await informers.stop();
      await Promise.allSettled([https.stop(), rpc.stop()]);
      await cluster.close();
    },
  };
}
