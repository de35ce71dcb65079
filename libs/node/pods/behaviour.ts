import type { Container, Pod } from '@drydock/api/core/v1';
import { durationMs, knob } from './knobs.ts';
import { knownLog, ownCommand } from './own-command.ts';

/**
 * How a simulated container behaves, scripted by annotations of its Pod:
 * `drydock.dev/<knob>` for all containers, `<knob>.drydock.dev/<container>` for one. Durations as Go writes them.
 *
 * | knob | meaning | default |
 * |---|---|---|
 * | `start-delay` | time spent creating the container | the simulator's |
 * | `exit-after` | the container ends this long after its start | runs on (init containers: at once) |
 * | `exit-code` | … with this code | 0 |
 * | `stop-delay` | time from the stop signal to the end, at most the grace period | 0s |
 * | `unready` | `true`: its readiness probe never succeeds | false |
 * | `startup-probe`, `readiness-probe`, `liveness-probe` | what that probe finds, over time: `success,failure@30s`; `run`: its command is run | success |
 * | `image-error` | why its image cannot be had: a waiting reason, e.g. `ErrImagePull`, or what the registry says | none |
 * | `logs` | lines that the container logs at its start | a greeting |
 * | `run-command` | `true`: its command is run by the built-in shell and programs, and it ends when that does; `false`: never | with `stdin`, and where the image is known to hold no more than those programs |
 */
export interface Behaviour {
  readonly startDelayMs: number;
  readonly exitAfterMs: number | undefined;
  readonly exitCode: number;
  readonly stopDelayMs: number;
  readonly unready: boolean;
  readonly logs: string | undefined;
  /** Whether its command is run: `asked` by annotation; `known` by its image, if all that it calls is built in. */
  readonly runCommand: 'asked' | 'known' | 'no';
  /** Its command is known to do nothing but wait. */
  readonly waits: boolean;
}

/** What of its own command is run: what is scripted is not. */
function commandOf(pod: Pod, container: Container): { run: Behaviour['runCommand']; waitMs?: number } {
  const { name } = container;
  const wanted = knob(pod, name, 'run-command');
  if (wanted !== undefined) return { run: wanted === 'true' ? 'asked' : 'no' };
  if (['exit-after', 'exit-code', 'logs'].some((one) => knob(pod, name, one) !== undefined))
    return { run: 'no' };
  const own = ownCommand(container);
  if (own === undefined) return { run: 'no' };
  if (own.kind === 'run') return { run: 'known' };
  return { run: 'no', waitMs: own.forMs ?? Number.POSITIVE_INFINITY };
}

export function behaviourOf(pod: Pod, spec: Container, init: boolean, startDelayMs: number): Behaviour {
  const container = spec.name ?? '';
  const exitCode = Number(knob(pod, container, 'exit-code') ?? 0);
  const { run: runCommand, waitMs } = commandOf(pod, spec);
  const exitAfterMs =
    durationMs(knob(pod, container, 'exit-after')) ?? waitMs ?? (init && runCommand === 'no' ? 0 : undefined);
  return {
    startDelayMs: durationMs(knob(pod, container, 'start-delay')) ?? startDelayMs,
    exitAfterMs: exitAfterMs === Number.POSITIVE_INFINITY ? undefined : exitAfterMs,
    exitCode: Number.isInteger(exitCode) && exitCode >= 0 && exitCode <= 255 ? exitCode : 0,
    stopDelayMs: durationMs(knob(pod, container, 'stop-delay')) ?? 0,
    unready: knob(pod, container, 'unready') === 'true',
    logs: knob(pod, container, 'logs') ?? knownLog(spec),
    runCommand,
    waits: waitMs !== undefined,
  };
}
