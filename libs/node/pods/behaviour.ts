import type { Pod } from '@drydock/api/core/v1';
import { parseDuration } from '@drydock/base/apimachinery';

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
 * | `image-error` | reason for which its image cannot be had, e.g. `ErrImagePull` | none |
 * | `logs` | lines that the container logs at its start | a greeting |
 * | `run-command` | `true`: its command is run by the built-in shell and programs, and it ends when that does | only with `stdin` |
 */
export interface Behaviour {
  readonly startDelayMs: number;
  readonly exitAfterMs: number | undefined;
  readonly exitCode: number;
  readonly stopDelayMs: number;
  readonly unready: boolean;
  readonly imageError: string | undefined;
  readonly logs: string | undefined;
  readonly runCommand: boolean;
}

function knob(pod: Pod, container: string, name: string): string | undefined {
  const annotations = pod.metadata.annotations;
  return annotations?.[`${name}.drydock.dev/${container}`] ?? annotations?.[`drydock.dev/${name}`];
}

/** A duration knob; text that is no duration counts as absent, since a Pod's annotations must not stop its node. */
function durationMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    return Math.max(0, parseDuration(text));
  } catch {
    return undefined;
  }
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
    imageError: knob(pod, container, 'image-error'),
    logs: knob(pod, container, 'logs'),
    runCommand,
  };
}
