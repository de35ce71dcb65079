import { formatMicroTime, parseTime } from '@drydock/base/apimachinery';
import type { LogOptions } from '@drydock/port/kubelet';

/** One run of a container, as far as its log is concerned. */
export interface LoggedRun {
  readonly container: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly startedAtMs: number;
  readonly endedAtMs: number | undefined;
  readonly exitCode: number | undefined;
  /** Lines to log at the start instead of the greeting. */
  readonly script: string | undefined;
  /** What its own process printed; nothing else is logged then. */
  readonly recorded?: RecordedOutput | undefined;
}

export interface LogLine {
  readonly atMs: number;
  readonly text: string;
  /** Default `stdout`. */
  readonly stream?: 'stdout' | 'stderr';
}

/** The output of a process that runs for real. */
export interface RecordedOutput {
  lines(): readonly LogLine[];
  /** Resolves at the next change. */
  changed(): Promise<void>;
}

const heartbeatMs = 60_000;

/**
 * The log of a simulated container follows from its run: nothing is stored. A few lines at the start (or those of the
 * `logs` annotation), one a minute while it runs, one at the end.
 */
export function logLines(run: LoggedRun, nowMs: number): readonly LogLine[] {
  if (run.recorded !== undefined) return run.recorded.lines();
  const untilMs = Math.min(nowMs, run.endedAtMs ?? nowMs);
  const lines: LogLine[] = [];
  const push = (atMs: number, text: string) => {
    if (atMs <= untilMs) lines.push({ atMs, text });
  };
  if (run.script !== undefined) {
    run.script
      .replace(/\n$/, '')
      .split('\n')
      .forEach((text, at) => push(run.startedAtMs + at, text));
  } else {
    push(run.startedAtMs, `${run.container}: starting (image ${run.image})`);
    if (run.command.length > 0)
      push(run.startedAtMs + 1, `${run.container}: running ${run.command.join(' ')}`);
    push(run.startedAtMs + 2, `${run.container}: ready`);
    const beats = Math.floor((untilMs - run.startedAtMs) / heartbeatMs);
    for (let beat = 1; beat <= beats; beat++) {
      push(run.startedAtMs + beat * heartbeatMs, `${run.container}: up ${beat}m`);
    }
  }
  if (run.endedAtMs !== undefined && run.script === undefined) {
    push(run.endedAtMs, `${run.container}: exiting with code ${run.exitCode ?? 0}`);
  }
  return lines;
}

/** Next moment at which a running container logs something. */
export function nextLineAtMs(run: LoggedRun, nowMs: number): number {
  const beats = Math.floor((nowMs - run.startedAtMs) / heartbeatMs);
  return run.startedAtMs + (Math.max(0, beats) + 1) * heartbeatMs;
}

const encoder = new TextEncoder();

/** Container runtimes write nine digits of a second. */
function logTime(atMs: number): string {
  return formatMicroTime(atMs).replace('Z', '000Z');
}

/** Applies sinceSeconds, sinceTime, tailLines, timestamps and limitBytes, in the kubelet's order. */
export function formatLog(lines: readonly LogLine[], options: LogOptions, nowMs: number): Uint8Array {
  let sinceMs = Number.NEGATIVE_INFINITY;
  if (options.sinceSeconds !== undefined) sinceMs = nowMs - options.sinceSeconds * 1000;
  if (options.sinceTime !== undefined) sinceMs = parseTime(options.sinceTime);
  const wanted =
    options.stream === undefined || options.stream === 'All' ? undefined : options.stream.toLowerCase();
  let kept = lines.filter(
    ({ atMs, stream }) => atMs >= sinceMs && (wanted === undefined || (stream ?? 'stdout') === wanted),
  );
  if (options.tailLines !== undefined) kept = options.tailLines === 0 ? [] : kept.slice(-options.tailLines);
  const bytes = encoder.encode(
    kept
      .map(({ atMs, text }) => `${options.timestamps === true ? `${logTime(atMs)} ` : ''}${text}\n`)
      .join(''),
  );
  return options.limitBytes === undefined ? bytes : bytes.subarray(0, options.limitBytes);
}
