import { badRequest } from '@drydock/base/apimachinery';
import type { Clock } from '@drydock/base/clock';
import type { LogOptions } from '@drydock/port/kubelet';
import { formatLog, logLines, nextLineAtMs, type LoggedRun } from '../logs/index.ts';
import type { ContainerRuntime } from '../pods/index.ts';
import type { PodAgent } from './pod-agent.ts';

/** How often a follower looks whether the container still runs. */
const lookMs = 1_000;

/** The kubelet's words for what is most often waited for. */
const waitingTexts: Readonly<Record<string, string>> = {
  ErrImagePull: "image can't be pulled",
  ImagePullBackOff: 'trying and failing to pull image',
};

/** The run that a log is asked of: the present one, or the one before; undefined when there was none. */
export function loggedRun(container: ContainerRuntime, previous: boolean): LoggedRun | undefined {
  const { state, last, spec, behaviour } = container;
  const restarted = state.kind === 'waiting' && last !== undefined;
  const base = {
    container: container.name,
    image: spec.image ?? '',
    command: [...(spec.command ?? []), ...(spec.args ?? [])],
    script: behaviour.logs,
  };
  const ended =
    previous || state.kind === 'waiting' ? last : state.kind === 'terminated' ? state.ended : undefined;
  if (ended !== undefined) {
    return {
      ...base,
      startedAtMs: ended.startedAtMs,
      endedAtMs: ended.finishedAtMs,
      exitCode: ended.exitCode,
      // Until it is started again the output of the run before is still the latest.
      recorded: previous && !restarted ? container.lastOutput : container.output,
    };
  }
  if (previous || state.kind !== 'running') return undefined;
  return {
    ...base,
    startedAtMs: state.startedAtMs,
    endedAtMs: undefined,
    exitCode: undefined,
    recorded: container.output,
  };
}

/** The log of one container of a Pod that runs here. */
export async function* followLog(
  agent: PodAgent,
  container: ContainerRuntime,
  options: LogOptions,
  signal: AbortSignal,
  clock: Clock,
): AsyncGenerator<Uint8Array> {
  const podName = agent.runtime.pod.metadata.name ?? '';
  const previous = options.previous === true;
  const logged = loggedRun(container, previous);
  if (logged === undefined) {
    if (previous)
      throw badRequest(`previous terminated container "${container.name}" in pod "${podName}" not found`);
    const reason = container.state.kind === 'waiting' ? container.state.reason : 'ContainerCreating';
    throw badRequest(
      `container "${container.name}" in pod "${podName}" is waiting to start: ${waitingTexts[reason] ?? reason}`,
    );
  }
  const now = () => clock.now();
  let taken = 0;
  let seenMs = now();
  let budget = options.limitBytes ?? Number.POSITIVE_INFINITY;
  const all = logLines(logged, seenMs);
  taken = all.length;
  const first = formatLog(all, options, seenMs);
  budget -= first.length;
  // A follower is told at once that it is connected, even when there is nothing to say yet.
  if (first.length > 0 || options.follow === true) yield first;
  if (options.follow !== true || logged.endedAtMs !== undefined) return;
  while (!signal.aborted && budget > 0) {
    await nextChange(logged, seenMs, clock, signal, agent.gone);
    if (signal.aborted) return;
    const running = loggedRun(container, false);
    const current = running?.startedAtMs === logged.startedAtMs ? running : loggedRun(container, true);
    if (current === undefined || current.startedAtMs !== logged.startedAtMs) return;
    const nowMs = now();
    const recorded = logged.recorded ?? current.recorded;
    const lines = logLines({ ...current, recorded }, nowMs);
    // A recorded log forgets its oldest lines, a derived one only grows: what is new is at the end.
    const fresh =
      recorded === undefined
        ? lines.filter(({ atMs }) => atMs > seenMs)
        : lines.slice(Math.min(taken, lines.length));
    taken = lines.length;
    seenMs = nowMs;
    const { timestamps, stream } = options;
    const chunk = formatLog(
      fresh,
      { container: options.container, timestamps, stream, limitBytes: budget },
      nowMs,
    );
    budget -= chunk.length;
    if (chunk.length > 0) yield chunk;
    if (current.endedAtMs !== undefined || agent.gone.aborted) return;
  }
}

/** Waits for the next line, the end of the Pod, or the time to look again. */
async function nextChange(
  logged: LoggedRun,
  seenMs: number,
  clock: Clock,
  signal: AbortSignal,
  gone: AbortSignal,
): Promise<void> {
  const waitMs = Math.min(lookMs, Math.max(1, nextLineAtMs(logged, seenMs) - clock.now()));
  const stop = new AbortController();
  const end = () => stop.abort();
  for (const one of [signal, gone]) {
    if (one.aborted) return;
    one.addEventListener('abort', end, { once: true });
  }
  const changes = [clock.sleep(waitMs, stop.signal).catch(() => undefined)];
  if (logged.recorded !== undefined) changes.push(logged.recorded.changed());
  await Promise.race(changes);
  end();
  for (const one of [signal, gone]) one.removeEventListener('abort', end);
}
