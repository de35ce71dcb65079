import type { Container } from '@drydock/api/core/v1';
import { isKnownServer, waitOf } from './own-command.ts';
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
 * the kubelet's own, a sleep or a request to another host, always takes its time, and so does a command that is only a sleep.
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
    const { sleep, exec, httpGet } = handler;
    const isRun = exec !== undefined && (runsCommand(container) || isKnownServer(container.spec));
    const sleepMs = sleep === undefined ? waitOf(exec?.command ?? []) : Number(sleep.seconds) * 1000;
    if (!isRun && sleepMs !== undefined) container.hook = { kind, endMs: sinceMs + sleepMs };
    else if (isRun || (httpGet?.host ?? '') !== '') {
      container.hook = { kind, endMs: undefined };
      return { state: 'running', ask: true };
    } else return none;
  }
  const { endMs, answer } = container.hook;
  if (answer !== undefined) return { state: answer.fault === undefined ? 'done' : 'failed', ask: false };
  if (endMs !== undefined && endMs <= nowMs) return { state: 'done', ask: false };
  const isEndless = endMs === Number.POSITIVE_INFINITY;
  return { state: 'running', wakeAtMs: isEndless ? undefined : endMs, ask: false };
}
