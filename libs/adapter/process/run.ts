import { systemClock, systemRandom, type Clock, type Random } from '@drydock/base/clock';
import { createPinoLogger } from '@drydock/log-pino';
import { createPromMetrics } from '@drydock/metrics-prom';
import type { Logger, Metrics } from '@drydock/port/observability';
import { parseProcessArguments, type ProcessProgram } from './program.ts';
import type { ServingOptions } from './serving-flags.ts';

/** The doors of the world that a process has. */
export interface ProcessDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** A process as its `wire.ts` puts it together. */
export interface ProcessParts {
  start(): Promise<void>;
  /** Drains and releases everything; also after a start that failed or was cut short. */
  stop(): Promise<void>;
  /** Where it listens, known after the start: `{ https: '127.0.0.1:7443', grpc: '127.0.0.1:7050' }`. */
  addresses(): Readonly<Record<string, string>>;
}

const reasonOf = (error: unknown): string =>
  ((error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '').trim();

function interruption(host: NodeJS.Process): Promise<void> {
  return new Promise((resolve) => {
    let told = 0;
    const heard = (): void => {
      told += 1;
      // Who asks twice does not want to wait.
      if (told > 1) host.exit(130);
      resolve();
    };
    host.on('SIGTERM', heard);
    host.on('SIGINT', heard);
  });
}

/**
 * Reads the command line, runs the process until SIGTERM or SIGINT, drains it within `--shutdown-timeout`, and answers the
 * exit code. When it serves it writes one line to standard output: `<name> is ready https=<host:port> …`. A start that
 * fails is one line on standard error and 1.
 */
export async function runProcess<T>(
  program: ProcessProgram<T>,
  wire: (options: ServingOptions & T, deps: ProcessDeps) => ProcessParts | Promise<ProcessParts>,
  host: NodeJS.Process = process,
): Promise<number> {
  const invocation = parseProcessArguments(program, host.argv.slice(2), {
    out: (text) => host.stdout.write(text),
    err: (text) => host.stderr.write(text),
  });
  if (invocation.kind === 'exit') return invocation.code;
  const { options } = invocation;
  const logger = createPinoLogger({ level: options.logLevel, fields: { process: program.name } });
  const interrupted = interruption(host);
  // Nothing of one request or one loop may end the process; what is thrown past everything may have left anything behind.
  host.on('unhandledRejection', (err) => logger.error('unexpected rejection', { err }));

  let parts: ProcessParts | undefined;
  const stop = async (): Promise<number> => {
    const stopping = Promise.resolve(parts?.stop()).then(
      () => 0,
      (err: unknown) => {
        logger.error('the stop failed', { err });
        return 1;
      },
    );
    const late = systemClock.sleep(options.shutdownTimeoutMs).then(() => {
      logger.warn('the stop took too long and is cut short', { timeoutMs: options.shutdownTimeoutMs });
      return 1;
    });
    return Promise.race([stopping, late]);
  };
  try {
    parts = await wire(options, {
      clock: systemClock,
      random: systemRandom,
      logger,
      metrics: createPromMetrics(),
    });
    const cut = await Promise.race([parts.start().then(() => false), interrupted.then(() => true)]);
    if (cut) return await stop();
  } catch (error) {
    host.stderr.write(`${program.name}: ${reasonOf(error)}\n`);
    await stop();
    return 1;
  }
  const addresses = Object.entries(parts.addresses()).map(([name, address]) => ` ${name}=${address}`);
  host.stdout.write(`${program.name} is ready${addresses.join('')}\n`);
  // Sockets keep it alive; a process without any should live too.
  const alive = setInterval(() => undefined, 1 << 30);
  await interrupted;
  clearInterval(alive);
  logger.info('stopping');
  return stop();
}
