import type { Logger } from '@drydock/port/observability';
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { ConnectionOptions, NatsConnection } from '@nats-io/transport-node';
import { connect } from '@nats-io/transport-node';

export interface NatsTls {
  /**
   * PEM of the authorities to trust. Default: those of the system. A server that is reached by its address rather than
   * by a name must have a certificate for `localhost`: its client library checks addresses as that.
   */
  readonly certificateAuthority?: string;
  /** PEM, for mutual TLS. */
  readonly certificate?: string;
  readonly key?: string;
}

/** How to reach NATS; common to publisher and subscriber. */
export interface NatsOptions {
  /** `host:port`, `nats://…` or `tls://…`; members of one cluster. */
  readonly servers: readonly string[];
  /** Shown in the server's list of connections. */
  readonly clientName?: string;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  readonly tls?: NatsTls;
  /** The stream all publishers and subscribers of one cluster share. Default `DRYDOCK_EVENTS`. */
  readonly stream?: string;
  /** What its subjects begin with. Default `drydock.events`, of a stream of another name `drydock.events-<stream>`. */
  readonly subjectPrefix?: string;
  readonly logger: Logger;
}

/** A connection and JetStream over it. */
export interface NatsSession {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly client: JetStreamClient;
}

/** A connection that is made in the background, kept, and made again for as long as it takes. */
export interface NatsLink {
  /** Resolves when connected; rejects when `signal` aborts or the link is closed. */
  session(signal: AbortSignal): Promise<NatsSession>;
  connected(): boolean;
  /** The same promise, rejected at once when the connection is lost: its answer would only be waited for in vain. */
  whileConnected<T>(promise: Promise<T>): Promise<T>;
  /** Called after each loss and each return of the connection. Returns the way to stop. */
  onChange(listener: (connected: boolean) => void): () => void;
  close(): Promise<void>;
}

const RETRY_MS = 250;
/** A server that answers nothing for this long, twice, counts as gone. */
const PING_MS = 3_000;
/** How long a request to the server may take. */
export const REQUEST_TIMEOUT_MS = 5_000;

function connectionOptions(options: NatsOptions): ConnectionOptions {
  const { servers, clientName = 'drydock', user, password, token, tls } = options;
  return {
    servers: [...servers],
    name: clientName,
    timeout: REQUEST_TIMEOUT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RETRY_MS,
    pingInterval: PING_MS,
    maxPingOut: 2,
    ignoreAuthErrorAbort: true,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { pass: password }),
    ...(token === undefined ? {} : { token }),
    ...(tls === undefined
      ? {}
      : {
          tls: {
            ...(tls.certificateAuthority === undefined ? {} : { ca: tls.certificateAuthority }),
            ...(tls.certificate === undefined ? {} : { cert: tls.certificate }),
            ...(tls.key === undefined ? {} : { key: tls.key }),
          },
        }),
  };
}

/** Begins to connect at once. */
export function openLink(options: NatsOptions): NatsLink {
  const { logger } = options;
  const listeners = new Set<(connected: boolean) => void>();
  let session: NatsSession | undefined;
  let up = false;
  let closed = false;
  let waiters: (() => void)[] = [];

  function change(connected: boolean): void {
    if (up === connected) return;
    up = connected;
    const woken = waiters;
    waiters = [];
    for (const wake of woken) wake();
    for (const listener of listeners) listener(connected);
  }

  async function follow(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect' || status.type === 'close') {
        if (up && !closed) logger.warn('connection to NATS lost', { server: connection.getServer() });
        change(false);
      } else if (status.type === 'reconnect') {
        logger.info('connected to NATS again', { server: connection.getServer() });
        change(true);
      }
    }
  }

  async function establish(): Promise<void> {
    let told = false;
    while (!closed) {
      try {
        const connection = await connect(connectionOptions(options));
        if (closed) return await connection.close();
        session = {
          connection,
          // Without the check at the start, which would fail while the server is still busy with its own start.
          manager: await jetstreamManager(connection, { checkAPI: false, timeout: REQUEST_TIMEOUT_MS }),
          client: jetstream(connection, { timeout: REQUEST_TIMEOUT_MS }),
        };
        logger.info('connected to NATS', { server: connection.getServer() });
        change(true);
        await follow(connection);
        // It was closed for good, by the server or by us.
        session = undefined;
        change(false);
      } catch (err) {
        // Once is enough: it is tried several times a second.
        if (!told) logger.warn('cannot reach NATS, trying again', { servers: options.servers, err });
        told = true;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
  const established = establish();

  function onChange(listener: (connected: boolean) => void): () => void {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  return {
    connected: () => up,
    onChange,
    whileConnected: (promise) =>
      new Promise((resolve, reject) => {
        const leave = onChange(() => reject(new Error('the connection to NATS is lost')));
        promise.then(resolve, reject).finally(leave);
      }),
    async session(signal) {
      while (!up || session === undefined) {
        if (closed || signal.aborted) throw new Error('the connection to NATS is closed');
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            signal.removeEventListener('abort', wake);
            resolve();
          };
          signal.addEventListener('abort', wake, { once: true });
          waiters.push(wake);
        });
      }
      return session;
    },
    async close() {
      if (closed) return established;
      closed = true;
      await session?.connection.close();
      change(false);
      for (const wake of waiters.splice(0)) wake();
      await established;
    },
  };
}
