import { createGrpcSubscriber } from '@drydock/events-grpc';
import { createNatsSubscriber, type NatsOptions } from '@drydock/events-nats';
import { createEventTransport, type CursorTransport, type EventSubscriber } from '@drydock/port/events';
import type { Logger } from '@drydock/port/observability';
import type { Transport } from '@drydock/port/transport';
import { createRpcTransport } from '@drydock/rpc';
import type { ClusterOptions, NatsFlags } from '../client-flags.ts';
import { readPem } from '../pem.ts';
import type { ProcessDeps } from '../run.ts';

/** The cluster as a process outside the API server sees it. */
export interface ClusterConnection {
  /** Commands over gRPC, watches over the event bus. */
  readonly transport: Transport;
  /** gRPC for everything, watches included. */
  readonly rpc: CursorTransport;
  readonly subscriber: EventSubscriber;
  close(): Promise<void>;
}

/** What the flags say of NATS, as `createNatsPublisher` and `createNatsSubscriber` take it. */
export function natsOptions(flags: NatsFlags, clientName: string, logger: Logger): NatsOptions {
  const { natsStream, natsUser, natsPassword, natsToken } = flags;
  const read = (file: string | undefined, flag: string) =>
    file === undefined ? undefined : readPem(file, flag);
  const certificateAuthority = read(flags.natsCaFile, '--nats-ca-file');
  const certificate = read(flags.natsCertFile, '--nats-cert-file');
  const key = read(flags.natsKeyFile, '--nats-key-file');
  const secure =
    certificateAuthority !== undefined || flags.natsServers.some((one) => one.startsWith('tls://'));
  return {
    servers: flags.natsServers,
    clientName,
    logger,
    ...(natsStream === undefined ? {} : { stream: natsStream }),
    ...(natsUser === undefined ? {} : { user: natsUser }),
    ...(natsPassword === undefined ? {} : { password: natsPassword }),
    ...(natsToken === undefined ? {} : { token: natsToken }),
    ...(secure
      ? {
          tls: {
            ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
            ...(certificate === undefined ? {} : { certificate }),
            ...(key === undefined ? {} : { key }),
          },
        }
      : {}),
  };
}

/** Connects in the background, and again after every break. One for a process: its transports share the connections. */
export function connectCluster(name: string, options: ClusterOptions, deps: ProcessDeps): ClusterConnection {
  const { logger, metrics, clock } = deps;
  const { rpcCaFile, rpcCertFile, rpcKeyFile, rpcServerName } = options;
  if (options.apiserver.length === 0) throw new Error('--apiserver names no address');
  if ((rpcCertFile === undefined) !== (rpcKeyFile === undefined))
    throw new Error('--rpc-cert-file and --rpc-key-file go together');
  const rpc = createRpcTransport({
    address: options.apiserver,
    metrics,
    ...(options.kubeApiQps > 0
      ? { rateLimit: { qps: options.kubeApiQps, burst: options.kubeApiBurst } }
      : {}),
    ...(rpcCaFile === undefined
      ? {}
      : {
          tls: {
            certificateAuthority: readPem(rpcCaFile, '--rpc-ca-file'),
            ...(rpcCertFile === undefined || rpcKeyFile === undefined
              ? {}
              : {
                  certificate: readPem(rpcCertFile, '--rpc-cert-file'),
                  key: readPem(rpcKeyFile, '--rpc-key-file'),
                }),
            ...(rpcServerName === undefined ? {} : { serverName: rpcServerName }),
          },
        }),
  });
  const subscriber =
    options.eventBus === 'nats'
      ? createNatsSubscriber(natsOptions(options, name, logger))
      : createGrpcSubscriber({ transport: rpc, logger });
  return {
    // A gRPC stream needs no second carrier to fall back on: it is the same API servers.
    transport: options.eventBus === 'nats' ? createEventTransport(rpc, subscriber, { clock }) : rpc,
    rpc,
    subscriber,
    async close() {
      await subscriber.close();
      await rpc.close();
    },
  };
}
