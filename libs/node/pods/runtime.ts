import type { Container, ContainerStatus, EphemeralContainer, Pod } from '@drydock/api/core/v1';
import { parseTime } from '@drydock/base/apimachinery';
import type { RecordedOutput } from '../logs/index.ts';
import { behaviourOf, type Behaviour } from './behaviour.ts';
import type { Consumption } from './consumption.ts';
import type { HookState } from './hooks.ts';
import { createImageStore, type ImageStore } from './images.ts';
import { isKnownServer, ownCommand } from './own-command.ts';
import type { ProbeKind } from './probe-outcome.ts';
import type { ProbeState } from './probes.ts';
import { environmentNeeds, volumeNeeds, type Reference } from './references.ts';

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
      /** It is being created: its image is there, or is pulled since then. */
      readonly creating?: { readonly pullingSinceMs: number | undefined };
      /** It waits out the back-off of its image. */
      readonly afterPull?: { readonly cause: string };
    }
  | { readonly kind: 'running'; readonly startedAtMs: number }
  | { readonly kind: 'terminated'; readonly ended: Ended };

/** What a container's own process does about signals, by their numbers. */
export interface OwnProcess {
  catches(signal: number): boolean;
  send(signal: number): boolean;
}

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
  /** When its startup probe had succeeded: the others are asked from then on. */
  startedUpMs: number | undefined;
  containerId: string;
  /** Probes that must be asked; those of a container that is simply well are not here. */
  probes: Partial<Record<ProbeKind, ProbeState>>;
  /** A probe of it has failed for good: it is being stopped. */
  killed: { readonly sinceMs: number; readonly graceMs: number } | undefined;
  /** Its hook that is under way, or was the last. */
  hook: HookState | undefined;
  /** When its `postStart` hook was over: before it is not up. */
  hookedUpMs: number | undefined;
  /** Somebody has been inside, and may have changed what it serves. */
  lookedInto: boolean;
  /** Pulls and configurations in a row that failed, for their back-off. */
  failures: number;
  /** What its environment is made of. */
  readonly needs: readonly Reference[];
  /** Whether what it needs is there: asked for before each start. */
  configuration: 'unknown' | 'asked' | 'complete' | { readonly fault: string };
  /** What its own process prints, when it runs one; else its log follows from its run. */
  output?: RecordedOutput | undefined;
  /** That of the run before. */
  lastOutput?: RecordedOutput | undefined;
  /** What it was asked to use for a while. */
  consumption?: readonly Consumption[];
  /** Its own process, when it runs one. */
  process?: OwnProcess | undefined;
  /** When that was told to end. */
  toldMs?: number | undefined;
  /** Its own process has ended: `advance` ends the container. */
  exited?:
    | { readonly exitCode: number; readonly atMs: number; readonly message?: string | undefined }
    | undefined;
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
  /** Its volumes are set up, its devices prepared: before, no container starts. */
  mounted: boolean;
  /** The node would not take it. */
  rejected: { readonly reason: string; readonly message: string } | undefined;
  /** The images of its node. */
  readonly images: ImageStore;
  /** When it had been active for longer than its `activeDeadlineSeconds`: it is stopped and has failed. */
  overdueSinceMs: number | undefined;
}

/** Whether a Pod's containers have all ended for good, but those that go along with them. */
export function isDone({ containers }: PodRuntime): boolean {
  return containers.every(({ role, state }) => role !== 'main' || state.kind === 'terminated');
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

const nothing: readonly Reference[] = [];

/** A container that has never run. */
function fresh(spec: Container) {
  return {
    last: undefined,
    restarts: 0,
    crashes: 0,
    ready: false,
    started: false,
    startedUpMs: undefined,
    containerId: '',
    probes: {},
    killed: undefined,
    hook: undefined,
    lookedInto: false,
    hookedUpMs: undefined,
    failures: 0,
    needs: spec.env === undefined && spec.envFrom === undefined ? nothing : environmentNeeds(spec),
    configuration: 'unknown' as const,
  };
}

function createEphemeral(pod: Pod, container: EphemeralContainer, startDelayMs: number): ContainerRuntime {
  return {
    name: container.name,
    role: 'ephemeral',
    spec: container as Container,
    behaviour: behaviourOf(pod, container as Container, false, startDelayMs),
    state: { kind: 'waiting', reason: 'ContainerCreating', untilMs: undefined },
    ...fresh(container as Container),
  };
}

/** Takes in the ephemeral containers that were added to a Pod since it was last seen. */
export function addEphemeral(runtime: PodRuntime, startDelayMs: number): void {
  for (const container of runtime.pod.spec?.ephemeralContainers ?? []) {
    if (!runtime.containers.some(({ name }) => name === container.name))
      runtime.containers.push(createEphemeral(runtime.pod, container, startDelayMs));
  }
}

/** Whether the container runs its own command for real: it reads from a client, its annotation asks for it, its image is known. */
export function runsCommand(container: ContainerRuntime): boolean {
  const { exitAfterMs, runCommand } = container.behaviour;
  if (exitAfterMs !== undefined) return false;
  if (container.role === 'init') return runCommand !== 'no';
  return container.role === 'ephemeral' || container.spec.stdin === true || runCommand !== 'no';
}

/** Whether volumes hold all that a container has written: it ran here, or it writes nothing. */
function isWholeInVolumes({ spec, output }: ContainerRuntime): boolean {
  return output !== undefined || isKnownServer(spec) || ownCommand(spec)?.kind === 'wait';
}

/** Whether another container of the Pod, which is only simulated, would write files where this one sees them. */
export function missesFiles({ pod, containers }: PodRuntime, { name, spec }: ContainerRuntime): boolean {
  const written = new Set<string | undefined>(
    (pod.spec?.volumes ?? [])
      .filter((volume) => !volume.configMap && !volume.secret && !volume.projected && !volume.downwardAPI)
      .map((volume) => volume.name),
  );
  const seen = new Set(
    (spec.volumeMounts ?? []).map((mount) => mount.name).filter((one) => written.has(one)),
  );
  return containers.some(
    (other) =>
      other.name !== name &&
      !isWholeInVolumes(other) &&
      (other.spec.volumeMounts ?? []).some((mount) => mount.readOnly !== true && seen.has(mount.name)),
  );
}

const rejectedPrefix = 'Pod was rejected: ';

/** Why a Pod was not taken, as its status tells it. */
function rejectionIn({ status }: Pod): PodRuntime['rejected'] {
  const { phase, reason = '', message = '' } = status ?? {};
  if (phase !== 'Failed' || !message.startsWith(rejectedPrefix)) return undefined;
  return { reason, message: message.slice(rejectedPrefix.length) };
}

/** The message in the status of a Pod that was not taken. */
export const rejectionMessage = (message: string) => `${rejectedPrefix}${message}`;

const needsDevices = ({ spec, status }: Pod) =>
  spec?.resourceClaims !== undefined || status?.extendedResourceClaimStatus !== undefined;

/** A Pod as its node first meets it, or meets it again after a restart. */
export function createPodRuntime(
  pod: Pod,
  startDelayMs: number,
  nowMs: number,
  images: ImageStore = createImageStore(),
): PodRuntime {
  // Init containers and those that wait for them are told alike.
  const waiting = (pod.spec?.initContainers ?? []).length > 0 ? 'PodInitializing' : 'ContainerCreating';
  const make = (container: Container, init: boolean): ContainerRuntime => {
    const ends = init && container.restartPolicy !== 'Always';
    const behaviour = behaviourOf(pod, container, ends, startDelayMs);
    return {
      name: container.name,
      role: role(container, init),
      spec: container,
      behaviour,
      state: { kind: 'waiting', reason: waiting, untilMs: undefined },
      ...fresh(container),
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
  // What runs, or has run, was mounted; its images are there.
  const begun = containers.filter(({ state }) => state.kind !== 'waiting');
  for (const { spec } of begun) images.add(spec.image ?? '');
  return {
    uid: pod.metadata.uid ?? '',
    pod,
    images,
    mounted: begun.length > 0 || (volumeNeeds(pod).length === 0 && !needsDevices(pod)),
    rejected: rejectionIn(pod),
    containers,
    startedAtMs: pod.status?.startTime === undefined ? nowMs : parseTime(pod.status.startTime),
    ip: pod.status?.podIP,
    initialized: containers.some(({ role, state }) => role === 'main' && state.kind !== 'waiting'),
    stoppingSinceMs: undefined,
    overdueSinceMs: pod.status?.reason === deadlineExceeded ? nowMs : undefined,
  };
}
