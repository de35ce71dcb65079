import type { LogLine, RecordedOutput } from '../logs/index.ts';

/** What a process of its own printed, kept in lines as a container log is; the oldest go when it grows too long. */
export interface OutputLog extends RecordedOutput {
  append(stream: 'stdout' | 'stderr', bytes: Uint8Array, nowMs: number): void;
  /** Ends what is not a whole line and wakes those who wait. */
  close(nowMs: number): void;
}

const maxLines = 10_000;
const maxPartialBytes = 16_384;

export function createOutputLog(): OutputLog {
  const lines: LogLine[] = [];
  const partial = { stdout: '', stderr: '' };
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const waiting: (() => void)[] = [];
  const wake = () => waiting.splice(0).forEach((go) => go());
  const push = (stream: 'stdout' | 'stderr', text: string, atMs: number) => {
    lines.push({ atMs, text: text.replace(/\r$/, ''), stream });
    if (lines.length > maxLines) lines.splice(0, lines.length - maxLines);
  };
  return {
    append(stream, bytes, nowMs) {
      const text = partial[stream] + decoders[stream].decode(bytes, { stream: true });
      const parts = text.split('\n');
      partial[stream] = parts.pop() ?? '';
      for (const part of parts) push(stream, part, nowMs);
      if (partial[stream].length > maxPartialBytes) {
        push(stream, partial[stream], nowMs);
        partial[stream] = '';
      }
      if (parts.length > 0) wake();
    },
    lines: () => lines,
    changed: () => new Promise((resolve) => waiting.push(resolve)),
    close(nowMs) {
      for (const stream of ['stdout', 'stderr'] as const) {
        if (partial[stream] !== '') push(stream, partial[stream], nowMs);
        partial[stream] = '';
      }
      wake();
    },
  };
}
