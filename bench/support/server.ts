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
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const found = /is ready .*https:\/\/[^:]+:(\d+)/.exec(output)?.[1];
      if (found !== undefined) resolve(Number(found));
    });
    void exited.then(() => reject(new Error('the server did not start')));
  });
  const config = readFileSync(join(dataDir, 'kubeconfig'), 'utf8');
  const part = (name: string) =>
    Buffer.from(new RegExp(`${name}: (\\S+)`).exec(config)?.[1] ?? '', 'base64').toString();
  return {
    target: {
      host: '127.0.0.1',
      port,
      ca: part('certificate-authority-data'),
      cert: part('client-certificate-data'),
      key: part('client-key-data'),
    },
    residentMiB: () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid ?? 0}/status`, 'utf8'))?.[1] ?? 0) / 1024,
    async stop() {
      child.kill('SIGTERM');
      await exited;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
