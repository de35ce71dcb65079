import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startCluster } from '@drydock/testing';

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

/** Starts `drydock up` as a process of its own on free ports, with the durable store, and waits until it is ready. */
export async function startClusterProcess(options: ClusterStart = {}): Promise<ClusterProcess> {
  const startedAt = performance.now();
  const cluster = await startCluster({
    program: programOf('drydock'),
    store: 'lmdb',
    dataDir: options.dataDir ?? newDataDir(),
    args: options.args ?? [],
    env: options.env ?? {},
  });
  const { process: child, exited, kubeconfig, server, dataDir } = cluster;
  return {
    ...{ child, kubeconfig, server, dataDir },
    pid: child.pid ?? 0,
    grpcPort: Number(cluster.grpc.split(':').at(-1)),
    readyMs: performance.now() - startedAt,
    output: () => cluster.output(),
    stop: () => cluster.stop(),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
