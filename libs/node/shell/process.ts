import type { Clock, Random } from '@drydock/base/clock';
import type { ByteSink } from '@drydock/base/streams';
import type { BackendRequest, BackendResponse } from '@drydock/port/kubelet';
import type { FileSystem } from '../files/index.ts';
import type { Input } from './input.ts';

/** Thrown through whatever a process waits for when it is told to stop. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** One entry of the process table. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  readonly startedAtMs: number;
  /** Asks it to stop. */
  kill(signal: number): void;
}

/** Why nobody answers: nothing listens there, or there is nobody. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  readonly kind: 'refused' | 'timeout';

  constructor(kind: UnreachableError['kind']) {
    super(kind === 'refused' ? 'Connection refused' : 'Connection timed out');
    this.kind = kind;
  }
}

/** The network of the cluster as one Pod sees it: Pods and Services, and nothing beyond. */
export interface PodNetwork {
  /** Its own address. */
  readonly ownIp: () => string;
  /** The addresses behind a name; none when nobody has it. */
  resolve(name: string): Promise<readonly string[]>;
  /** Asks what listens there, over HTTP. Throws UnreachableError. */
  request(address: string, port: number, request: BackendRequest): Promise<BackendResponse>;
  /** Whether a connection would be taken. Throws UnreachableError where it would not. */
  connect(address: string, port: number): Promise<void>;
}

/** What the processes of one container share. */
export interface ContainerHost {
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  readonly hostname: string;
  readonly user: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
  /** When the container was started. */
  readonly startedAtMs: number;
  readonly programs: ReadonlyMap<string, Program>;
  readonly processes: Map<number, ProcessEntry>;
  nextPid(): number;
  /** Absent: it has none. */
  readonly network?: PodNetwork | undefined;
}

export interface Terminal {
  size(): { readonly width: number; readonly height: number };
  /** Calls back on Ctrl-C until the returned function is called; the newest listener hears it first and alone. */
  onInterrupt(listener: () => void): () => void;
}

/** One running program. */
export interface Process {
  readonly host: ContainerHost;
  readonly pid: number;
  /** The name it was called by, and its arguments. */
  readonly args: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string;
  readonly stdin: Input;
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  readonly terminal: Terminal | undefined;
  /** Aborts when it is to stop. */
  readonly signal: AbortSignal;
  /** What it does about signals that it catches, by number; others stop it. */
  readonly handlers: Map<number, () => void>;
}

/** Runs to the exit code. Throws FileError for what it did not foresee, BrokenPipeError when nobody reads it, Interrupted. */
export type Program = (process: Process) => Promise<number> | number;

/** A usage error or the like: the message goes to standard error behind the program's name. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
