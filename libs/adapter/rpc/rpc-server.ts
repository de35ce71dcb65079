import type { KubeObject } from '@drydock/base/apimachinery';
import type { Component } from '@drydock/port/component';
import type { Logger, Metrics } from '@drydock/port/observability';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { logVerbosity, Server, ServerCredentials, setLogVerbosity } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { createCallMetrics } from './call-metrics.ts';
import type { Authenticate, TransportSource } from './caller.ts';
import { createReflection } from './describe-services.ts';
import { ResourceServiceService } from './gen/drydock/v1/resource.ts';
import { createObjectEncoder } from './json.ts';
import { createResourceService } from './resource-service.ts';
import { createServerInterceptor } from './server-interceptor.ts';

export interface RpcServerTls {
  /** PEM. */
  readonly key: string | Uint8Array;
  /** PEM, leaf first. */
  readonly certificate: string | Uint8Array;
  /** PEM. With it every client must show a certificate of one of these authorities. */
  readonly clientCertificateAuthority?: string | Uint8Array;
}

/** A service beside ResourceService; its schema must be in proto/ for reflection to know it. */
export interface RpcService {
  /** Full name, e.g. `drydock.v1.NodeService`. */
  readonly name: string;
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

export interface RpcServerOptions {
  /** Default '127.0.0.1'. */
  readonly address?: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Who answers ResourceService; absent where a process has services of its own only. */
  readonly transport?: TransportSource;
  readonly services?: readonly RpcService[];
  readonly logger: Logger;
  /** Absent: no encryption; for connections within one machine. */
  readonly tls?: RpcServerTls;
  /**
   * Asked before every call of every service but health; `acceptTokens` makes one. Default: everybody that TLS lets in.
   */
  readonly authenticate?: Authenticate;
  /** Where the event bus is at this moment (`EventPublisher.cursor`); lists carry it. */
  readonly cursor?: () => string | undefined;
  /** Counts and times calls by method and gRPC code: `grpc_server_handled_total`, `grpc_server_handling_seconds`. */
  readonly metrics?: Metrics;
  /** The JSON of an object that the transport gave, where it is at hand: saves encoding it. */
  readonly bytesOf?: (object: KubeObject) => Uint8Array | undefined;
  /** How long `stop` waits for calls under way. Default 500. */
  readonly drainMs?: number;
}

export interface RpcServer extends Component {
  /** The port it listens on; 0 before `start`. */
  readonly port: number;
}

const MAX_RECEIVE_BYTES = 64 * 1024 * 1024;

/**
 * A gRPC server: ResourceService over a Transport, health (`grpc.health.v1.Health`) and reflection. `start` rejects
 * with one clear line when the port cannot be had. `stop` reports NOT_SERVING, ends watches cleanly, lets calls under
 * way finish and then closes what is left.
 */
export function createRpcServer(options: RpcServerOptions): RpcServer {
  const address = options.address ?? '127.0.0.1';
  const logger = options.logger.child({ component: 'rpc-server' });
  const encode = createObjectEncoder(
    options.bytesOf as ((object: object) => Uint8Array | undefined) | undefined,
  );
  const callMetrics =
    options.metrics === undefined ? undefined : createCallMetrics(options.metrics, 'server');
  let running:
    | { server: Server; port: number; health: HealthImplementation; stopping: AbortController }
    | undefined;
  let stopped: Promise<void> | undefined;

  const services = (stopping: AbortSignal): RpcService[] => [
    ...(options.transport === undefined
      ? []
      : [
          {
            name: 'drydock.v1.ResourceService',
            definition: ResourceServiceService,
            implementation: {
              ...createResourceService({
                transport: options.transport,
                encode,
                stopping,
                cursor: options.cursor,
                metrics: callMetrics,
              }),
            },
          },
        ]),
    ...(options.services ?? []),
  ];

  async function stop(): Promise<void> {
    const current = running;
    if (current === undefined) return;
    running = undefined;
    const { server, health, stopping, port } = current;
    for (const name of ['', ...services(stopping.signal).map((service) => service.name)]) {
      health.setStatus(name, 'NOT_SERVING');
    }
    stopping.abort();
    await shutDown(server, options.drainMs ?? 500);
    logger.info('gRPC server stopped', { address, port });
  }

  return {
    name: 'rpc-server',
    get port() {
      return running?.port ?? 0;
    },

    async start() {
      // The library writes to stderr what it also reports as errors, which reach our logger.
      setLogVerbosity(logVerbosity.NONE);
      const stopping = new AbortController();
      const interceptors =
        callMetrics === undefined && options.authenticate === undefined
          ? []
          : [createServerInterceptor(callMetrics, options.authenticate)];
      const server = new Server({
        'grpc.max_receive_message_length': MAX_RECEIVE_BYTES,
        'grpc.max_send_message_length': -1,
        'grpc.keepalive_time_ms': 30_000,
        'grpc.keepalive_timeout_ms': 10_000,
        'grpc-node.flow_control_window': 1024 * 1024,
        interceptors,
      });
      const health = new HealthImplementation({ '': 'SERVING' });
      health.addToServer(server);
      const served = services(stopping.signal);
      for (const { name, definition, implementation } of served) {
        server.addService(definition, implementation);
        health.setStatus(name, 'SERVING');
      }
      createReflection(['grpc.health.v1.Health', ...served.map((service) => service.name)]).addToServer(
        server,
      );
      const port = await bind(server, address, options.port, credentialsOf(options.tls));
      running = { server, port, health, stopping };
      stopped = undefined;
      logger.info('gRPC server listening', { address, port, tls: options.tls !== undefined });
    },

    stop() {
      stopped ??= stop();
      return stopped;
    },

    ready: () => running !== undefined,
  };
}

function credentialsOf(tls: RpcServerTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const authority = tls.clientCertificateAuthority;
  return ServerCredentials.createSsl(
    authority === undefined ? null : Buffer.from(authority),
    [{ private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.certificate) }],
    authority !== undefined,
  );
}

function bind(
  server: Server,
  address: string,
  port: number,
  credentials: ServerCredentials,
): Promise<number> {
  const host = address.includes(':') ? `[${address}]` : address;
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, credentials, (error, bound) => {
      if (error === null) return resolve(bound);
      server.forceShutdown();
      const reason = /EADDRINUSE/.test(error.message)
        ? 'address already in use'
        : /EACCES/.test(error.message)
          ? 'permission denied'
          : error.message;
      reject(new Error(`cannot listen on ${host}:${port}: ${reason}`, { cause: error }));
    });
  });
}

/** Lets calls under way finish, for as long as `drainMs`; then cuts what is left. */
function shutDown(server: Server, drainMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.forceShutdown(), drainMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
