import { Node } from '@drydock/api/core/v1';
import { createClient } from '@drydock/machinery/client';
import { createBackoff, createInformerFactory } from '@drydock/machinery/informer';
import { addressAnnotation } from '@drydock/node/nodes';
import {
  addressOf,
  createKubelets,
  createProcessServer,
  endpointAddress,
  readPem,
  servingTls,
  type ProcessDeps,
  type ProcessParts,
  type ServingOptions,
} from '@drydock/process';
import { connectCluster } from '@drydock/process/cluster';
import { createMetricsService } from '@drydock/process/metrics';
import type { MetricsServerOptions } from './options.ts';

/** The metrics-server as a process: it finds the kubelets by their Nodes, and registers itself by an APIService. */
export async function wire(
  options: ServingOptions & MetricsServerOptions,
  deps: ProcessDeps,
): Promise<ProcessParts> {
  const { clock, random, logger } = deps;
  const { clientCaFile, requestheaderClientCaFile } = options;
  const tls = await servingTls('metrics-server', options, clock.now());
  const authority = clientCaFile === undefined ? tls.cert : readPem(clientCaFile, '--client-ca-file');
  const frontProxies =
    requestheaderClientCaFile === undefined
      ? authority
      : readPem(requestheaderClientCaFile, '--requestheader-client-ca-file');
  const cluster = connectCluster('metrics-server', options, deps);
  const client = createClient(cluster.transport, { fieldManager: 'metrics-server' });
  const informers = createInformerFactory(client, { clock, random, logger });
  const nodes = informers.informer(Node);
  const kubelets = createKubelets(
    (name) => Promise.resolve(nodes.get(name)?.metadata.annotations?.[addressAnnotation]),
    options,
  );
  const service = createMetricsService({
    client,
    informers,
    clock,
    logger,
    kubelet: kubelets,
    authority,
    clientAuthority: frontProxies,
    tls,
    listen: { host: options.bindAddress, port: options.apiPort },
    address: options.advertiseAddress ?? endpointAddress(options.bindAddress),
    resolutionMs: options.metricResolutionMs,
  });
  const https = await createProcessServer({
    name: 'metrics-server',
    options,
    deps,
    checks: [{ name: 'metrics-service', healthy: () => service.ready(), readinessOnly: true }],
  });
  const stopping = new AbortController();
  let starting: Promise<void> | undefined;

  /** It registers when there is an API server to register with. */
  async function register(): Promise<void> {
    const backoff = createBackoff(random, { maxMs: 5_000 });
    while (!stopping.signal.aborted) {
      try {
        return await service.start();
      } catch (err) {
        logger.warn('the metrics service could not start', { err });
        await service.stop();
        await clock.sleep(backoff.next(), stopping.signal).catch(() => undefined);
      }
    }
  }

  return {
    addresses: () => ({ https: addressOf(options.bindAddress, https.port) }),
    async start() {
      await https.start();
      informers.start();
      starting = register();
    },
    async stop() {
      stopping.abort();
      await starting;
      await service.stop();
      await informers.stop();
      kubelets.close();
      await https.stop();
      await cluster.close();
    },
  };
}
