import { X509Certificate } from 'node:crypto';
import { createServer as createPlainServer } from 'node:http';
import type { Server as PlainServer, ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Component } from '@drydock/port/component';
import type { HttpHandler } from '@drydock/port/http';
import { silentLogger } from '@drydock/port/observability';
import type { Logger } from '@drydock/port/observability';
import { ActiveRequests, createRequestListener } from './serve.ts';
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
}

/** A listening socket with a handler behind it. */
export interface HttpServer extends Component {
  /** The port listened on; 0 before the start. */
  readonly port: number;
  /** The IP address listened on; '' before the start. */
  readonly address: string;
}

const limits: ServerOptions = {
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

function listen(server: PlainServer | TlsServer, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void => reject(new ListenError(host, port, error));
    server.once('error', refused);
    server.listen({ host, port, backlog: 1024 }, () => {
      server.off('error', refused);
      resolve(server.address() as AddressInfo);
    });
  });
}

function closed(server: PlainServer | TlsServer): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function createServerComponent(
  options: HttpServerOptions,
  defaultName: string,
  create: (listener: ReturnType<typeof createRequestListener>) => PlainServer | TlsServer,
  frontProxyCa?: string,
): HttpServer {
  const proxyAuthority = frontProxyCa === undefined ? undefined : new X509Certificate(frontProxyCa);
  const name = options.name ?? defaultName;
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
      const created = create(createRequestListener(options.handler, active, logger, proxyAuthority));
      created.on('upgrade', createUpgradeListener(options.handler, active, logger, proxyAuthority));
      created.on('connection', (socket: Socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
      });
      bound = await listen(created, host, options.port);
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
  return createServerComponent(options, 'http', (listener) => createPlainServer(limits, listener));
}

/**
 * The TLS server of the API: HTTP/1.1 with keep-alive. Client certificates are asked for when a client CA is given; one that
 * does not verify counts as none, as in Kubernetes, so that other ways to authenticate stay open.
 */
export function createHttpsServer(options: HttpsServerOptions): HttpServer {
  const { cert, key, clientCa, frontProxyCa } = options.tls;
  const authorities = [clientCa, frontProxyCa].filter((one) => one !== undefined && one !== '');
  return createServerComponent(
    options,
    'https',
    (listener) =>
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
      ),
    frontProxyCa,
  );
}
