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

function wrap(target: PinoLogger): Logger {
  return {
    debug: (message, fields) =>
      fields === undefined ? target.debug(message) : target.debug(fields, message),
    info: (message, fields) => (fields === undefined ? target.info(message) : target.info(fields, message)),
    warn: (message, fields) => (fields === undefined ? target.warn(message) : target.warn(fields, message)),
    error: (message, fields) =>
      fields === undefined ? target.error(message) : target.error(fields, message),
    child: (fields) => wrap(target.child(fields)),
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
  return wrap(options.fields === undefined ? target : target.child(options.fields));
}
