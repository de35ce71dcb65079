import type { Container, ContainerStatus, EphemeralContainer, Pod } from '@drydock/api/core/v1';
import { parseTime } from '@drydock/base/apimachinery';
import type { RecordedOutput } from '../logs/index.ts';
import { behaviourOf, type Behaviour } from './behaviour.ts';

export interface Ended {
  readonly exitCode: number;
  readonly reason: string;
  /** What it left to be said about its end. */
  readonly message?: string | undefined;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly containerId: string;
}

export type ContainerState =
  | {
      readonly kind: 'waiting';
      readonly reason: string;
      readonly message?: string;
      readonly untilMs: number | undefined;
    }
  | { readonly kind: 'running'; readonly startedAtMs: number }
  | { readonly kind: 'terminated'; readonly ended: Ended };

/** One simulated container. Changed only by `advance`. */
export interface ContainerRuntime {
  readonly name: string;
  readonly role: 'init' | 'sidecar' | 'main' | 'ephemeral';
  readonly spec: Container;
  readonly behaviour: Behaviour;
  state: ContainerState;
  last: Ended | undefined;
  restarts: number;
  /** Consecutive quick restarts, for the back-off. */
  crashes: number;
  ready: boolean;
  started: boolean;
  containerId: string;
  /** What its own process prints, when it runs one; else its log follows from its run. */
  output?: RecordedOutput | undefined;
  /** That of the run before. */
  lastOutput?: RecordedOutput | undefined;
  /** Its own process has ended: `advance` ends the container. */
  exited?:
    { readonly exitCode: number; readonly atMs: number; readonly message?: string | undefined } | undefined;
}

/** What a node knows of a Pod that it runs. */
export interface PodRuntime {
  readonly uid: string;
  /** The newest form seen. */
  pod: Pod;
  readonly containers: ContainerRuntime[];
  startedAtMs: number;
  ip: string | undefined;
  /** The init phase is over; a sidecar that ends later does not bring it back. */
  initialized: boolean;
  /** When its containers were told to stop. */
  stoppingSinceMs: number | undefined;
  /** When it had been active for longer than its `activeDeadlineSeconds`: it is stopped and has failed. */
  overdueSinceMs: number | undefined;
}

/** Reason of a Pod that was active for longer than it may be. */
export const deadlineExceeded = 'DeadlineExceeded';

function role(container: Container, init: boolean): ContainerRuntime['role'] {
  if (!init) return 'main';
  return container.restartPolicy === 'Always' ? 'sidecar' : 'init';
}

function endedFrom(
  state: NonNullable<ContainerStatus['state']>['terminated'],
  nowMs: number,
): Ended | undefined {
  if (state === undefined) return undefined;
  return {
    exitCode: state.exitCode ?? 0,
    reason: state.reason ?? 'Completed',
    ...(state.message === undefined ? {} : { message: state.message }),
    startedAtMs: state.startedAt === undefined ? nowMs : parseTime(state.startedAt),
    finishedAtMs: state.finishedAt === undefined ? nowMs : parseTime(state.finishedAt),
    containerId: state.containerID ?? '',
  };
}

/** Takes a container up where its status says it was, so that a restarted simulator goes on. */
function recover(runtime: ContainerRuntime, status: ContainerStatus | undefined, nowMs: number): void {
  if (status === undefined) return;
  runtime.restarts = status.restartCount ?? 0;
  runtime.crashes = runtime.restarts;
  runtime.last = endedFrom(status.lastState?.terminated, nowMs);
  if (status.state?.running !== undefined) {
    const startedAtMs =
      status.state.running.startedAt === undefined ? nowMs : parseTime(status.state.running.startedAt);
    runtime.state = { kind: 'running', startedAtMs };
    runtime.ready = status.ready ?? false;
    runtime.started = status.started ?? false;
    runtime.containerId = status.containerID ?? '';
  } else {
    const ended = endedFrom(status.state?.terminated, nowMs);
    if (ended !== undefined) {
      runtime.state = { kind: 'terminated', ended };
      runtime.containerId = ended.containerId;
    }
  }
}

function createEphemeral(pod: Pod, container: EphemeralContainer, startDelayMs: number): ContainerRuntime {
  return {
    name: container.name,
    role: 'ephemeral',
    spec: container as Container,
    behaviour: behaviourOf(pod, container.name, false, startDelayMs),
    state: { kind: 'waiting', reason: 'ContainerCreating', untilMs: undefined },
    last: undefined,
    restarts: 0,
    crashes: 0,
    ready: false,
    started: false,
    containerId: '',
  };
}

/** Takes in the ephemeral containers that were added to a Pod since it was last seen. */
export function addEphemeral(runtime: PodRuntime, startDelayMs: number): void {
  for (const container of runtime.pod.spec?.ephemeralContainers ?? []) {
    if (!runtime.containers.some(({ name }) => name === container.name))
      runtime.containers.push(createEphemeral(runtime.pod, container, startDelayMs));
  }
}

/** Whether the container runs its own command for real: it reads from a client, or its annotation asks for it. */
export function runsCommand(container: ContainerRuntime): boolean {
  const { exitAfterMs, runCommand } = container.behaviour;
  if (exitAfterMs !== undefined) return false;
  if (container.role === 'init') return runCommand;
  return container.role === 'ephemeral' || container.spec.stdin === true || runCommand;
}

/** A Pod as its node first meets it, or meets it again after a restart. */
export function createPodRuntime(pod: Pod, startDelayMs: number, nowMs: number): PodRuntime {
  // Init containers and those that wait for them are told alike.
  const waiting = (pod.spec?.initContainers ?? []).length > 0 ? 'PodInitializing' : 'ContainerCreating';
  const make = (container: Container, init: boolean): ContainerRuntime => {
    const behaviour = behaviourOf(
      pod,
      container.name,
      init && container.restartPolicy !== 'Always',
      startDelayMs,
    );
    return {
      name: container.name,
      role: role(container, init),
      spec: container,
      behaviour,
      state: { kind: 'waiting', reason: waiting, untilMs: undefined },
      last: undefined,
      restarts: 0,
      crashes: 0,
      ready: false,
      started: false,
      containerId: '',
    };
  };
  const containers = [
    ...(pod.spec?.initContainers ?? []).map((container) => make(container, true)),
    ...(pod.spec?.containers ?? []).map((container) => make(container, false)),
    ...(pod.spec?.ephemeralContainers ?? []).map((container) =>
      createEphemeral(pod, container, startDelayMs),
    ),
  ];
  const statuses = [
    ...(pod.status?.initContainerStatuses ?? []),
    ...(pod.status?.containerStatuses ?? []),
    ...(pod.status?.ephemeralContainerStatuses ?? []),
  ];
  for (const container of containers) {
    recover(
      container,
      statuses.find(({ name }) => name === container.name),
      nowMs,
    );
  }
  return {
    uid: pod.metadata.uid ?? '',
    pod,
    containers,
    startedAtMs: pod.status?.startTime === undefined ? nowMs : parseTime(pod.status.startTime),
    ip: pod.status?.podIP,
    initialized: containers.some(({ role, state }) => role === 'main' && state.kind !== 'waiting'),
    stoppingSinceMs: undefined,
    overdueSinceMs: pod.status?.reason === deadlineExceeded ? nowMs : undefined,
  };
}
