import { Pod, type PodCondition, type PodStatus, type Probe } from '@drydock/api/core/v1';
import { deepEqual, isConflict, isNotFound, objectKey } from '@drydock/base/apimachinery';
import type { Timer } from '@drydock/base/clock';
import type { ControllerDeps, EventRecorder } from '@drydock/machinery/controller';
import {
  addEphemeral,
  advance,
  createPodRuntime,
  deadlineExceeded,
  isToRun,
  outcomeOf,
  podStatus,
  probeSpec,
  probeSucceeds,
  runsCommand,
  stopped,
  welcomePage,
  type ContainerRuntime,
  type Happening,
  type HookKind,
  type ImageStore,
  type PodRuntime,
  type ProbeKind,
  type ProbeOutcome,
  type Rejection,
} from '../pods/index.ts';
import type { PodSandbox, SandboxOptions } from '../containers/index.ts';
import type { PodNetwork } from '../shell/index.ts';
import type { IpPool } from './ip-pool.ts';
import type { ObjectReader } from './object-reader.ts';
import { createPodPreparation, type PodPreparation } from './prepare-pod.ts';
import { askHook, askPage, runHook, runProbe } from './run-probe.ts';

export interface PodAgentOptions {
  readonly pod: Pod;
  readonly hostIp: string;
  readonly ips: IpPool;
  readonly startDelayMs: number;
  readonly recorder: EventRecorder;
  /** The images of its node. */
  readonly images: ImageStore;
  readonly objects: ObjectReader;
  /** Why the node does not take it; absent where it does. */
  readonly rejection?: Rejection | undefined;
  /** Makes the insides of the Pod; loaded when they are first looked into. */
  openSandbox(runtime: PodRuntime, onExit: SandboxOptions['onExit']): Promise<PodSandbox>;
  readonly network: PodNetwork;
  readonly deps: ControllerDeps;
}

/** Runs one Pod on one node: moves its containers on and reports. */
export interface PodAgent {
  readonly runtime: PodRuntime;
  /** The address of its node. */
  readonly hostIp: string;
  /** Something outside of it has changed its runtime. */
  look(): void;
  sandbox(): Promise<PodSandbox>;
  /** Aborts when the Pod is gone. */
  readonly gone: AbortSignal;
  /** A newer form of the same Pod (same uid). */
  update(pod: Pod): void;
  /** The Pod is gone from the API or the node stops: releases what it held. */
  close(): void;
}

const retryMs = 1_000;

export function createPodAgent(options: PodAgentOptions): PodAgent {
  const { hostIp, ips, recorder, deps } = options;
  const { client, clock, random, logger } = deps;
  const runtime = createPodRuntime(options.pod, options.startDelayMs, clock.now(), options.images);
  runtime.rejected ??= options.rejection;
  const key = objectKey(options.pod);
  const { namespace = '', name = '' } = options.pod.metadata;
  const hostNetwork = options.pod.spec?.hostNetwork === true;
  let closed = false;
  let timer: Timer | undefined;
  let writing = false;
  let dirty = runtime.pod.status?.startTime === undefined;
  let holdsIp = false;
  let sandbox: Promise<PodSandbox> | undefined;
  const gone = new AbortController();
  /** Commands of containers on their way to run. */
  const mains = new WeakMap<ContainerRuntime, Promise<void>>();

  const newId = () => `drydock://${random.uuid().replaceAll('-', '')}${random.uuid().replaceAll('-', '')}`;

  function openSandbox(): Promise<PodSandbox> {
    sandbox ??= options.openSandbox(runtime, exited);
    return sandbox;
  }

  const exited: SandboxOptions['onExit'] = (container, containerId, exitCode, message) => {
    if (container.state.kind !== 'running' || container.containerId !== containerId) return;
    container.exited = { exitCode, atMs: clock.now(), message };
    tick();
  };

  function startMain(container: ContainerRuntime): void {
    if (!runsCommand(container)) return;
    const started = openSandbox()
      .then((opened) => opened.startMain(container))
      .catch((err: unknown) => logger.warn('could not run the command of a container', { pod: key, err }));
    mains.set(container, started);
  }

  /** Made for those Pods alone that refer to something. */
  let preparation: PodPreparation | undefined;
  function prepare(): PodPreparation {
    preparation ??= createPodPreparation({
      runtime,
      objects: options.objects,
      recorder,
      clock,
      logger,
      gone: gone.signal,
      onProgress: tick,
    });
    return preparation;
  }
  /** Work in the background that ends with the Pod. */
  function inBackground(work: Promise<void>): void {
    work.catch((err: unknown) => {
      if (!gone.signal.aborted) logger.warn('a pod could not be prepared', { pod: key, err });
    });
  }

  /** What a probe finds whose answer has to be looked for. */
  async function find(container: ContainerRuntime, kind: ProbeKind, spec: Probe): Promise<ProbeOutcome> {
    const page = spec.httpGet === undefined ? undefined : welcomePage(container.spec, spec.httpGet.path);
    if (page !== undefined) return askPage(await openSandbox(), container, page);
    // Nothing listens where its own command is run; where it could not be, the container is simulated.
    if (spec.exec === undefined)
      return container.process === undefined
        ? probeSucceeds
        : outcomeOf('refused', container.spec, spec, runtime.ip ?? '');
    return runProbe(await openSandbox(), container, {
      command: spec.exec.command ?? [],
      timeoutSeconds: spec.timeoutSeconds ?? 1,
      clock,
      isToRun: isToRun(runtime, container, kind),
    });
  }

  async function askProbe(container: ContainerRuntime, kind: ProbeKind): Promise<void> {
    const state = container.probes[kind];
    const spec = probeSpec(container, kind);
    let outcome: ProbeOutcome;
    try {
      await mains.get(container);
      outcome = await find(container, kind, spec ?? {});
    } catch (error) {
      outcome = { result: 'error', output: error instanceof Error ? error.message : String(error) };
    }
    // A container that has ended meanwhile is not answered for.
    if (closed || state === undefined || container.probes[kind] !== state) return;
    state.answer = { outcome, atMs: clock.now() };
    tick();
  }

  async function runHookOf(container: ContainerRuntime, kind: HookKind): Promise<void> {
    const { hook } = container;
    const { httpGet, exec } = container.spec.lifecycle?.[kind] ?? {};
    await mains.get(container);
    const fault =
      httpGet === undefined
        ? await runHook(await openSandbox(), container, exec?.command ?? [], gone.signal)
        : await askHook(httpGet, container.spec, options.network);
    if (closed || hook === undefined || container.hook !== hook) return;
    hook.answer = { fault };
    tick();
  }

  function holdIp(): void {
    if (runtime.rejected !== undefined) return;
    if (hostNetwork) {
      runtime.ip = hostIp;
    } else if (runtime.ip !== undefined) {
      holdsIp = ips.reserve(runtime.ip);
    } else {
      runtime.ip = ips.take();
      holdsIp = runtime.ip !== undefined;
      dirty = true;
    }
  }

  function releaseIp(): void {
    if (holdsIp && runtime.ip !== undefined) ips.release(runtime.ip);
    holdsIp = false;
  }

  function report(happening: Happening): void {
    const { pod } = runtime;
    if (happening.kind === 'overdue') {
      const what = 'Pod was active on the node longer than specified deadline';
      return recorder.event(pod, 'Normal', deadlineExceeded, what);
    }
    const { container } = happening;
    const list = { main: 'containers', ephemeral: 'ephemeralContainers' } as const;
    const fieldPath = `spec.${container.role in list ? list[container.role as 'main'] : 'initContainers'}{${container.name}}`;
    const tell = (type: 'Normal' | 'Warning', reason: string, message: string) =>
      recorder.event(pod, type, reason, message, { fieldPath });
    switch (happening.kind) {
      case 'event':
        return tell(happening.type, happening.reason, happening.message);
      case 'started':
        startMain(container);
        return tell('Normal', 'Started', `Started container ${container.name}`);
      case 'killing':
        return tell('Normal', 'Killing', happening.message ?? `Stopping container ${container.name}`);
      case 'back-off':
        return tell(
          'Warning',
          'BackOff',
          `Back-off restarting failed container ${container.name} in pod ${name}_${namespace}(${runtime.uid})`,
        );
      case 'configure':
        return inBackground(prepare().configure(container));
      case 'probe':
        return inBackground(askProbe(container, happening.probe));
      case 'terminate':
        container.process?.send(15);
        return;
      case 'hook':
        return inBackground(runHookOf(container, happening.hook));
    }
  }

  function wakeAt(atMs: number): void {
    timer?.cancel();
    timer = clock.setTimeout(tick, Math.max(0, atMs - clock.now()));
  }

  function tick(): void {
    if (closed) return;
    timer?.cancel();
    timer = undefined;
    const step = advance(runtime, clock.now(), newId);
    step.happenings.forEach(report);
    if (step.changed) {
      dirty = true;
      void sandbox?.then((opened) => opened.sweep());
    }
    if (step.wakeAtMs !== undefined) wakeAt(step.wakeAtMs);
    const phase = runtime.pod.status?.phase;
    if (phase === 'Succeeded' || phase === 'Failed') releaseIp();
    void write();
  }

  /** One write at a time; what changes meanwhile goes into the next. */
  async function write(): Promise<void> {
    if (writing || closed) return;
    const finished = runtime.stoppingSinceMs !== undefined && stopped(runtime);
    if (!dirty && !finished) return;
    writing = true;
    dirty = false;
    try {
      const pods = client.resource(Pod).namespace(namespace);
      const status = podStatus(runtime, hostIp, clock.now());
      if (!deepEqual(status, runtime.pod.status)) {
        await pods.patch(
          name,
          {
            type: 'strategic',
            body: { metadata: { uid: runtime.uid }, status: statusPatch(status, runtime.pod.status) },
          },
          { subresource: 'status' },
        );
      }
      if (finished && !closed) {
        await pods.delete(name, { gracePeriodSeconds: 0, preconditions: { uid: runtime.uid } });
        // With finalizers left it stays, and there is nothing more for the node to do.
        closed = true;
        releaseIp();
      }
    } catch (error) {
      // Gone, or replaced by another Pod of this name: the informer will tell.
      if (!closed && !isNotFound(error) && !isConflict(error)) {
        logger.warn('could not report the status of a pod', { pod: key, err: error });
        dirty = true;
        wakeAt(clock.now() + retryMs);
        writing = false;
        return;
      }
    }
    writing = false;
    if (!closed && (dirty || (runtime.stoppingSinceMs !== undefined && stopped(runtime) && !finished)))
      void write();
  }

  function noticeDeletion(): void {
    if (runtime.pod.metadata.deletionTimestamp === undefined || runtime.stoppingSinceMs !== undefined) return;
    runtime.stoppingSinceMs = clock.now();
    for (const container of runtime.containers) {
      if (container.state.kind === 'running') report({ kind: 'killing', container });
    }
    dirty = true;
  }

  holdIp();
  noticeDeletion();
  if (options.rejection !== undefined) {
    dirty = true;
    recorder.event(runtime.pod, 'Warning', options.rejection.reason, options.rejection.message);
  } else if (!runtime.mounted) inBackground(prepare().mount());
  if (runtime.rejected === undefined && (options.pod.spec?.imagePullSecrets ?? []).length > 0)
    inBackground(prepare().lookForPullSecrets());
  if (wasContradicted(runtime)) dirty = true;
  // A restarted node finds its containers running: what ran in them begins anew.
  for (const container of runtime.containers) if (container.state.kind === 'running') startMain(container);
  tick();

  return {
    runtime,
    hostIp,
    look: tick,
    sandbox: openSandbox,
    gone: gone.signal,
    update(pod) {
      const { labels, annotations } = runtime.pod.metadata;
      runtime.pod = pod;
      if (!deepEqual([labels, annotations], [pod.metadata.labels, pod.metadata.annotations]))
        void sandbox?.then((opened) => opened.podChanged());
      addEphemeral(runtime, options.startDelayMs);
      noticeDeletion();
      if (wasContradicted(runtime)) dirty = true;
      tick();
    },
    close() {
      closed = true;
      gone.abort();
      void sandbox?.then((opened) => opened.close());
      timer?.cancel();
      releaseIp();
    },
  };
}

/** Whether somebody else (the control plane, taking the node for lost) reported a Pod unready that is ready. */
function wasContradicted(runtime: PodRuntime): boolean {
  const statusOf = (type: string) =>
    runtime.pod.status?.conditions?.find((condition) => condition.type === type)?.status;
  return (
    statusOf('Ready') === 'False' &&
    statusOf('ContainersReady') === 'True' &&
    (runtime.pod.spec?.readinessGates ?? []).length === 0
  );
}

/** The status as a patch that also takes away reasons and messages that no longer hold. */
function statusPatch(status: PodStatus, previous: PodStatus | undefined): PodStatus {
  const conditions = (status.conditions ?? []).map((condition) => {
    const before = previous?.conditions?.find(({ type }) => type === condition.type);
    if (before?.reason === undefined || condition.reason !== undefined) return condition;
    return { ...condition, reason: null, message: null } as unknown as PodCondition;
  });
  return { ...status, conditions };
}
