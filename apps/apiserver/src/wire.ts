import { createNatsPublisher } from '@drydock/events-nats';
import { createTokenKey, createTokenKeys } from '@drydock/http';
import { createStoreChangeSource } from '@drydock/port/events';
import {
  addressOf,
  createKubelets,
  hostAliases,
  nodeAddress,
  readPem,
  servingTls,
  type ProcessDeps,
  type ProcessParts,
  type ServingOptions,
} from '@drydock/process';
import { createApiServer, openStore, rpcUsers, systemUserNamed } from '@drydock/process/api-server';
import { natsOptions } from '@drydock/process/cluster';
import type { ApiServerOptions } from './options.ts';

type Options = ServingOptions & ApiServerOptions;

const loopback = /^(127\.|::1$|localhost$)/;

const readIf = (file: string | undefined, flag: string): string | undefined =>
  file === undefined ? undefined : readPem(file, flag);

function tokenKeys({ serviceAccountSigningKeyFile, serviceAccountKeyFile }: Options) {
  return createTokenKeys(
    readIf(serviceAccountSigningKeyFile, '--service-account-signing-key-file') ?? createTokenKey(),
    serviceAccountKeyFile.map((file) => readPem(file, '--service-account-key-file')),
  );
}

/** The certificate shown to extension API servers, or none. */
function frontProxyClient({ proxyClientCertFile, proxyClientKeyFile }: Options) {
  const cert = readIf(proxyClientCertFile, '--proxy-client-cert-file');
  const key = readIf(proxyClientKeyFile, '--proxy-client-key-file');
  if ((cert === undefined) !== (key === undefined))
    throw new Error('--proxy-client-cert-file and --proxy-client-key-file go together');
  return cert === undefined || key === undefined ? undefined : { cert, key };
}

/** Constructs the API server, top to bottom. Nothing runs before `start`. */
export async function wire(options: Options, deps: ProcessDeps): Promise<ProcessParts> {
  const { logger, metrics } = deps;
  // Without a certificate of one's own there is no telling who calls over gRPC, nor who answers.
  const encrypted = options.tlsCertFile !== undefined;
  if (!encrypted && !loopback.test(options.bindAddress))
    throw new Error('gRPC without certificates is for this machine only: give --pki-dir, or --tls-cert-file');
  const [serving, keys, proxyClient] = [
    await servingTls('apiserver', options, deps.clock.now()),
    tokenKeys(options),
    frontProxyClient(options),
  ];
  const frontProxyCa = readIf(options.requestheaderClientCaFile, '--requestheader-client-ca-file');
  const rpcClientCa = readIf(options.rpcClientCaFile, '--rpc-client-ca-file');
  const nats = options.eventBus === 'nats' ? natsOptions(options, 'apiserver', logger) : undefined;

  const store = await openStore(options);
  const api = createApiServer(options, {
    ...deps,
    store,
    tokenKeys: keys,
    frontProxyClient: proxyClient,
    // The same authority vouches for the proxy in front of this server and for this server before its extensions.
    extensionAuthentication: {
      clientCa: serving.clientCa,
      requestHeaderClientCa: frontProxyCa,
      requestHeaderAllowedNames: options.frontProxy.allowedNames,
    },
    hostAliases: hostAliases(options.bindAddress),
  });

  // News of every committed change; several API servers take turns, so that each change goes out once.
  const publisher =
    nats === undefined
      ? undefined
      : createNatsPublisher({
          ...nats,
          source: createStoreChangeSource(store),
          replicas: options.natsReplicas,
          maxAgeMs: options.natsStreamMaxAgeMs,
          maxBytes: options.natsStreamMaxBytes,
          metrics,
        });

  const kubelets = createKubelets(
    nodeAddress(api.core.transport(systemUserNamed('system:apiserver'))),
    options,
  );
  const doors = api.doors({
    kubelet: kubelets,
    bindAddress: options.bindAddress,
    securePort: options.securePort,
    grpcPort: options.grpcPort,
    tls: { ...serving, ...(frontProxyCa === undefined ? {} : { frontProxyCa }) },
    frontProxy: frontProxyCa === undefined ? undefined : options.frontProxy,
    serverAddress:
      options.advertiseAddress === undefined
        ? addressOf(options.bindAddress, options.securePort)
        : addressOf(options.advertiseAddress, options.advertisePort),
    drainMs: Math.max(0, options.shutdownTimeoutMs - 1_000),
    rpc: {
      transport: encrypted ? rpcUsers(api.core) : api.core.messageTransport(systemUserNamed('system:grpc')),
      ...(encrypted
        ? {
            tls: {
              key: serving.key,
              certificate: serving.cert,
              ...(rpcClientCa === undefined ? {} : { clientCertificateAuthority: rpcClientCa }),
            },
          }
        : {}),
      ...(publisher === undefined ? {} : { cursor: () => publisher.cursor() }),
    },
  });

  return {
    addresses: () => ({
      https: addressOf(options.bindAddress, doors.https.port),
      grpc: addressOf(options.bindAddress, doors.rpc.port),
    }),
    async start() {
      doors.prepare();
      await api.start();
      await publisher?.start();
      await doors.start();
      const { advertiseAddress: ip, advertisePort: port } = options;
      if (ip !== undefined) await api.core.publishAddress({ ip, port });
    },
    // In reverse: first the doors, then what tells of changes, then the store.
    async stop() {
      await doors.stop();
      kubelets.close();
      await publisher?.stop();
      await api.stop().catch(() => undefined);
      await store.close();
    },
  };
}
