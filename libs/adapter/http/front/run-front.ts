import type { MessagePort } from 'node:worker_threads';
import type { Logger, LogFields } from '@drydock/port/observability';
import type { ListenError } from '../http-server.ts';
import { createServerComponent, tlsServerOf } from '../http-server.ts';
import { createFront } from './front.ts';
import type { Batch, FrontCommand, FrontItem, FrontNews, FrontSettings, MainItem } from './messages.ts';
import { Outbox } from './outbox.ts';

function textOf(value: unknown): string {
  return value instanceof Error ? (value.stack ?? value.message) : String(value);
}

/** Logs where the process logs. */
function loggerOf(tell: (news: FrontNews) => void): Logger {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: LogFields = {}) =>
      tell({
        kind: 'log',
        level,
        message,
        fields: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, textOf(value)])),
      });
  const logger: Logger = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => logger,
  };
  return logger;
}

/** What a front thread does: listens when it is told to, and hands on to main what comes. */
export function runFront(settings: FrontSettings, port: MessagePort): void {
  const tell = (news: FrontNews): void => port.postMessage(news);
  const outbox = new Outbox<FrontItem>((message, transfer) => port.postMessage(message, transfer));
  const front = createFront(outbox);
  const logger = loggerOf(tell);
  process.on('unhandledRejection', (err) => logger.error('unexpected rejection', { err }));

  async function listen({ host, port: wanted, shared }: Extract<FrontCommand, { kind: 'listen' }>) {
    const server = createServerComponent({
      name: settings.name,
      host,
      port: wanted,
      shared,
      logger,
      ...(settings.drainMs === undefined ? {} : { drainMs: settings.drainMs }),
      handler: (request) => front.handle(request),
      upgrade: front.upgrade,
      create: tlsServerOf(settings.tls),
      frontProxyCa: settings.tls.frontProxyCa,
    });
    try {
      await server.start();
      tell({ kind: 'listening', address: server.address, port: server.port });
    } catch (error) {
      const { cause } = error as ListenError;
      const { code = '', message } = (cause instanceof Error ? cause : error) as NodeJS.ErrnoException;
      tell({ kind: 'refused', code, message });
    }
    return server;
  }

  let server: ReturnType<typeof listen> | undefined;
  async function stop(): Promise<void> {
    await (await server)?.stop();
    outbox.flush();
    tell({ kind: 'stopped' });
  }

  port.on('message', (message: Batch<MainItem> | FrontCommand) => {
    if (!('kind' in message)) front.receive(message);
    else if (message.kind === 'listen') server = listen(message);
    else void stop();
  });
}
