import type { LogFields, Logger } from '@drydock/port/observability';
import { pino, stdSerializers } from 'pino';
import type { DestinationStream, Logger as PinoLogger } from 'pino';
import { createPrettyStream } from './pretty-stream.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface PinoLoggerOptions {
  /** Least severe level that is written. Default `info`. */
  level?: LogLevel;
  /** Default: `pretty` when the stream is a terminal, otherwise `json` (one object a line). */
  format?: 'json' | 'pretty';
  /** Default: standard error, so that standard output stays the program's own. */
  stream?: NodeJS.WritableStream & { isTTY?: boolean };
  /** Fields on every line. */
  fields?: LogFields;
}

/**
 * A logger whose lines have these fields. pino would write a field twice that comes again, from a child or with a message: here
 * the later one takes the place of the earlier.
 */
function withFields(root: PinoLogger, fields: LogFields): Logger {
  const target = root.child(fields);
  const write =
    (level: Exclude<LogLevel, 'silent'>) =>
    (message: string, more?: LogFields): void => {
      if (more === undefined) target[level](message);
      else if (Object.keys(more).some((name) => Object.hasOwn(fields, name))) {
        if (target.isLevelEnabled(level)) root.child({ ...fields, ...more })[level](message);
      } else target[level](more, message);
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (more) => withFields(root, { ...fields, ...more }),
  };
}

/** A Logger on pino. Writing is synchronous: what was logged before a crash is there to read. */
export function createPinoLogger(options: PinoLoggerOptions = {}): Logger {
  const stream = options.stream ?? process.stderr;
  const pretty = (options.format ?? (stream.isTTY === true ? 'pretty' : 'json')) === 'pretty';
  const destination: DestinationStream = pretty
    ? createPrettyStream(stream, stream.isTTY === true)
    : { write: (line) => void stream.write(line) };
  const target = pino(
    {
      level: options.level ?? 'info',
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
      serializers: { err: stdSerializers.err, error: stdSerializers.err },
    },
    destination,
  );
  return withFields(target, options.fields ?? {});
}
