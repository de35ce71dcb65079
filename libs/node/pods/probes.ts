import type { Probe } from '@drydock/api/core/v1';
import { knob } from './knobs.ts';
import { isKnownServer, knownAnswers, sentElsewhere } from './own-command.ts';
import { outcomeOf, scripted, unresolvedPort, type ProbeKind, type ProbeOutcome } from './probe-outcome.ts';
import { runsCommand, type ContainerRuntime, type PodRuntime } from './runtime.ts';
import { welcomePage } from './web-servers.ts';

/** A probe of a running container that must be asked again and again. */
export interface ProbeState {
  /** When it is asked next. */
  dueMs: number;
  /** The last that it found, and how often in a row. */
  last: boolean | undefined;
  run: number;
  /** What its script said when it was last looked at. */
  script: string | undefined;
  /** It is being asked: its command runs. */
  asking: boolean;
  /** What it found, and when that is known. */
  answer: { readonly outcome: ProbeOutcome; readonly atMs: number } | undefined;
}

export function probeSpec(container: ContainerRuntime, kind: ProbeKind): Probe | undefined {
  const { startupProbe, readinessProbe, livenessProbe } = container.spec;
  return { startup: startupProbe, readiness: readinessProbe, liveness: livenessProbe }[kind];
}

/** How a probe's outcome comes about. */
type Method =
  | { readonly kind: 'well' }
  | { readonly kind: 'scripted'; readonly text: string }
  /** It is the same each time. */
  | { readonly kind: 'constant'; readonly outcome: ProbeOutcome }
  | { readonly kind: 'command' };

const well: Method = { kind: 'well' };
const failing: Method = { kind: 'scripted', text: 'failure' };

const probeKnob = ({ pod }: PodRuntime, { name }: ContainerRuntime, kind: ProbeKind) =>
  knob(pod, name, `${kind}-probe`);

/** Whether an annotation wants the command of a probe run whatever its container is. */
export function isToRun(runtime: PodRuntime, container: ContainerRuntime, kind: ProbeKind): boolean {
  return (
    probeSpec(container, kind)?.exec !== undefined && probeKnob(runtime, container, kind)?.trim() === 'run'
  );
}

/**
 * A simulated container is well: its probes succeed and need not be asked. They are asked where a script says otherwise,
 * where the port has an unknown name, where a command looks at a container whose own command is run for real or whose files are
 * known, where it is known that nothing listens, and where a web server was looked into: its page may be gone.
 */
function methodOf(runtime: PodRuntime, container: ContainerRuntime, kind: ProbeKind, probe: Probe): Method {
  if (isToRun(runtime, container, kind)) return { kind: 'command' };
  const text = probeKnob(runtime, container, kind);
  if (text !== undefined) return { kind: 'scripted', text };
  if (kind === 'readiness' && container.behaviour.unready) return failing;
  if (probe.exec !== undefined)
    return runsCommand(container) || isKnownServer(container.spec) ? { kind: 'command' } : well;
  const answers = knownAnswers(container.spec, probe);
  if (answers !== undefined) return { kind: 'scripted', text: answers };
  const page = probe.httpGet === undefined ? undefined : welcomePage(container.spec, probe.httpGet.path);
  if (container.lookedInto && page !== undefined) return { kind: 'command' };
  const outcome = unresolvedPort(container.spec, probe) ?? sentElsewhere(container.spec, probe);
  if (outcome !== undefined) return { kind: 'constant', outcome };
  if (!asksItsPod(probe) || !runtime.containers.every(listensToNobody)) return well;
  return container.behaviour.waits ? { kind: 'scripted', text: 'refused' } : { kind: 'command' };
}

/** Whether a probe asks a server of the Pod, not of another host. */
const asksItsPod = ({ httpGet, tcpSocket }: Probe) => ((httpGet ?? tcpSocket)?.host ?? '') === '';

/** Whether nothing listens in a container: it only waits, or runs a command of its own of which all is built in. */
function listensToNobody({ role, behaviour }: ContainerRuntime): boolean {
  return role === 'init' || role === 'ephemeral' || behaviour.waits || behaviour.runCommand === 'known';
}

export interface ProbeStep {
  /** Its verdict once the threshold is reached; undefined while it is open. */
  readonly verdict: boolean | undefined;
  /** What was found just now that is worth an Event. */
  readonly found: readonly Exclude<ProbeOutcome, { result: 'success' }>[];
  readonly wakeAtMs: number | undefined;
  /** Its command is to be run now. */
  readonly ask: boolean;
}

/** Takes one probe of a running container on to `nowMs`. `fromMs`: since when it may be asked, its delay included. */
export function stepProbe(
  runtime: PodRuntime,
  container: ContainerRuntime,
  kind: ProbeKind,
  probe: Probe,
  fromMs: number,
  nowMs: number,
): ProbeStep {
  const periodMs = (probe.periodSeconds ?? 10) * 1000;
  const method = methodOf(runtime, container, kind, probe);
  if (method.kind === 'well') {
    if (container.probes[kind] !== undefined) delete container.probes[kind];
    const settledMs = fromMs + ((probe.successThreshold ?? 1) - 1) * periodMs;
    const verdict = settledMs <= nowMs ? true : undefined;
    return { verdict, found: [], wakeAtMs: verdict ? undefined : settledMs, ask: false };
  }
  const startedAtMs = container.state.kind === 'running' ? container.state.startedAtMs : nowMs;
  const onGrid = (atMs: number) => fromMs + Math.max(0, Math.ceil((atMs - fromMs) / periodMs)) * periodMs;
  const state = (container.probes[kind] ??= {
    dueMs: onGrid(nowMs),
    script: undefined,
    last: undefined,
    run: 0,
    asking: false,
    answer: undefined,
  });
  const script = method.kind === 'scripted' ? method.text : undefined;
  // A script that is written later is heard at the next turn.
  if (state.script !== script) Object.assign(state, { script, dueMs: onGrid(nowMs) });
  const found: Exclude<ProbeOutcome, { result: 'success' }>[] = [];
  let verdict: boolean | undefined;
  let ask = false;
  const settled = () => {
    if (state.last === undefined) return undefined;
    const threshold = state.last ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
    return state.run >= threshold ? state.last : undefined;
  };

  if (state.answer === undefined && !state.asking && state.dueMs <= nowMs) {
    state.dueMs = onGrid(nowMs + 1);
    if (method.kind === 'command') {
      state.asking = true;
      ask = true;
    } else {
      const word = method.kind === 'scripted' ? scripted(method.text, nowMs - startedAtMs).word : '';
      const outcome =
        method.kind === 'constant'
          ? method.outcome
          : outcomeOf(word, container.spec, probe, runtime.ip ?? '');
      const takesMs = word === 'timeout' ? (probe.timeoutSeconds ?? 1) * 1000 : 0;
      state.answer = { outcome, atMs: nowMs + takesMs };
    }
  }
  if (state.answer !== undefined && state.answer.atMs <= nowMs) {
    const { outcome } = state.answer;
    state.answer = undefined;
    state.asking = false;
    if (outcome.result !== 'success') found.push(outcome);
    if (outcome.result !== 'error') {
      const good = outcome.result !== 'failure';
      state.run = state.last === good ? state.run + 1 : 1;
      state.last = good;
      verdict = settled();
    }
  }
  if (state.answer !== undefined) return { verdict, found, wakeAtMs: state.answer.atMs, ask };
  if (state.asking) return { verdict, found, wakeAtMs: undefined, ask };
  if (method.kind === 'scripted' && settled() === true) {
    // Well until the script says otherwise: nothing to ask before.
    const { word, nextMs } = scripted(method.text, nowMs - startedAtMs);
    const sameFor = outcomeOf(word, container.spec, probe, '').result === 'success';
    if (sameFor) {
      if (nextMs === undefined) return { verdict, found, wakeAtMs: undefined, ask };
      state.dueMs = Math.max(state.dueMs, onGrid(startedAtMs + nextMs));
    }
  }
  return { verdict, found, wakeAtMs: state.dueMs, ask };
}

const titles = { startup: 'Startup', readiness: 'Readiness', liveness: 'Liveness' } as const;

const verbs = {
  warning: 'warning',
  failure: 'failed',
  error: 'errored and resulted in unknown state',
} as const;

/** Reason and message of the Event about what a probe found. */
export function probeEvent(
  kind: ProbeKind,
  { result, output }: Exclude<ProbeOutcome, { result: 'success' }>,
): readonly [reason: string, message: string] {
  const reason = result === 'warning' ? 'ProbeWarning' : 'Unhealthy';
  return [reason, `${titles[kind]} probe ${verbs[result]}: ${output}`];
}
