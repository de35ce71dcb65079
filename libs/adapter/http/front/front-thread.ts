import { getCompileCacheDir } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { Logger } from '@drydock/port/observability';
import { ListenError } from '../http-server.ts';
import { frontEntry } from './entry.ts';
import type { Link } from './link.ts';
import type { Batch, FrontCommand, FrontItem, FrontNews, FrontSettings } from './messages.ts';

/** Beyond the time that answers have to end, a thread that is told to stop is not waited for. */
const graceMs = 1_000;

export interface FrontThread {
  /** Where it listens. @throws ListenError; Error when the thread ended */
  listen(host: string, port: number, shared: boolean): Promise<{ address: string; port: number }>;
  /** Lets answers go out, then ends the thread. */
  stop(drainMs: number): Promise<void>;
}

export interface FrontThreadOptions {
  readonly settings: Omit<FrontSettings, 'compileCache'>;
  readonly logger: Logger;
  /** Makes main's side of the bridge to this thread. */
  link(post: (message: unknown, transfer: readonly ArrayBuffer[]) => void): Link;
  /** It ended without being told to. */
  onLost(): void;
}

/** Starts a thread; it loads its program while main goes on. */
export function startFrontThread(options: FrontThreadOptions): FrontThread {
  const { logger } = options;
  const { name } = options.settings;
  const settings: FrontSettings = { ...options.settings, compileCache: getCompileCacheDir() };
  const worker = new Worker(frontEntry, { name, workerData: settings });
  const link = options.link((message, transfer) => worker.postMessage(message, transfer));
  const tell = (command: FrontCommand): void => worker.postMessage(command);
  let stopping = false;
  let listened: ((news: FrontNews | undefined) => void) | undefined;
  let stopped: (() => void) | undefined;
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      link.lost();
      listened?.(undefined);
      stopped?.();
      if (!stopping) {
        logger.error('a thread of the server ended', { server: name, code });
        options.onLost();
      }
      resolve();
    });
  });

  function hear(news: FrontNews): void {
    if (news.kind === 'log') logger[news.level](news.message, news.fields);
    else if (news.kind === 'stopped') stopped?.();
    else listened?.(news);
  }

  worker.on('error', (err) => logger.error('a thread of the server failed', { server: name, err }));
  worker.on('messageerror', (err) => logger.error('a message was not understood', { server: name, err }));
  worker.on('message', (message: Batch<FrontItem> | FrontNews) => {
    if ('kind' in message) hear(message);
    else link.receive(message);
  });

  return {
    async listen(host, port, shared) {
      tell({ kind: 'listen', host, port, shared });
      const news = await new Promise<FrontNews | undefined>((resolve) => (listened = resolve));
      if (news?.kind === 'listening') return { address: news.address, port: news.port };
      if (news?.kind === 'refused')
        throw new ListenError(host, port, Object.assign(new Error(news.message), { code: news.code }));
      throw new Error('the thread of the server ended before it listened');
    },
    async stop(drainMs) {
      stopping = true;
      const done = new Promise<void>((resolve) => (stopped = resolve));
      link.abortAll();
      link.flush();
      tell({ kind: 'stop' });
      const late = setTimeout(() => stopped?.(), drainMs + graceMs);
      await done;
      clearTimeout(late);
      await worker.terminate();
      await exited;
    },
  };
}
