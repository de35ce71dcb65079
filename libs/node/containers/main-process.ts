import { BrokenPipeError, createBytePipe, nullSink, type ByteSink } from '@drydock/base/streams';
import type { Clock } from '@drydock/base/clock';
import type { ContainerStreams } from '@drydock/port/kubelet';
import type { OutputLog } from './output-log.ts';
import { followSize, runSession, type SessionOptions } from './session.ts';

export interface MainProcess {
  /** Starts it now, without waiting for a client. */
  start(): void;
  /** Connects a client until the process ends or the client goes. */
  attach(streams: ContainerStreams, signal: AbortSignal): Promise<void>;
  /** Whether it does something of its own about that signal. */
  catches(signal: number): boolean;
  /** Sends it a signal that it catches; false where it does not. */
  send(signal: number): boolean;
}

export interface MainProcessOptions {
  readonly session: SessionOptions;
  readonly log: OutputLog;
  readonly clock: Clock;
  /** Its standard input ends with that of the first client. */
  readonly stdinOnce: boolean;
  /** Told once, with the exit code. */
  onExit(exitCode: number): void;
}

/** A client is given this long to attach before the process starts, so that it sees it from the beginning. */
const attachGraceMs = 1_000;

/** A container's own process, run for real: what it prints goes to its log and to whoever is attached. */
export function startMainProcess(options: MainProcessOptions): MainProcess {
  const { log, clock } = options;
  const handlers = new Map<number, () => void>();
  const session = { ...options.session, handlers };
  const stdin = createBytePipe();
  const sizes = createSizes();
  const clients = new Set<ContainerStreams>();
  const over = new AbortController();
  let started = false;

  function broadcast(stream: 'stdout' | 'stderr'): ByteSink {
    return {
      async write(bytes) {
        log.append(stream, bytes, clock.now());
        for (const client of [...clients]) {
          // The slowest client holds the process up, as a full pipe would.
          await (client[stream] ?? nullSink()).write(bytes).catch((error: unknown) => {
            if (!(error instanceof BrokenPipeError)) throw error;
            clients.delete(client);
          });
        }
      },
      end() {},
    };
  }

  function start(): void {
    if (started) return;
    started = true;
    const streams = { stdin, stdout: broadcast('stdout'), stderr: broadcast('stderr'), resize: sizes.all() };
    runSession(session, streams, over.signal)
      .catch((error: unknown) => {
        log.append(
          'stderr',
          new TextEncoder().encode(`${error instanceof Error ? error.message : String(error)}\n`),
          clock.now(),
        );
        return 127;
      })
      .then((exitCode) => {
        log.close(clock.now());
        stdin.cancel();
        over.abort();
        options.onExit(exitCode);
      })
      .catch(() => undefined);
  }
  const timer = clock.setTimeout(start, attachGraceMs);

  async function feed(streams: ContainerStreams, gone: AbortSignal): Promise<void> {
    const { stdin: typed } = streams;
    if (typed === undefined) return;
    try {
      for (let bytes = await typed.read(); bytes !== undefined; bytes = await typed.read())
        await stdin.write(bytes);
      if (options.stdinOnce && !gone.aborted) stdin.end();
    } catch {
      typed.cancel();
    }
    if (options.stdinOnce) stdin.end();
  }

  return {
    catches: (signal) => !over.signal.aborted && handlers.has(signal),
    send(signal) {
      const caught = over.signal.aborted ? undefined : handlers.get(signal);
      caught?.();
      return caught !== undefined;
    },
    start() {
      timer.cancel();
      stdin.end();
      start();
    },
    async attach(streams, signal) {
      clients.add(streams);
      timer.cancel();
      start();
      void feed(streams, signal);
      if (streams.resize !== undefined) void followSize(streams.resize, sizes.push);
      if (!over.signal.aborted && !signal.aborted) {
        await new Promise<void>((resolve) => {
          over.signal.addEventListener('abort', () => resolve(), { once: true });
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
      }
      clients.delete(streams);
    },
  };
}

function createSizes() {
  const waiting: ((size: { width: number; height: number }) => void)[] = [];
  return {
    push: (size: { width: number; height: number }) => waiting.splice(0).forEach((go) => go(size)),
    async *all() {
      for (;;) yield await new Promise<{ width: number; height: number }>((resolve) => waiting.push(resolve));
    },
  };
}
