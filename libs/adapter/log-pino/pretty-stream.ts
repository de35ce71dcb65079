import type { DestinationStream } from 'pino';

const colours: Readonly<Record<string, number>> = { debug: 90, info: 36, warn: 33, error: 31 };

function isError(value: unknown): value is { type?: string; message?: string; stack?: string } {
  return typeof value === 'object' && value !== null && 'stack' in value && 'message' in value;
}

function formatValue(value: unknown): string {
  if (isError(value)) return value.message ?? '';
  if (typeof value === 'string') return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value);
}

/** `12:00:00.000 INFO  message key=value`, with an error's stack on the lines below. */
export function formatPretty(line: string, colour: boolean): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const paint = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const name = String(level);
  let text = `${paint(90, String(time).slice(11, 23))} ${paint(colours[name] ?? 0, name.toUpperCase().padEnd(5))} ${String(msg ?? '')}`;
  let stack = '';
  for (const [key, value] of Object.entries(fields)) {
    text += ` ${paint(90, `${key}=`)}${formatValue(value)}`;
    if (isError(value) && name === 'error') stack += `\n${value.stack ?? ''}`;
  }
  return `${text}${stack}\n`;
}

/** Turns pino's JSON lines into lines for people. */
export function createPrettyStream(stream: NodeJS.WritableStream, colour: boolean): DestinationStream {
  return { write: (line) => void stream.write(formatPretty(line, colour)) };
}
