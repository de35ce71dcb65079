import type { Pod } from '@drydock/api/core/v1';
import { durationMs, knob } from './knobs.ts';

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
 * | `startup-probe`, `readiness-probe`, `liveness-probe` | what that probe finds, over time: `success,failure@30s` | success |
 * | `image-error` | why its image cannot be had: a waiting reason, e.g. `ErrImagePull`, or what the registry says | none |
 * | `logs` | lines that the container logs at its start | a greeting |
 * | `run-command` | `true`: its command is run by the built-in shell and programs, and it ends when that does | only with `stdin` |
 */
export interface Behaviour {
  readonly startDelayMs: number;
  readonly exitAfterMs: number | undefined;
  readonly exitCode: number;
  readonly stopDelayMs: number;
  readonly unready: boolean;
  readonly logs: string | undefined;
  readonly runCommand: boolean;
}

export function behaviourOf(pod: Pod, container: string, init: boolean, startDelayMs: number): Behaviour {
  const exitCode = Number(knob(pod, container, 'exit-code') ?? 0);
  const runCommand = knob(pod, container, 'run-command') === 'true';
  return {
    startDelayMs: durationMs(knob(pod, container, 'start-delay')) ?? startDelayMs,
    exitAfterMs: durationMs(knob(pod, container, 'exit-after')) ?? (init && !runCommand ? 0 : undefined),
    exitCode: Number.isInteger(exitCode) && exitCode >= 0 && exitCode <= 255 ? exitCode : 0,
    stopDelayMs: durationMs(knob(pod, container, 'stop-delay')) ?? 0,
    unready: knob(pod, container, 'unready') === 'true',
    logs: knob(pod, container, 'logs'),
    runCommand,
  };
}
