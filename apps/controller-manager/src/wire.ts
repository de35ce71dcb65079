import { createControllerManager } from '@drydock/controllers/all';
import { certificateReader, createCertificateSigner, createTokenKeys } from '@drydock/http';
import {
  addressOf,
  createProcessRpcServer,
  createProcessServer,
  readPem,
  type ProcessDeps,
  type ProcessParts,
  type ServingOptions,
} from '@drydock/process';
import { connectCluster } from '@drydock/process/cluster';
import { createLeadership } from '@drydock/process/leadership';
import { declaredResources } from '@drydock/process/loops';
import { createControllerService } from '@drydock/rpc';
import type { ControllerManagerProcessOptions } from './options.ts';

const read = (file: string | undefined, flag: string) =>
  file === undefined ? undefined : readPem(file, flag);

/** The control loops of one process, while it leads. */
export async function wire(
  options: ServingOptions & ControllerManagerProcessOptions,
  deps: ProcessDeps,
): Promise<ProcessParts> {
  const rootCa = read(options.rootCaFile, '--root-ca-file');
  const tokenKey = read(options.serviceAccountPrivateKeyFile, '--service-account-private-key-file');
  const cert = read(options.clusterSigningCertFile, '--cluster-signing-cert-file');
  const key = read(options.clusterSigningKeyFile, '--cluster-signing-key-file');
  const tokenKeys = tokenKey === undefined ? undefined : createTokenKeys(tokenKey);
  const signer = cert === undefined || key === undefined ? undefined : createCertificateSigner({ cert, key });

  const cluster = connectCluster('controller-manager', options, deps);
  const leadership = createLeadership(
    { ...options, manager: 'kube-controller-manager' },
    cluster.transport,
    deps,
    (loops) =>
      createControllerManager(
        {
          controllers: options.controllers,
          certificates: certificateReader,
          definitions: declaredResources(loops.informers),
          nodeLifecycle: {
            nodeMonitorGraceMs: options.nodeMonitorGraceMs,
            nodeStartupGraceMs: options.nodeStartupGraceMs,
          },
          simulatedStorage: true,
          hpa: options.autoscaler,
          nodeIpam: options.nodeIpam,
          podGarbageCollector: { terminatedPodThreshold: options.terminatedPodGcThreshold },
          ...(rootCa === undefined ? {} : { rootCa }),
          ...(tokenKeys === undefined ? {} : { tokenKeys }),
          ...(signer === undefined ? {} : { certificateSigner: signer }),
        },
        loops,
      ),
  );
  const service = createControllerService({
    autoscaler: (namespace, name) => leadership.current()?.explainAutoscaler(namespace, name) ?? [],
  });
  const rpc = createProcessRpcServer(options, [service], deps);
  const https = await createProcessServer({
    name: 'controller-manager',
    options,
    deps,
    checks: leadership.checks,
  });
  return {
    addresses: () => ({
      https: addressOf(options.bindAddress, https.port),
      grpc: addressOf(options.bindAddress, rpc.port),
    }),
    async start() {
      await Promise.all([https.start(), rpc.start()]);
      await leadership.start();
    },
    async stop() {
      await leadership.stop();
      await Promise.allSettled([https.stop(), rpc.stop()]);
      await cluster.close();
    },
  };
}
