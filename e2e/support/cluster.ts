import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * The program of an app: its source, or its bundle in the folder that `DRYDOCK_BUNDLES` names (`npm run bundle`), which
 * starts with half of the work.
 */
export function programOf(app: string): string {
  const bundles = process.env['DRYDOCK_BUNDLES'];
  return bundles === undefined ? join(repository, 'apps', app, 'src/main.ts') : join(bundles, `${app}.js`);
}

export interface ClusterProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly dataDir: string;
  readonly kubeconfig: string;
  /** `https://127.0.0.1:<port>` */
  readonly server: string;
  readonly grpcPort: number;
  /** Milliseconds from spawn to the ready line. */
  readonly readyMs: number;
  /** All that it printed so far. */
  output(): string;
  /** SIGTERM, then waits; answers the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL, then waits. */
  kill(): Promise<void>;
}

export interface ClusterStart {
  readonly args?: readonly string[];
  /** Default: a fresh folder. */
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A new folder for one cluster's data; removed by `removeDataDir`. */
export function newDataDir(): string {
  return mkdtempSync(join(tmpdir(), 'drydock-e2e-'));
}

export function removeDataDir(dataDir: string): void {
  rmSync(dataDir, { recursive: true, force: true });
}

/** Starts `drydock up` as a process of its own on free ports and waits for its ready line. */
export async function startClusterProcess(options: ClusterStart = {}): Promise<ClusterProcess> {
  const dataDir = options.dataDir ?? newDataDir();
  const kubeconfig = join(dataDir, 'kubeconfig');
  const startedAt = performance.now();
  const child = spawn(
    process.execPath,
    [
      programOf('drydock'),
      'up',
      '--data-dir',
      dataDir,
      '--secure-port',
      '0',
      '--grpc-port',
      '0',
      ...(options.args ?? []),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env } },
  );
  let output = '';
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const ready = new Promise<{ server: string; grpcPort: number }>((resolve, reject) => {
    const look = (text: string) => {
      output += text;
      const server = /(https:\/\/[^\s]+)/.exec(output)?.[1];
      const grpcPort = /gRPC [^\s]*:(\d+)/.exec(output)?.[1];
      if (output.includes('is ready') && server !== undefined)
        resolve({ server, grpcPort: Number(grpcPort ?? 0) });
    };
    child.stdout.setEncoding('utf8').on('data', look);
    child.stderr.setEncoding('utf8').on('data', look);
    void exited.then((code) =>
      reject(new Error(`drydock exited with ${code} before it was ready:\n${output}`)),
    );
  });
  const { server, grpcPort } = await ready;
  return {
    child,
    pid: child.pid ?? 0,
    dataDir,
    kubeconfig,
    server,
    grpcPort,
    readyMs: performance.now() - startedAt,
    output: () => output,
    stop() {
      child.kill('SIGTERM');
      return exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
