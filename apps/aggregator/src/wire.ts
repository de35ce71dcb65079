import { APIService } from '@drydock/api/apiregistration/v1';
import { Service } from '@drydock/api/core/v1';
import { EndpointSlice } from '@drydock/api/discovery/v1';
import { createNamedPlaces, createUpstream } from '@drydock/http';
import { createClient } from '@drydock/machinery/client';
import { createInformerFactory } from '@drydock/machinery/informer';
import {
  addressOf,
  createProcessRpcServer,
  createProcessServer,
  hostAliases,
  readPem,
  type ProcessDeps,
  type ProcessParts,
  type ServingOptions,
} from '@drydock/process';
import { connectCluster } from '@drydock/process/cluster';
import { createAggregatorService } from '@drydock/rpc';
import { createFrontDoor } from '@drydock/server/aggregation';
import { createReviewedTokens, credentialsOf } from '@drydock/server/authn';
import { createReviewedAuthorizer } from '@drydock/server/authz';
import { listBackends } from './backends.ts';
import { createExtensions } from './extensions.ts';
import type { AggregatorOptions } from './options.ts';

const name = 'aggregator';
const defaultHttpsPort = 443;

/** Constructs the aggregator, top to bottom. Nothing runs before `start`. */
export async function wire(
  options: ServingOptions & AggregatorOptions,
  deps: ProcessDeps,
): Promise<ProcessParts> {
  const { clock, random, logger } = deps;
  const frontProxy = {
    cert: readPem(options.proxyClientCertFile, '--proxy-client-cert-file'),
    key: readPem(options.proxyClientKeyFile, '--proxy-client-key-file'),
  };
  const ca =
    options.apiserverCaFile === undefined
      ? {}
      : { ca: readPem(options.apiserverCaFile, '--apiserver-ca-file') };

  // What it knows of the cluster: APIServices, and where the Services that they name are.
  const cluster = connectCluster(name, options, deps);
  const client = createClient(cluster.transport, { fieldManager: name });
  const informers = createInformerFactory(client, { clock, random, logger });
  const apiServices = informers.informer(APIService);
  const known = [apiServices, informers.informer(Service), informers.informer(EndpointSlice)] as const;

  // Where requests go.
  const named = createNamedPlaces({
    places: options.apiserverUrl.map(({ hostname, port }) => ({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? defaultHttpsPort : Number(port),
    })),
  });
  const apiservers = createUpstream({
    places: named.places,
    tls: { ...ca, ...frontProxy },
    probe: { path: '/readyz', everyMs: 1_000, timeoutMs: 2_000 },
  });
  const extensions = createExtensions({
    services: known[1],
    slices: known[2],
    client: frontProxy,
    hostAliases: hostAliases(options.bindAddress),
  });

  // Who asks, and whether they may: the API servers say it.
  const userOf = createReviewedTokens({ transport: cluster.rpc, clock });
  const authorizer = createReviewedAuthorizer({ transport: cluster.rpc, clock });

  const synced = { name: 'informer-sync', healthy: () => known.every((one) => one.hasSynced()) };
  const server = await createProcessServer({
    ...{ name, options, deps },
    drainMs: Math.max(0, options.shutdownTimeoutMs - 1_000),
    checks: [{ ...synced, readinessOnly: true }],
    handler: createFrontDoor({
      async authenticate(request) {
        const shown = credentialsOf(request);
        if (shown === undefined || shown === 'rejected') return shown;
        return 'user' in shown ? shown.user : ((await userOf(shown.token)) ?? 'rejected');
      },
      authorizer,
      apiService: (group, version) => apiServices.get(`${version}.${group}`),
      apiservers,
      extension: extensions.upstream,
    }),
  });

  const service = createAggregatorService(() => listBackends({ apiServices, apiservers, extensions }));
  const rpc = createProcessRpcServer(options, [service], deps);

  return {
    addresses: () => ({
      https: addressOf(options.bindAddress, server.port),
      grpc: addressOf(options.bindAddress, rpc.port),
    }),
    async start() {
      informers.start();
      await Promise.all([server.start(), rpc.start()]);
    },
    async stop() {
      await Promise.allSettled([server.stop(), rpc.stop()]);
      await informers.stop().catch(() => undefined);
      await cluster.close();
      named.close();
      apiservers.close();
      extensions.close();
    },
  };
}
