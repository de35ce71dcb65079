export type LogFields = Readonly<Record<string, unknown>>;

/** Structured logging: messages are constant, data goes into fields. An `err` field holds an error. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Its lines have these fields too, in place of such of the same name. */
  child(fields: LogFields): Logger;
}

/** Drops everything; the default of tests. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
