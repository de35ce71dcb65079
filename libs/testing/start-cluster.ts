import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import { program as installedProgram } from './program.ts';

/** How long a cluster may take to end before it is killed. */
const stopLimitMs = 5_000;

export interface ClusterOptions {
  /** Simulated nodes. Default 3. */
  readonly nodes?: number;
  /** `memory` forgets all at its end; `lmdb` keeps it in `dataDir`. Default `memory`. */
  readonly store?: 'memory' | 'lmdb';
  /** Where certificates, kubeconfig and data are. Default: a new folder, removed when the cluster stops. */
  readonly dataDir?: string;
  /** Other flags of `drydock up`, such as `['--components', 'apiserver,controller-manager']`. They come last. */
  readonly args?: readonly string[];
  /** Added to the environment of the cluster's process. */
  readonly env?: Readonly<Record<string, string>>;
  /** How long the start may take, ms. Default 30,000. */
  readonly timeoutMs?: number;
  /** Another program than the one that came with this. */
  readonly program?: string;
}

/** A cluster that runs in a process of its own, on free ports of the loopback interface. */
export interface Cluster extends AsyncDisposable {
  /** File with the access of an administrator. */
  readonly kubeconfig: string;
  /** Of the API: `https://127.0.0.1:<port>`. */
  readonly server: string;
  /** Of the gRPC services, without TLS: `127.0.0.1:<port>`. */
  readonly grpc: string;
  readonly dataDir: string;
  readonly process: ChildProcess;
  /** Resolves when the process has ended, with its exit code; null after a signal. */
  readonly exited: Promise<number | null>;
  /** All that it printed so far. */
  output(): string;
  /** Ends it, and waits until it has ended; answers as `exited`. May be called again. */
  stop(): Promise<number | null>;
}

interface Ready {
  readonly server: string;
  readonly grpc: string;
  readonly kubeconfig: string;
}

/** Of clusters that nobody has stopped. */
const leftFolders = new Set<string>();
const removeFolders = (): void => leftFolders.forEach(removeFolder);

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'drydock-'));
  if (leftFolders.size === 0) process.once('exit', removeFolders);
  leftFolders.add(folder);
  return folder;
}

function dropFolder(folder: string): void {
  removeFolder(folder);
  leftFolders.delete(folder);
  if (leftFolders.size === 0) process.off('exit', removeFolders);
}

/** Whether a test that ends without having stopped its cluster waits for it. */
function keepWaiting(child: ChildProcess, wait: boolean): void {
  for (const handle of [child, child.channel, child.stdout as Socket, child.stderr as Socket]) {
    if (wait) handle?.ref();
    else handle?.unref();
  }
}

/**
 * Starts `drydock up` and waits until it is ready, which takes about a second. It ends with the process that started it,
 * even if that is killed.
 *
 * @throws Error with what the program said, if it ends before it is ready or is not ready in time
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { nodes = 3, store = 'memory', timeoutMs = 30_000, program = installedProgram } = options;
  const dataDir = options.dataDir ?? newFolder();
  const flags = { 'data-dir': dataDir, 'secure-port': 0, 'grpc-port': 0, nodes, store };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = fork(program, ['up', ...args, ...(options.args ?? [])], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // Those of who tests are not for the cluster.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: { ...process.env, ...options.env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exited = new Promise<number | null>((resolve) => {
    const done = (code: number | null): void => {
      if (options.dataDir === undefined) dropFolder(dataDir);
      resolve(code);
    };
    // When all that it printed has been read.
    child.once('close', done);
    child.once('error', () => child.pid === undefined && done(null));
  });

  async function end(): Promise<number | null> {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return exited;
    keepWaiting(child, true);
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
    const code = await exited;
    clearTimeout(late);
    return code;
  }
  let ending: Promise<number | null> | undefined;
  // A second signal would cut short what the first one began.
  const stop = (): Promise<number | null> => (ending ??= end());

  let timer: NodeJS.Timeout | undefined;
  try {
    const { server, grpc, kubeconfig } = await new Promise<Ready>((resolve, reject) => {
      child.once('message', (message) => resolve(message as Ready));
      child.once('error', reject);
      void exited.then((code) =>
        reject(new Error(`drydock ended with ${code} before it was ready:\n${output}`)),
      );
      timer = setTimeout(
        () => reject(new Error(`drydock was not ready in ${timeoutMs} ms:\n${output}`)),
        timeoutMs,
      );
    });
    keepWaiting(child, false);
    return {
      ...{ kubeconfig, server, grpc, dataDir, process: child, exited, stop },
      output: () => output,
      async [Symbol.asyncDispose]() {
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
