import { readFileSync } from 'node:fs';
import { startCluster } from '@drydock/testing';
import type { Target } from './connection.ts';

export interface BenchServer {
  readonly target: Target;
  /** Resident memory of the server process, MiB. */
  residentMiB(): number;
  stop(): Promise<void>;
}

/** The API server that a kubeconfig with certificates inside names. */
export function targetOf(kubeconfig: string): Target {
  const config = readFileSync(kubeconfig, 'utf8');
  const part = (name: string) =>
    Buffer.from(new RegExp(`${name}: (\\S+)`).exec(config)?.[1] ?? '', 'base64').toString();
  return {
    host: '127.0.0.1',
    port: Number(/server: https:\/\/[^:]+:(\d+)/.exec(config)?.[1]),
    ca: part('certificate-authority-data'),
    cert: part('client-certificate-data'),
    key: part('client-key-data'),
  };
}

/** Resident memory of a process, MiB. */
export const residentMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

/** A Drydock process of its own, with `args`, on free ports, a fresh data directory and the durable store. */
export async function startServer(args: readonly string[]): Promise<BenchServer> {
  const cluster = await startCluster({ store: 'lmdb', args });
  return {
    target: targetOf(cluster.kubeconfig),
    residentMiB: () => residentMiB(cluster.process.pid ?? 0),
    stop: () => cluster.stop().then(() => undefined),
  };
}
