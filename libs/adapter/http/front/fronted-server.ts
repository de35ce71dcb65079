import { createServer as createSocketServer } from 'node:net';
import { silentLogger } from '@drydock/port/observability';
import { ListenError, relayedServer, type HttpServer, type HttpsServerOptions } from '../http-server.ts';
import { startFrontThread, type FrontThread } from './front-thread.ts';
import { Link } from './link.ts';

/** A thread that ended is started anew at once, and then ever more patiently while that does not help. */
const firstPauseMs = 20;
const longestPauseMs = 5_000;

/** Sockets that share a port would share it with another program of this user, too: see that nobody is there. */
function requireFree(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createSocketServer();
    probe.once('error', (error) => reject(new ListenError(host, port, error)));
    probe.listen({ host, port }, () => probe.close(() => resolve()));
  });
}

/** An HTTPS server whose connections, TLS and HTTP are other threads' work; the handler runs on this one. */
export function createFrontedServer(options: HttpsServerOptions): HttpServer {
  const { handler, tls, drainMs, threads = 1, host = '127.0.0.1', name = 'https' } = options;
  const logger = options.logger ?? silentLogger;
  const shared = threads > 1;
  const relayed = relayedServer(handler, logger);
  const fronts = new Map<number, FrontThread>();
  let bound: { address: string; port: number } | undefined;
  let stopping = false;
  let pauseMs = firstPauseMs;
  const pauses = new Set<NodeJS.Timeout>();

  function launch(index: number): FrontThread {
    const front = startFrontThread({
      settings: { tls, name, drainMs },
      logger,
      link: (post) => new Link({ handler, logger, relayed: relayed.server, post }),
      onLost: () => {
        fronts.delete(index);
        if (bound !== undefined) relaunchLater(index);
      },
    });
    fronts.set(index, front);
    return front;
  }

  /** The connections of a thread that ended are lost; new ones find another one on the same port. */
  function relaunchLater(index: number): void {
    const pause = setTimeout(() => {
      pauses.delete(pause);
      if (bound === undefined) return;
      const { port } = bound;
      launch(index)
        .listen(host, port, shared)
        .then(
          () => {
            pauseMs = firstPauseMs;
          },
          async (err: unknown) => {
            logger.error('a thread of the server does not listen', { server: name, err });
            const front = fronts.get(index);
            // One that ended by itself is followed by the next already.
            if (front === undefined || stopping) return;
            fronts.delete(index);
            await front.stop(0);
            relaunchLater(index);
          },
        );
    }, pauseMs);
    pauses.add(pause);
    pauseMs = Math.min(longestPauseMs, pauseMs * 2);
  }

  const server: HttpServer = {
    name,
    get port() {
      return bound?.port ?? 0;
    },
    get address() {
      return bound?.address ?? '';
    },
    ready: () => bound !== undefined && fronts.size > 0,
    prepare() {
      for (let index = fronts.size; index < threads; index += 1) launch(index);
    },
    async start() {
      stopping = false;
      server.prepare?.();
      if (shared && options.port !== 0) await requireFree(host, options.port);
      let place: { address: string; port: number } | undefined;
      try {
        for (const front of fronts.values()) {
          const listening = await front.listen(host, place?.port ?? options.port, shared);
          place ??= listening;
        }
        if (place === undefined) throw new Error('the threads of the server ended before they listened');
      } catch (error) {
        await server.stop();
        throw error;
      }
      bound = place;
    },
    async stop() {
      stopping = true;
      bound = undefined;
      for (const pause of pauses) clearTimeout(pause);
      pauses.clear();
      const all = [...fronts.values()];
      fronts.clear();
      relayed.active.abortAll();
      await Promise.all(all.map((front) => front.stop(drainMs ?? 500)));
    },
  };
  return server;
}
