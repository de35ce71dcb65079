import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Target } from './connection.ts';

const main = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'apps/drydock/src/main.ts');

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

/** A Drydock process of its own, with `args`, on free ports and a fresh data directory. */
export async function startServer(args: readonly string[]): Promise<BenchServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'drydock-bench-'));
  const child = spawn(
    process.execPath,
    [main, 'up', '--data-dir', dataDir, '--secure-port', '0', '--grpc-port', '0', ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let output = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes(' is ready ')) resolve();
    });
    void exited.then(() => reject(new Error('the server did not start')));
  });
  return {
    target: targetOf(join(dataDir, 'kubeconfig')),
    residentMiB: () => residentMiB(child.pid ?? 0),
    async stop() {
      child.kill('SIGTERM');
      await exited;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
