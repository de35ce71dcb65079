import type { Probe } from '@drydock/api/core/v1';
import type { ContainerRuntime, PodRuntime } from './runtime.ts';
import { podPhase } from './status.ts';

/** Something worth an Event or an outside action. */
export type Happening =
  | {
      readonly kind: 'pulled' | 'created' | 'started' | 'killing' | 'back-off';
      readonly container: ContainerRuntime;
    }
  | { readonly kind: 'image-error'; readonly container: ContainerRuntime; readonly reason: string }
  | { readonly kind: 'overdue' };

export interface Advance {
  readonly changed: boolean;
  /** When to look again; undefined when nothing is due. */
  readonly wakeAtMs: number | undefined;
  readonly happenings: readonly Happening[];
}

const firstBackoffMs = 10_000;
const longestBackoffMs = 300_000;
/** A container that ran this long starts its back-off anew. */
const backoffResetMs = 600_000;

/** Back-off before the restart that follows `crashes` ends, as the kubelet's: none, then 10 s doubling to 5 minutes. */
export function restartBackoffMs(crashes: number): number {
  return crashes <= 1
    ? crashes === 1
      ? firstBackoffMs
      : 0
    : Math.min(longestBackoffMs, firstBackoffMs * 2 ** (crashes - 1));
}

/** When a probe first succeeds in a container that is well: after its delay. */
function probeDelayMs(probe: Probe | undefined): number {
  return (probe?.initialDelaySeconds ?? 0) * 1000;
}

function restarts(runtime: PodRuntime, container: ContainerRuntime, exitCode: number): boolean {
  if (runtime.stoppingSinceMs !== undefined || runtime.overdueSinceMs !== undefined) return false;
  if (container.role === 'sidecar') return true;
  if (container.role === 'ephemeral') return false;
  const policy = runtime.pod.spec?.restartPolicy ?? 'Always';
  if (container.role === 'init') return exitCode !== 0 && policy !== 'Never';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

/** A container that counts as done with its part of the start-up. */
function past(container: ContainerRuntime): boolean {
  if (container.role === 'init')
    return container.state.kind === 'terminated' && container.state.ended.exitCode === 0;
  return container.state.kind === 'running' && container.started;
}

/**
 * Moves a Pod's containers on to `nowMs`: starts what may start, ends what is to end, restarts, turns ready.
 * Deterministic; the only state is `runtime`. `newId` gives fresh container ids.
 */
export function advance(runtime: PodRuntime, nowMs: number, newId: () => string): Advance {
  let changed = false;
  let wakeAtMs: number | undefined;
  const happenings: Happening[] = [];
  const wake = (atMs: number) => {
    wakeAtMs = wakeAtMs === undefined ? atMs : Math.min(wakeAtMs, atMs);
  };

  function end(container: ContainerRuntime, atMs: number, exitCode: number): void {
    if (container.state.kind !== 'running') return;
    changed = true;
    const ranMs = atMs - container.state.startedAtMs;
    const ended = {
      exitCode,
      reason: exitCode === 0 ? 'Completed' : 'Error',
      message: container.exited?.message,
      startedAtMs: container.state.startedAtMs,
      finishedAtMs: atMs,
      containerId: container.containerId,
    };
    container.ready = false;
    container.started = false;
    container.exited = undefined;
    container.state = { kind: 'terminated', ended };
    if (!restarts(runtime, container, exitCode)) return;
    container.crashes = ranMs >= backoffResetMs ? 0 : container.crashes;
    const backoffMs = restartBackoffMs(container.crashes);
    container.crashes++;
    container.last = ended;
    if (backoffMs > 0) {
      happenings.push({ kind: 'back-off', container });
      container.state = {
        kind: 'waiting',
        reason: 'CrashLoopBackOff',
        message: `back-off ${goSeconds(backoffMs)} restarting failed container=${container.name} pod=${runtime.pod.metadata.name}_${runtime.pod.metadata.namespace}(${runtime.uid})`,
        untilMs: atMs + backoffMs,
      };
    } else {
      container.state = { kind: 'waiting', reason: 'ContainerCreating', untilMs: atMs };
    }
  }

  function startUp(container: ContainerRuntime): void {
    if (container.state.kind !== 'waiting') return;
    const { imageError } = container.behaviour;
    if (imageError !== undefined) {
      if (container.state.reason === imageError) return;
      changed = true;
      happenings.push({ kind: 'image-error', container, reason: imageError });
      container.state = {
        kind: 'waiting',
        reason: imageError,
        message: `Back-off pulling image "${container.spec.image ?? ''}"`,
        untilMs: undefined,
      };
      return;
    }
    if (container.state.untilMs === undefined) {
      container.state = { ...container.state, untilMs: nowMs + container.behaviour.startDelayMs };
    }
    const dueMs = container.state.untilMs ?? nowMs;
    if (dueMs > nowMs) {
      wake(dueMs);
      return;
    }
    changed = true;
    if (container.last !== undefined) container.restarts++;
    container.containerId = newId();
    if (container.last !== undefined) container.lastOutput = container.output;
    container.output = undefined;
    container.exited = undefined;
    container.state = { kind: 'running', startedAtMs: dueMs };
    happenings.push(
      { kind: 'pulled', container },
      { kind: 'created', container },
      { kind: 'started', container },
    );
  }

  function live(container: ContainerRuntime): void {
    if (container.state.kind !== 'running') return;
    const { startedAtMs } = container.state;
    const { exitAfterMs, exitCode, unready } = container.behaviour;
    if (container.exited !== undefined) {
      end(container, container.exited.atMs, container.exited.exitCode);
      if ((container.state.kind as string) === 'waiting') startUp(container);
      return;
    }
    if (exitAfterMs !== undefined) {
      if (startedAtMs + exitAfterMs <= nowMs) {
        end(container, startedAtMs + exitAfterMs, exitCode);
        // It may be due to start again at once.
        if ((container.state.kind as string) === 'waiting') startUp(container);
        return;
      }
      wake(startedAtMs + exitAfterMs);
    }
    const startedUpMs = startedAtMs + probeDelayMs(container.spec.startupProbe);
    if (!container.started) {
      if (startedUpMs <= nowMs) {
        container.started = true;
        changed = true;
      } else wake(startedUpMs);
    }
    if (!container.ready && !unready && container.role !== 'init') {
      const readyMs = Math.max(startedUpMs, startedAtMs + probeDelayMs(container.spec.readinessProbe));
      if (readyMs <= nowMs) {
        container.ready = true;
        changed = true;
      } else wake(readyMs);
    }
  }

  function stop(sinceMs: number, graceSeconds: number): void {
    const graceMs = graceSeconds * 1000;
    for (const container of runtime.containers) {
      if (container.state.kind === 'running') {
        const dueMs = sinceMs + Math.min(container.behaviour.stopDelayMs, graceMs);
        // A container that outlasts its grace period is killed: 128 + SIGKILL.
        if (dueMs <= nowMs) end(container, dueMs, container.behaviour.stopDelayMs > graceMs ? 137 : 0);
        else wake(dueMs);
      }
    }
  }

  function watchDeadline(): void {
    const seconds = runtime.pod.spec?.activeDeadlineSeconds;
    if (seconds === undefined || runtime.overdueSinceMs !== undefined) return;
    const phase = podPhase(runtime);
    if (phase === 'Succeeded' || phase === 'Failed') return;
    const deadlineMs = runtime.startedAtMs + seconds * 1000;
    if (deadlineMs > nowMs) {
      wake(deadlineMs);
      return;
    }
    runtime.overdueSinceMs = deadlineMs;
    changed = true;
    happenings.push({ kind: 'overdue' });
    for (const container of runtime.containers)
      if (container.state.kind === 'running') happenings.push({ kind: 'killing', container });
  }

  if (runtime.stoppingSinceMs !== undefined) {
    stop(runtime.stoppingSinceMs, runtime.pod.metadata.deletionGracePeriodSeconds ?? 30);
    return { changed, wakeAtMs, happenings };
  }
  watchDeadline();
  if (runtime.overdueSinceMs !== undefined) {
    stop(runtime.overdueSinceMs, runtime.pod.spec?.terminationGracePeriodSeconds ?? 30);
    return { changed, wakeAtMs, happenings };
  }

  // Init containers one after another; a sidecar lets the next begin once it has started.
  for (const container of runtime.containers) {
    startUp(container);
    live(container);
    if (
      container.role !== 'main' &&
      container.role !== 'ephemeral' &&
      !runtime.initialized &&
      !past(container)
    ) {
      return { changed, wakeAtMs, happenings };
    }
    if (container.role === 'init' && container.state.kind === 'terminated' && !container.ready) {
      container.ready = true;
      changed = true;
    }
    if (container.role === 'main' && !runtime.initialized) {
      runtime.initialized = true;
      changed = true;
    }
  }
  return { changed, wakeAtMs, happenings };
}

function goSeconds(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

/** True when every container has ended for good. */
export function stopped(runtime: PodRuntime): boolean {
  return runtime.containers.every(({ state }) => state.kind !== 'running');
}
