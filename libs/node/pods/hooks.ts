import type { Container } from '@drydock/api/core/v1';
import { isKnownServer } from './own-command.ts';
import { runsCommand, type ContainerRuntime } from './runtime.ts';

type Handler = NonNullable<NonNullable<Container['lifecycle']>['preStop']>;
export type HookKind = 'postStart' | 'preStop';

/** A hook of a container on its way. */
export interface HookState {
  readonly kind: HookKind;
  /** When its sleep is over; undefined while its command runs. */
  readonly endMs: number | undefined;
  /** How its command ended. */
  answer?: { readonly fault: string | undefined } | undefined;
  /** When it was over, one way or another. */
  overMs?: number;
}

export interface HookStep {
  readonly state: 'none' | 'running' | 'done' | 'failed';
  readonly wakeAtMs?: number | undefined;
  /** Its command is to be run now. */
  readonly ask: boolean;
}

const none: HookStep = { state: 'none', ask: false };

/**
 * Takes a container's hook on to `nowMs`. What it asks of the container itself happens at once where that is simulated; what is
 * the kubelet's own, a sleep or a request to another host, always takes its time.
 */
export function stepHook(
  container: ContainerRuntime,
  kind: HookKind,
  sinceMs: number,
  nowMs: number,
): HookStep {
  const handler: Handler | undefined = container.spec.lifecycle?.[kind];
  if (handler === undefined) return none;
  if (container.hook?.kind !== kind) {
    const seconds = handler.sleep?.seconds;
    if (seconds !== undefined) container.hook = { kind, endMs: sinceMs + Number(seconds) * 1000 };
    else if (
      (handler.exec !== undefined && (runsCommand(container) || isKnownServer(container.spec))) ||
      (handler.httpGet?.host ?? '') !== ''
    ) {
      container.hook = { kind, endMs: undefined };
      return { state: 'running', ask: true };
    } else return none;
  }
  const { endMs, answer } = container.hook;
  if (answer !== undefined) return { state: answer.fault === undefined ? 'done' : 'failed', ask: false };
  if (endMs !== undefined && endMs <= nowMs) return { state: 'done', ask: false };
  return { state: 'running', wakeAtMs: endMs, ask: false };
}
