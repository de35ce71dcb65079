import type { Container, Pod } from '@drydock/api/core/v1';
import type { Clock, Random } from '@drydock/base/clock';
import { createFileSystem, type FileSystem } from '../files/index.ts';
import type { Client } from '@drydock/machinery/client';
import type { AttachOptions, ContainerSession, ExecOptions } from '@drydock/port/kubelet';
import { programsOfImage } from '../commands/index.ts';
import {
  argumentsOf,
  isKnownServer,
  missesFiles,
  webServerOf,
  type ContainerRuntime,
  type PodRuntime,
} from '../pods/index.ts';
import { isBuiltIn, looksAtFiles, scriptIsBuiltIn } from './built-in.ts';
import {
  findExecutable,
  NotExecutableError,
  defaultPath,
  type ContainerHost,
  type PodNetwork,
  type ProcessEntry,
} from '../shell/index.ts';
import { allocatableFor, containerEnvironment, substitute } from './environment.ts';
import { podHostname } from './hostname.ts';
import { startMainProcess, type MainProcess } from './main-process.ts';
import { createOutputLog } from './output-log.ts';
import { seedRoot } from './root.ts';
import { runSession } from './session.ts';
import { openTerminationLog, terminationMessage } from './termination-message.ts';
import { createSharedDirectories, type MountedVolume, type SharedDirectories } from './volumes.ts';

export interface SandboxOptions {
  readonly runtime: PodRuntime;
  readonly hostIp: string;
  readonly nodeDirectories: SharedDirectories;
  /** What volumes hold that Pods of all nodes may claim. */
  readonly volumes: SharedDirectories;
  readonly clusterDns: string;
  readonly network?: PodNetwork | undefined;
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  /** A container's own process has ended. */
  onExit(container: ContainerRuntime, containerId: string, exitCode: number, message?: string): void;
}

/** The insides of one Pod: file systems, processes, what its containers share. Made when it is first looked into. */
export interface PodSandbox {
  exec(container: ContainerRuntime, options: ExecOptions): Promise<ContainerSession>;
  /** Undefined when the container runs no process of its own: there is only its log. */
  attach(container: ContainerRuntime, options: AttachOptions): Promise<ContainerSession | undefined>;
  /** Runs the container's own command where it is known here; else the container stays a simulated one. */
  startMain(container: ContainerRuntime): Promise<void>;
  /**
   * Whether a command that looks at the container is to be run: where it runs its own command, which then decides how well
   * it is, and where it is a web server at whose files the command looks. What is not built in cannot tell of a container
   * whose command runs only because its image is known.
   */
  examines(container: ContainerRuntime, command: readonly string[]): Promise<boolean>;
  /** Whether there is such a file in the container. */
  hasFile(container: ContainerRuntime, path: string): Promise<boolean>;
  /** The Pod's labels or annotations are others: volumes show them. */
  podChanged(): Promise<void>;
  /** Ends the processes of containers that run no more. */
  sweep(): void;
  close(): void;
}

interface Box {
  readonly containerId: string;
  readonly host: ContainerHost;
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string;
  readonly volumes: readonly MountedVolume[];
  readonly ended: AbortController;
  main: MainProcess | undefined;
}

/** How long somebody who looks into a volume may find what it held before. */
const refreshMs = 1_000;
/** How often volumes are filled again for processes that run: a kubelet takes about a minute. */
const syncMs = 5_000;

/** Whom a container's processes run as. */
function userOf(pod: Pod, { securityContext: own }: Container): ContainerHost['user'] {
  const ofPod = pod.spec?.securityContext;
  const gid = Number(own?.runAsGroup ?? ofPod?.runAsGroup ?? 0);
  const more = [
    ...(ofPod?.supplementalGroups ?? []),
    ...(ofPod?.fsGroup === undefined ? [] : [ofPod.fsGroup]),
  ];
  return {
    uid: Number(own?.runAsUser ?? ofPod?.runAsUser ?? 0),
    gid,
    groups: [...new Set([gid, ...more.map(Number)])],
  };
}

export function createPodSandbox(options: SandboxOptions): PodSandbox {
  const { runtime, clock, random, client } = options;
  const boxes = new Map<string, { box: Promise<Box>; containerId: string; ended: AbortController }>();
  const podDirectories = createSharedDirectories(() => clock.now());
  let refreshedMs = Number.NEGATIVE_INFINITY;

  function createHost(fs: FileSystem, container: ContainerRuntime, startedAtMs: number): ContainerHost {
    const processes = new Map<number, ProcessEntry>();
    let lastPid = 1;
    return {
      fs,
      clock,
      random,
      hostname: podHostname(runtime.pod),
      user: userOf(runtime.pod, container.spec),
      startedAtMs,
      programs: programsOfImage(container.spec.image ?? ''),
      processes,
      nextPid: () => ++lastPid,
      network: options.network,
    };
  }

  async function open(container: ContainerRuntime, ended: AbortController): Promise<Box> {
    const { pod } = runtime;
    const fs = createFileSystem({ clock });
    const startedAtMs = container.state.kind === 'running' ? container.state.startedAtMs : clock.now();
    const host = createHost(fs, container, startedAtMs);
    const environment = {
      pod,
      container: container.spec,
      hostIp: options.hostIp,
      podIp: runtime.ip ?? '',
      hostname: host.hostname,
      client,
      allocatable: await allocatableFor(pod, client),
    };
    const env = await containerEnvironment(environment);
    if (container.spec.tty === true) env.set('TERM', 'xterm');
    const command = argumentsOf(container.spec).map((word) => substitute(word, env));
    const { command: served } = webServerOf(container.spec) ?? {};
    const shown = command.length > 0 ? command : (served ?? [container.spec.image ?? 'pause']);
    host.processes.set(1, {
      pid: 1,
      parent: 0,
      command: shown.join(' '),
      startedAtMs,
      kill: (signal) => {
        // Ending the first process ends the container.
        if (signal !== 0 && box.main?.send(signal) !== true)
          options.onExit(container, box.containerId, 128 + signal);
      },
    });
    const volumes = await seedRoot({
      ...environment,
      env,
      fs,
      host,
      command: shown,
      clusterDns: options.clusterDns,
      shared: { pod: podDirectories, node: options.nodeDirectories, volumes: options.volumes },
    });
    // What was made so far is the runtime's; from now on its processes make files.
    fs.owner = host.user;
    const cwd = container.spec.workingDir ? container.spec.workingDir : '/';
    const box: Box = { containerId: container.containerId, host, env, cwd, volumes, ended, main: undefined };
    return box;
  }

  function boxOf(container: ContainerRuntime): Promise<Box> {
    const present = boxes.get(container.name);
    if (present !== undefined && present.containerId === container.containerId) return present.box;
    present?.ended.abort();
    const ended = new AbortController();
    const box = open(container, ended);
    const entry = { box, containerId: container.containerId, ended };
    boxes.set(container.name, entry);
    // A failed attempt (the API could not be asked) is not remembered.
    box.catch(() => boxes.get(container.name) === entry && boxes.delete(container.name));
    return box;
  }

  async function refresh(box: Box): Promise<void> {
    if (clock.now() - refreshedMs < refreshMs) return;
    refreshedMs = clock.now();
    await fillAgain(box);
  }

  const fillAgain = async (box: Box): Promise<void> => {
    await Promise.all(box.volumes.map((volume) => volume.refresh?.(runtime.pod)));
  };

  /** What its process reads follows its sources until the container ends. */
  function keepFilled(box: Box): void {
    if (box.volumes.every(({ refresh: again }) => again === undefined)) return;
    let timer = clock.setTimeout(sync, syncMs);
    function sync() {
      // Without an answer the volumes keep what they hold.
      void fillAgain(box)
        .catch(() => undefined)
        .then(() => {
          if (!box.ended.signal.aborted) timer = clock.setTimeout(sync, syncMs);
        });
    }
    box.ended.signal.addEventListener('abort', () => timer.cancel(), { once: true });
  }

  const sandbox: PodSandbox = {
    async exec(container, { command, tty }) {
      const box = await boxOf(container);
      container.lookedInto = true;
      await refresh(box).catch(() => undefined);
      const { host, env, cwd } = box;
      return {
        run: (streams, signal) =>
          runSession({ host, env, cwd, command, tty, containerEnded: box.ended.signal }, streams, signal),
      };
    },
    async attach(container) {
      const box = await boxOf(container);
      const { main } = box;
      if (main === undefined) return undefined;
      return {
        async run(streams, signal) {
          await main.attach(streams, signal);
          return 0;
        },
      };
    },
    async startMain(container) {
      const { containerId } = container;
      const careful = container.behaviour.runCommand === 'known';
      /** It goes on as a simulated one; an init container would hold its Pod up for ever. */
      const leave = () => {
        if (container.role === 'init') options.onExit(container, containerId, container.behaviour.exitCode);
      };
      if (careful && !isBuiltIn(container.spec)) return leave();
      const box = await boxOf(container);
      if (box.main !== undefined || box.ended.signal.aborted || container.containerId !== containerId) return;
      const given = argumentsOf(container.spec).map((word) => substitute(word, box.env));
      const command = given.length > 0 ? given : ['sh'];
      try {
        findExecutable(box.host, command, box.env.get('PATH') ?? defaultPath, box.cwd);
      } catch (error) {
        if (!(error instanceof NotExecutableError)) throw error;
        return leave();
      }
      if (careful && !scriptIsBuiltIn(command, box.host, box.cwd)) return leave();
      openTerminationLog(container.spec, box.host.fs);
      const log = createOutputLog();
      container.output = log;
      const { host, env, cwd } = box;
      const tty = container.spec.tty === true;
      box.main = startMainProcess({
        session: { host, env, cwd, command, tty, containerEnded: box.ended.signal },
        log,
        clock,
        stdinOnce: container.spec.stdinOnce === true,
        onExit(exitCode) {
          const message = terminationMessage(container.spec, host.fs, log, exitCode);
          options.onExit(container, containerId, exitCode, message);
        },
      });
      container.process = box.main;
      keepFilled(box);
      if (container.spec.stdin !== true) box.main.start();
    },
    async examines(container, command) {
      const { main, host, cwd } = await boxOf(container);
      if (main === undefined && webServerOf(container.spec) !== undefined)
        return looksAtFiles(container.spec, command, host, cwd) && !missesFiles(runtime, container);
      const server = isKnownServer(container.spec);
      const careful = server || container.behaviour.runCommand === 'known';
      return (main !== undefined || server) && (!careful || isBuiltIn(container.spec, command));
    },
    async hasFile(container, path) {
      return (await boxOf(container)).host.fs.exists(path);
    },
    async podChanged() {
      const opened = [...boxes.values()].map(async ({ box }) => fillAgain(await box));
      await Promise.allSettled(opened);
    },
    sweep() {
      for (const container of runtime.containers) {
        const entry = boxes.get(container.name);
        if (entry === undefined) continue;
        if (container.state.kind === 'running' && container.containerId === entry.containerId) continue;
        entry.ended.abort();
        boxes.delete(container.name);
      }
    },
    close() {
      for (const { ended } of boxes.values()) ended.abort();
      boxes.clear();
    },
  };
  return sandbox;
}
