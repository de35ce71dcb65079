import { X509Certificate } from 'node:crypto';
import { createServer as createPlainServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server as PlainServer, ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Component } from '@drydock/port/component';
import type { HttpHandler } from '@drydock/port/http';
import { silentLogger } from '@drydock/port/observability';
import type { Logger } from '@drydock/port/observability';
import { RelaySocket } from './front/relay-socket.ts';
import { NodeRequest } from './node-request.ts';
import { ActiveRequests, createRequestListener, type NodeHandler } from './serve.ts';
import { wantsUpgrade } from './upgrade-header.ts';
import { createUpgradeListener } from './upgrade.ts';

export interface HttpServerOptions {
  handler: HttpHandler;
  /** Interface to listen on. Default `127.0.0.1`. */
  host?: string;
  /** 0 takes a free port, told by `port` after the start. */
  port: number;
  /** Component name. Default `https` or `http`. */
  name?: string;
  logger?: Logger;
  /** How long answers under way may take to end when stopping, milliseconds. Default 500. */
  drainMs?: number;
}

export interface TlsMaterial {
  /** PEM; the chain, leaf first. */
  cert: string;
  /** PEM. */
  key: string;
  /** PEM bundle that client certificates are checked against. Without it none is asked for. */
  clientCa?: string;
  /** PEM of the one authority of front proxies. A certificate of it never says who a user is. */
  frontProxyCa?: string;
}

export interface HttpsServerOptions extends HttpServerOptions {
  tls: TlsMaterial;
  /**
   * Threads that take connections, TLS and HTTP off this one. Default 0: none. More than one needs a system where sockets
   * share a port (Linux).
   */
  threads?: number;
}

/** A listening socket with a handler behind it. */
export interface HttpServer extends Component {
  /** Begins early with what the start needs, where there is such. */
  prepare?(): void;
  /** The port listened on; 0 before the start. */
  readonly port: number;
  /** The IP address listened on; '' before the start. */
  readonly address: string;
}

export const limits: ServerOptions = {
  // As Kubernetes' servers: 32 s for the head, 90 s idle, 1 MiB of headers. A body has as long as a request may take.
  headersTimeout: 32_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 90_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 1 << 20,
  noDelay: true,
  // Other Upgrade headers (h2c) are not ours: the request is answered as if they were not there.
  shouldUpgradeCallback: wantsUpgrade,
};

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is already in use',
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'no such address on this machine',
  ENOTFOUND: 'no such host',
};

/** Why listening failed, in one line for the person who started it. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  /** The system's code, e.g. `EADDRINUSE`. */
  readonly code: string;

  constructor(host: string, port: number, cause: NodeJS.ErrnoException) {
    const code = cause.code ?? '';
    super(
      `cannot listen on ${host.includes(':') ? `[${host}]` : host}:${port}: ${reasons[code] ?? cause.message}`,
      { cause },
    );
    this.code = code;
  }
}

function listen(
  server: PlainServer | TlsServer,
  host: string,
  port: number,
  shared: boolean,
): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void => reject(new ListenError(host, port, error));
    server.once('error', refused);
    server.listen({ host, port, backlog: 1024, reusePort: shared }, () => {
      server.off('error', refused);
      resolve(server.address() as AddressInfo);
    });
  });
}

function closed(server: PlainServer | TlsServer): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

export interface ServerParts extends Omit<HttpServerOptions, 'handler'> {
  readonly name: string;
  readonly handler: NodeHandler;
  create(listener: RequestListener): PlainServer | TlsServer;
  readonly frontProxyCa?: string | undefined;
  /** Who takes connections that change their protocol. Default: the handler. */
  upgrade?(request: NodeRequest, incoming: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Others of this process listen on the same port. */
  readonly shared?: boolean;
}

/** A server of node's as a component. */
export function createServerComponent(options: ServerParts): HttpServer {
  const { name, frontProxyCa, upgrade } = options;
  const proxyAuthority = frontProxyCa === undefined ? undefined : new X509Certificate(frontProxyCa);
  const host = options.host ?? '127.0.0.1';
  const logger = options.logger ?? silentLogger;
  const active = new ActiveRequests();
  /** Connections of all kinds: those in a handshake and those that changed their protocol are no business of node's server. */
  const sockets = new Set<Socket>();
  let server: PlainServer | TlsServer | undefined;
  let bound: AddressInfo | undefined;

  return {
    name,
    get port() {
      return bound?.port ?? 0;
    },
    get address() {
      return bound?.address ?? '';
    },
    ready: () => bound !== undefined,
    async start() {
      const created = options.create(createRequestListener(options.handler, active, logger, proxyAuthority));
      created.on(
        'upgrade',
        upgrade === undefined
          ? createUpgradeListener(options.handler, active, logger, proxyAuthority)
          : (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
              socket.on('error', () => socket.destroy());
              upgrade(new NodeRequest(incoming, socket, proxyAuthority), incoming, socket, head);
            },
      );
      created.on('connection', (socket: Socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
      });
      bound = await listen(created, host, options.port, options.shared === true);
      server = created;
      created.on('error', (err) => logger.error('server failed', { server: name, err }));
      logger.debug('listening', { server: name, address: bound.address, port: bound.port });
    },
    async stop() {
      const stopping = server;
      server = undefined;
      bound = undefined;
      if (stopping === undefined) return;
      const gone = closed(stopping);
      active.abortAll();
      stopping.closeIdleConnections();
      // A keep-alive connection becomes idle when its answer is out; look again until the time is up.
      const sweep = setInterval(() => stopping.closeIdleConnections(), 20);
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, options.drainMs ?? 500);
      await gone;
      clearInterval(sweep);
      clearTimeout(cut);
    },
  };
}

/** A plain HTTP/1.1 server: for health and metrics ports that carry no secrets, and for tests. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  return createServerComponent({
    name: 'http',
    ...options,
    create: (listener) => createPlainServer(limits, listener),
  });
}

/** A server without a port, for connections that are given to it. A socket may bring the answer to its one request along. */
export function relayedServer(handler: HttpHandler, logger: Logger) {
  const active = new ActiveRequests();
  const answered: NodeHandler = (request) =>
    (request.socket instanceof RelaySocket ? request.socket.answer : undefined) ?? handler(request);
  const server = createPlainServer(limits, createRequestListener(answered, active, logger));
  server.on('upgrade', createUpgradeListener(answered, active, logger));
  return { server, active };
}

/**
 * Makes the TLS server of the API: HTTP/1.1 with keep-alive. Client certificates are asked for when a client CA is given; one
 * that does not verify counts as none, as in Kubernetes, so that other ways to authenticate stay open.
 */
export function tlsServerOf({ cert, key, clientCa, frontProxyCa }: TlsMaterial) {
  const authorities = [clientCa, frontProxyCa].filter((one) => one !== undefined && one !== '');
  return (listener: RequestListener): TlsServer =>
    createTlsServer(
      {
        ...limits,
        cert,
        key,
        minVersion: 'TLSv1.2',
        ALPNProtocols: ['http/1.1'],
        ...(authorities.length === 0
          ? {}
          : { ca: authorities.join('\n'), requestCert: true, rejectUnauthorized: false }),
      },
      listener,
    );
}
