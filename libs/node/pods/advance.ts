import { stepHook, type HookKind } from './hooks.ts';
import { imageStep, pulledMessage, type ImageFault } from './images.ts';
import type { ProbeKind } from './probe-outcome.ts';
import { probeEvent, probeSpec, stepProbe } from './probes.ts';
import { isDone, type ContainerRuntime, type PodRuntime } from './runtime.ts';
import { podPhase } from './status.ts';
import { subPathFault } from './sub-path.ts';

/** Something worth an Event or an outside action. */
export type Happening =
  | {
      readonly kind: 'event';
      readonly container: ContainerRuntime;
      readonly type: 'Normal' | 'Warning';
      readonly reason: string;
      readonly message: string;
    }
  | { readonly kind: 'started' | 'back-off'; readonly container: ContainerRuntime }
  /** A container is told to stop; the Event says why. */
  | { readonly kind: 'killing'; readonly container: ContainerRuntime; readonly message?: string }
  /** What its environment needs is to be looked at: the answer goes into `configuration`. */
  | { readonly kind: 'configure'; readonly container: ContainerRuntime }
  /** The command of a probe is to be run: the answer goes into `probes`. */
  | { readonly kind: 'probe'; readonly container: ContainerRuntime; readonly probe: ProbeKind }
  /** Its own process, which catches the signal, is told to end. */
  | { readonly kind: 'terminate'; readonly container: ContainerRuntime }
  /** The command of a hook is to be run: the answer goes into `hook`. */
  | { readonly kind: 'hook'; readonly container: ContainerRuntime; readonly hook: HookKind }
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

/** How long a container waits after its image was not pulled, or its environment was not complete. */
function retryMs(failures: number, firstMs: number, longestMs: number): number {
  return Math.min(longestMs, firstMs * 2 ** (failures - 1));
}

/** A container that must not run as root and is told to. */
function rootFault({ pod, uid }: PodRuntime, { name, spec }: ContainerRuntime): string | undefined {
  const ofPod = pod.spec?.securityContext;
  const own = spec.securityContext;
  if ((own?.runAsNonRoot ?? ofPod?.runAsNonRoot) !== true) return undefined;
  if (Number(own?.runAsUser ?? ofPod?.runAsUser ?? -1) !== 0) return undefined;
  const { name: podName = '', namespace = '' } = pod.metadata;
  return `container's runAsUser breaks non-root policy (pod: "${podName}_${namespace}(${uid})", container: ${name})`;
}

/** SIGTERM. */
const terminationSignal = 15;
/** A failed pull is shown as such for a moment, then as the back-off that follows it. */
const pullErrorMs = 1_000;
const nodeFaultRetryMs = 10_000;
const configurationRetryMs = { first: 1_000, longest: 10_000 };

function restarts(runtime: PodRuntime, container: ContainerRuntime, exitCode: number): boolean {
  if (runtime.stoppingSinceMs !== undefined || runtime.overdueSinceMs !== undefined) return false;
  if (container.role === 'sidecar') return !isDone(runtime);
  if (container.role === 'ephemeral') return false;
  const policy = runtime.pod.spec?.restartPolicy ?? 'Always';
  // A failed probe counts as a failure, whatever the exit code.
  if (container.killed !== undefined) return policy !== 'Never';
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
    container.process = undefined;
    container.toldMs = undefined;
    container.probes = {};
    container.hook = undefined;
    container.lookedInto = false;
    container.hookedUpMs = undefined;
    container.state = { kind: 'terminated', ended };
    const again = restarts(runtime, container, exitCode);
    container.killed = undefined;
    if (!again) return;
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

  function tell(
    container: ContainerRuntime,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): void {
    happenings.push({ kind: 'event', container, type, reason, message });
  }

  /** Waits for so long, for that reason, before the next attempt at creating it. */
  function hold(container: ContainerRuntime, reason: string, message: string, forMs: number): void {
    changed = true;
    container.configuration = 'unknown';
    container.state = { kind: 'waiting', reason, message, untilMs: nowMs + forMs };
    wake(nowMs + forMs);
  }

  function withoutImage(container: ContainerRuntime, fault: ImageFault): void {
    container.failures++;
    const { image = '' } = container.spec;
    if (fault.pulled) tell(container, 'Normal', 'Pulling', `Pulling image ${JSON.stringify(image)}`);
    if (fault.event !== undefined) tell(container, 'Warning', fault.event.reason, fault.event.message);
    tell(container, 'Warning', 'Failed', `Error: ${fault.reason}`);
    hold(container, fault.reason, fault.message, fault.pulled ? pullErrorMs : nodeFaultRetryMs);
    if (fault.pulled && container.state.kind === 'waiting')
      container.state = { ...container.state, afterPull: { cause: `${fault.reason}: ${fault.message}` } };
  }

  function backOffPull(container: ContainerRuntime, cause: string): void {
    const text = `Back-off pulling image ${JSON.stringify(container.spec.image ?? '')}`;
    tell(container, 'Normal', 'BackOff', text);
    tell(container, 'Warning', 'Failed', 'Error: ImagePullBackOff');
    const forMs = retryMs(container.failures, firstBackoffMs, longestBackoffMs) - pullErrorMs;
    hold(container, 'ImagePullBackOff', `${text}: ${cause}`, forMs);
  }

  /** What its environment needs is there, or is asked for. */
  function configured(container: ContainerRuntime): boolean {
    const { configuration, needs } = container;
    let fault = rootFault(runtime, container) ?? subPathFault(runtime.pod, container.spec);
    if (fault === undefined) {
      if (needs.length === 0 || configuration === 'complete') return true;
      if (configuration === 'asked') return false;
      if (configuration === 'unknown') {
        container.configuration = 'asked';
        happenings.push({ kind: 'configure', container });
        return false;
      }
      ({ fault } = configuration);
    }
    container.failures++;
    tell(container, 'Warning', 'Failed', `Error: ${fault}`);
    const { first, longest } = configurationRetryMs;
    const forMs = retryMs(container.failures, first, longest);
    hold(container, 'CreateContainerConfigError', fault, forMs);
    return false;
  }

  function startUp(container: ContainerRuntime): void {
    if (container.state.kind !== 'waiting') return;
    if (container.state.untilMs !== undefined && container.state.untilMs > nowMs) {
      wake(container.state.untilMs);
      return;
    }
    if (container.state.afterPull !== undefined) {
      backOffPull(container, container.state.afterPull.cause);
      return;
    }
    const { image = '' } = container.spec;
    if (container.state.creating === undefined) {
      const step = imageStep(runtime.pod, container.spec, runtime.images);
      if (step.kind === 'fault') {
        withoutImage(container, step.fault);
        return;
      }
      const pulls = step.kind === 'pull';
      if (pulls) tell(container, 'Normal', 'Pulling', `Pulling image ${JSON.stringify(image)}`);
      // A container that was there before is made anew at once.
      const firstTime = container.state.untilMs === undefined;
      const dueMs = firstTime ? nowMs + container.behaviour.startDelayMs : (container.state.untilMs ?? nowMs);
      container.state = {
        ...container.state,
        untilMs: dueMs,
        creating: { pullingSinceMs: pulls ? nowMs : undefined },
      };
      if (dueMs > nowMs) {
        wake(dueMs);
        return;
      }
    }
    if (container.configuration === 'unknown') {
      const { pullingSinceMs } = container.state.creating ?? {};
      runtime.images.add(image);
      const tookMs = pullingSinceMs === undefined ? undefined : nowMs - pullingSinceMs;
      tell(container, 'Normal', 'Pulled', pulledMessage(image, tookMs));
    }
    if (!configured(container)) return;
    changed = true;
    // What was asked for at an API server took its time.
    const startedAtMs = container.needs.length > 0 ? nowMs : (container.state.untilMs ?? nowMs);
    container.failures = 0;
    container.configuration = 'unknown';
    if (container.last !== undefined) container.restarts++;
    container.containerId = newId();
    if (container.last !== undefined) container.lastOutput = container.output;
    container.output = undefined;
    container.exited = undefined;
    container.state = { kind: 'running', startedAtMs };
    tell(container, 'Normal', 'Created', `Created container: ${container.name}`);
    happenings.push({ kind: 'started', container });
  }

  function kill(container: ContainerRuntime, kind: 'startup' | 'liveness'): void {
    const { terminationGracePeriodSeconds: ofPod = 30, restartPolicy } = runtime.pod.spec ?? {};
    const graceSeconds = probeSpec(container, kind)?.terminationGracePeriodSeconds ?? ofPod;
    container.killed = { sinceMs: nowMs, graceMs: graceSeconds * 1000 };
    container.probes = {};
    const again = container.role === 'sidecar' || restartPolicy !== 'Never' ? ', will be restarted' : '';
    const message = `Container ${container.name} failed ${kind} probe${again}`;
    happenings.push({ kind: 'killing', container, message });
  }

  function probe(container: ContainerRuntime, kind: ProbeKind, earliestMs: number): boolean | undefined {
    const spec = probeSpec(container, kind);
    if (spec === undefined || container.state.kind !== 'running') return undefined;
    const delayedMs = container.state.startedAtMs + (spec.initialDelaySeconds ?? 0) * 1000;
    const step = stepProbe(runtime, container, kind, spec, Math.max(earliestMs, delayedMs), nowMs);
    for (const outcome of step.found) tell(container, 'Warning', ...probeEvent(kind, outcome));
    if (step.ask) happenings.push({ kind: 'probe', container, probe: kind });
    if (step.wakeAtMs !== undefined) wake(step.wakeAtMs);
    return step.verdict;
  }

  /** Whether a hook is over. */
  function hooked(container: ContainerRuntime, kind: HookKind, sinceMs: number): boolean | 'failed' {
    const step = stepHook(container, kind, sinceMs, nowMs);
    if (step.ask) happenings.push({ kind: 'hook', container, hook: kind });
    if (step.wakeAtMs !== undefined) wake(step.wakeAtMs);
    return step.state === 'failed' ? 'failed' : step.state !== 'running';
  }

  /** Whether a container that has started may be looked at; one whose hook fails is stopped. */
  function isUp(container: ContainerRuntime, startedAtMs: number): boolean {
    if (container.hookedUpMs !== undefined || container.started) return true;
    const over = hooked(container, 'postStart', startedAtMs);
    if (over === false) return false;
    if (over === true) {
      container.hookedUpMs = container.spec.lifecycle?.postStart === undefined ? startedAtMs : nowMs;
      return true;
    }
    tell(container, 'Warning', 'FailedPostStartHook', 'PostStartHook failed');
    const { terminationGracePeriodSeconds = 30 } = runtime.pod.spec ?? {};
    container.killed = { sinceMs: nowMs, graceMs: terminationGracePeriodSeconds * 1000 };
    happenings.push({ kind: 'killing', container, message: 'FailedPostStartHook' });
    return false;
  }

  /** Tells its own process to end, which takes what time it wants. */
  function endsByItself(container: ContainerRuntime, fromMs: number, deadlineMs: number): boolean {
    if (container.toldMs === undefined) {
      if (fromMs > nowMs || container.process?.catches(terminationSignal) !== true) return false;
      container.toldMs = nowMs;
      happenings.push({ kind: 'terminate', container });
    }
    if (nowMs >= deadlineMs) return false;
    wake(deadlineMs);
    return true;
  }

  /**
   * Ends a container that was told to stop: after its hook, when it is its turn, after its delay or when its own process has ended
   * by itself, and at the latest when its time is over.
   */
  function endWhenDue(
    container: ContainerRuntime,
    sinceMs: number,
    graceMs: number,
    finish: (atMs: number, exitCode: number) => void,
    turnMs: number = sinceMs,
  ): void {
    if (container.exited !== undefined) {
      finish(container.exited.atMs, container.exited.exitCode);
      return;
    }
    const deadlineMs = sinceMs + graceMs;
    let fromMs = sinceMs;
    if (container.spec.lifecycle?.preStop !== undefined) {
      const over = hooked(container, 'preStop', sinceMs);
      if (over === false && nowMs < deadlineMs) {
        wake(deadlineMs);
        return;
      }
      if (over === 'failed' && container.hook !== undefined) {
        tell(container, 'Warning', 'FailedPreStopHook', 'PreStopHook failed');
        container.hook.answer = { fault: undefined };
      }
      if (container.hook?.kind === 'preStop') {
        container.hook.overMs ??= Math.min(container.hook.endMs ?? nowMs, deadlineMs);
        fromMs = container.hook.overMs;
        if (over === false) fromMs = Number.POSITIVE_INFINITY;
      }
    }
    fromMs = Math.max(fromMs, turnMs);
    if (endsByItself(container, fromMs, deadlineMs)) return;
    const endMs =
      container.toldMs === undefined ? fromMs + container.behaviour.stopDelayMs : Number.POSITIVE_INFINITY;
    // A container that outlasts its grace period is killed: 128 + SIGKILL.
    const dueMs = Math.min(endMs, deadlineMs);
    if (dueMs <= nowMs) finish(dueMs, endMs > deadlineMs ? 137 : 0);
    else wake(dueMs);
  }

  function lookIfReady(container: ContainerRuntime, sinceMs: number): void {
    if (container.role === 'init') return;
    const { readinessProbe } = container.spec;
    const ready =
      readinessProbe === undefined ? !container.behaviour.unready : probe(container, 'readiness', sinceMs);
    if (ready === undefined || ready === container.ready) return;
    container.ready = ready;
    changed = true;
  }

  /** Asks the probes of a running container; one that fails for good stops it. */
  function examine(container: ContainerRuntime, startedAtMs: number): void {
    if (!container.started) {
      const up = container.spec.startupProbe === undefined ? true : probe(container, 'startup', startedAtMs);
      if (up === false) {
        kill(container, 'startup');
        return;
      }
      if (up === undefined) return;
      container.started = true;
      container.startedUpMs = container.spec.startupProbe === undefined ? startedAtMs : nowMs;
      changed = true;
    }
    const sinceMs = container.startedUpMs ?? startedAtMs;
    lookIfReady(container, sinceMs);
    if (probe(container, 'liveness', sinceMs) === false) kill(container, 'liveness');
  }

  function live(container: ContainerRuntime): void {
    if (container.state.kind !== 'running') return;
    const { startedAtMs } = container.state;
    const { exitAfterMs, exitCode } = container.behaviour;
    /** It may be due to start again at once. */
    const ended = (atMs: number, code: number) => {
      end(container, atMs, code);
      startUp(container);
      // It may be up already, and have a hook.
      if (container.spec.lifecycle?.postStart !== undefined) wake(nowMs);
    };
    if (container.exited !== undefined) {
      ended(container.exited.atMs, container.exited.exitCode);
      return;
    }
    if (exitAfterMs !== undefined) {
      if (startedAtMs + exitAfterMs <= nowMs) {
        ended(startedAtMs + exitAfterMs, exitCode);
        return;
      }
      wake(startedAtMs + exitAfterMs);
    }
    if (container.killed === undefined && isUp(container, startedAtMs))
      examine(container, container.hookedUpMs ?? startedAtMs);
    if (container.killed === undefined) return;
    endWhenDue(container, container.killed.sinceMs, container.killed.graceMs, ended);
  }

  const isRunning = ({ state }: ContainerRuntime) => state.kind === 'running';
  /** Of containers that have ended: when the last one did. */
  const lastEndMs = (containers: readonly ContainerRuntime[], otherwiseMs: number) =>
    Math.max(
      otherwiseMs,
      ...containers.map(({ state }) => (state.kind === 'terminated' ? state.ended.finishedAtMs : 0)),
    );
  /** In the order in which they end: the one that was started last goes first. */
  const sidecars = () => runtime.containers.filter(({ role }) => role === 'sidecar').toReversed();

  function stop(sinceMs: number, graceSeconds: number): void {
    const others = runtime.containers.filter(({ role }) => role !== 'sidecar');
    const endOne = (container: ContainerRuntime, turnMs: number) => {
      if (container.state.kind !== 'running') return;
      const finish = (atMs: number, code: number) => end(container, atMs, code);
      endWhenDue(container, sinceMs, graceSeconds * 1000, finish, turnMs);
      // Whether it is ready is looked at until its end.
      if (isRunning(container) && container.started)
        lookIfReady(container, container.startedUpMs ?? container.state.startedAtMs);
    };
    for (const container of others) endOne(container, sinceMs);
    let turnMs = others.some(isRunning) ? Number.POSITIVE_INFINITY : lastEndMs(others, sinceMs);
    for (const container of sidecars()) {
      endOne(container, turnMs);
      turnMs = isRunning(container) ? Number.POSITIVE_INFINITY : lastEndMs([container], turnMs);
    }
  }

  /** Those that go along with others that are done are told to stop, one after another. */
  function stopSidecars(): void {
    if (!isDone(runtime)) return;
    const { terminationGracePeriodSeconds = 30 } = runtime.pod.spec ?? {};
    for (const container of sidecars()) {
      if (!isRunning(container)) continue;
      if (container.killed === undefined) {
        container.killed = { sinceMs: nowMs, graceMs: terminationGracePeriodSeconds * 1000 };
        happenings.push({ kind: 'killing', container });
      }
      live(container);
      if (isRunning(container)) return;
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

  if (runtime.rejected !== undefined) return { changed, wakeAtMs, happenings };
  if (runtime.stoppingSinceMs !== undefined) {
    stop(runtime.stoppingSinceMs, runtime.pod.metadata.deletionGracePeriodSeconds ?? 30);
    return { changed, wakeAtMs, happenings };
  }
  watchDeadline();
  if (runtime.overdueSinceMs !== undefined) {
    stop(runtime.overdueSinceMs, runtime.pod.spec?.terminationGracePeriodSeconds ?? 30);
    return { changed, wakeAtMs, happenings };
  }

  if (!runtime.mounted) return { changed, wakeAtMs, happenings };
  // Init containers one after another; a sidecar lets the next begin once it has started.
  for (const container of runtime.containers) {
    if (container.role === 'sidecar' && isDone(runtime)) continue;
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
  stopSidecars();
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
