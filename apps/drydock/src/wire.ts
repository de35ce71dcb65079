import { readFileSync } from 'node:fs';
import { systemClock, systemRandom } from '@drydock/base/clock';
import { createControllerManager } from '@drydock/controllers/all';
import { certificateReader, createCertificateSigner, createTokenKeys, kubeconfig } from '@drydock/http';
import { createPinoLogger } from '@drydock/log-pino';
import { createClient } from '@drydock/machinery/client';
import { createInformerFactory } from '@drydock/machinery/informer';
import { createPromMetrics } from '@drydock/metrics-prom';
import { createKubeletSim } from '@drydock/node/kubelet-sim';
import { machinePodCidrs } from '@drydock/node/nodes';
import type { Component } from '@drydock/port/component';
import { createControllerService } from '@drydock/rpc';
import { createApiServer, openStore, systemUserNamed } from '@drydock/process/api-server';
import { createScheduler } from '@drydock/scheduling/scheduler';
import { createMetricsService } from '@drydock/process/metrics';
import { createKubelets, gatewayIp, nodeAddress } from '@drydock/process';
import { loadCredentials } from './credentials.ts';
import { schedulerOptions, schedulerService } from '@drydock/process/scheduling';
import type { UpOptions } from './options.ts';

export interface Cluster {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** `https://127.0.0.1:6443`; known after start. */
  server(): string;
  grpcPort(): number;
  /** Admin kubeconfig, YAML; known after start. */
  kubeconfig(): string;
}

/** What `kubectl get componentstatuses` shows: the parts that Kubernetes tells of there, by its names for them. */
function componentHealth(store: Pick<Component, 'ready'>, parts: readonly Component[]) {
  const known = parts
    .filter(({ name }) => name === 'controller-manager' || name === 'scheduler')
    .map((part) => ({ name: part.name, healthy: part.ready() }));
  return [...known, { name: 'etcd-0', healthy: store.ready() }];
}

/** Constructs a whole cluster in this process, top to bottom. Nothing runs before `start`. */
export async function wire(options: UpOptions, tell: (step: string) => void): Promise<Cluster> {
  const clock = systemClock;
  const random = systemRandom;
  const logger = createPinoLogger({ level: options.logLevel });
  const metrics = createPromMetrics();

  const host =
    options.bindAddress === '0.0.0.0' || options.bindAddress === '::' ? '127.0.0.1' : options.bindAddress;
  const hosts = [
    ...new Set([
      'localhost',
      '127.0.0.1',
      host,
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
    ]),
  ];
  const moreClientCa = options.clientCaFile === undefined ? '' : readFileSync(options.clientCaFile, 'utf8');

  const scheduling = schedulerOptions(options.schedulerConfig);

  tell('opening the store');
  const store = await openStore(options);
  const credentials = await loadCredentials(options.dataDir, hosts, clock.now()).catch(
    async (error: unknown) => {
      await store.close();
      throw error;
    },
  );

  const tokenKeys = createTokenKeys(credentials.serviceAccountKey);

  // The API server.
  const api = createApiServer(options, {
    ...{ store, tokenKeys, clock, random, logger, metrics },
    components: () => componentHealth(api, parts),
    frontProxyClient: credentials.frontProxy,
    extensionAuthentication: {
      clientCa: `${credentials.authority.cert}${moreClientCa}`,
      requestHeaderClientCa: credentials.authority.cert,
      requestHeaderAllowedNames: ['front-proxy-client'],
    },
    hostAliases: { [gatewayIp]: '127.0.0.1' },
  });
  const { core: apiserver } = api;
  const { registry } = apiserver;

  // The control loops, the scheduler and the nodes share one set of informers over the in-process transport.
  const depsFor = (name: string) => {
    const transport = apiserver.transport(systemUserNamed(`system:${name}`));
    const client = createClient(transport, { fieldManager: name });
    const componentLogger = logger.child({ component: name });
    return { client, transport, clock, random, logger: componentLogger, metrics };
  };
  const shared = depsFor('kube-controller-manager');
  const informers = createInformerFactory(shared.client, { clock, random, logger: shared.logger });
  const parts: Component[] = [];
  const kubelet = options.components.has('kubelet-sim')
    ? createKubeletSim(
        {
          nodes: options.nodes,
          retireOthers: true,
          ownPodCidrs: options.nodeIpam.allocateNodeCidrs !== true,
        },
        { ...depsFor('kubelet'), informers },
      )
    : undefined;
  const controllerManager = options.components.has('controller-manager')
    ? createControllerManager(
        {
          controllers: options.controllers,
          certificates: certificateReader,
          rootCa: credentials.authority.cert,
          certificateSigner: createCertificateSigner(credentials.authority),
          definitions: () => registry.definitions(),
          everything: () => apiserver.aggregation?.definitions() ?? registry.definitions(),
          nodeLifecycle: {
            nodeMonitorGraceMs: options.nodeMonitorGraceMs,
            nodeStartupGraceMs: options.nodeStartupGraceMs,
          },
          tokenKeys,
          // Storage comes with nodes: an API server without any is as bare as kube-apiserver.
          simulatedStorage: kubelet !== undefined && options.nodes > 0,
          hpa: options.autoscaler,
          nodeIpam: {
            ...options.nodeIpam,
            cloud: { podCidrs: (node) => Promise.resolve(machinePodCidrs(node.metadata.name ?? '')) },
          },
          podGarbageCollector: { terminatedPodThreshold: options.terminatedPodGcThreshold },
        },
        { ...shared, informers },
      )
    : undefined;
  if (controllerManager !== undefined) parts.push(controllerManager);
  const scheduler = options.components.has('scheduler')
    ? createScheduler(scheduling, { ...depsFor('kube-scheduler'), informers })
    : undefined;
  if (scheduler !== undefined) parts.push(scheduler);
  if (kubelet !== undefined) parts.push(kubelet);

  if (options.components.has('metrics-server') && kubelet !== undefined) {
    parts.push(
      createMetricsService({
        ...depsFor('metrics-server'),
        informers,
        kubelet,
        authority: credentials.authority.cert,
        clientAuthority: credentials.authority.cert,
        tls: credentials.metricsServer,
        address: gatewayIp,
        resolutionMs: options.metricResolutionMs,
      }),
    );
  }

  // Without nodes of its own it reaches those of other processes.
  const remoteKubelets =
    kubelet === undefined
      ? createKubelets(nodeAddress(apiserver.transport(systemUserNamed('system:apiserver'))))
      : undefined;

  // Its two doors: REST over HTTPS, gRPC.
  const { https, rpc, ...doors } = api.doors({
    bindAddress: options.bindAddress,
    securePort: options.securePort,
    grpcPort: options.grpcPort,
    tls: { ...credentials.server, clientCa: `${credentials.authority.cert}${moreClientCa}` },
    serverAddress: `${host}:${options.securePort}`,
    kubelet: kubelet ?? remoteKubelets,
    checks: parts.map((part) => ({ name: part.name, healthy: () => part.ready() })),
    rpc: {
      transport: apiserver.messageTransport(systemUserNamed('system:grpc')),
      services: [
        ...(scheduler === undefined ? [] : [schedulerService(scheduler)]),
        ...(controllerManager === undefined
          ? []
          : [createControllerService({ autoscaler: controllerManager.explainAutoscaler })]),
      ],
    },
  });

  const server = () => `https://${host}:${https.port}`;
  return {
    server,
    grpcPort: () => rpc.port,
    kubeconfig: () =>
      kubeconfig({ server: server(), ca: credentials.authority.cert, ...credentials.admin, name: 'drydock' }),
    async start() {
      tell('starting the apiserver');
      doors.prepare();
      await apiserver.start();
      await doors.start();
      // Inside the cluster a loopback address means nothing: the simulated nodes' gateway stands for this machine.
      await apiserver.publishAddress({ ip: /^(127\.|::1$)/.test(host) ? gatewayIp : host, port: https.port });
      informers.start();
      for (const part of parts) {
        tell(`starting the ${part.name}`);
        await part.start();
      }
    },
    // In reverse: first the doors, then what writes, then what is written to.
    async stop() {
      await doors.stop();
      await Promise.allSettled(parts.map((part) => part.stop()));
      remoteKubelets?.close();
      await informers.stop().catch(() => undefined);
      await apiserver.stop().catch(() => undefined);
      await store.close();
    },
  };
}
