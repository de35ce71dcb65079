import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A nats-server for tests. */
export interface NatsServer {
  /** `127.0.0.1:port` */
  readonly address: string;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  pause(): void;
  resume(): void;
  /** Starts it again on the same data and port. */
  start(jetstream?: boolean): Promise<void>;
  dispose(): Promise<void>;
}

/** Whether nats-server is installed. Without it its tests are skipped with one line; under CI that is a failure. */
export function natsInstalled(): boolean {
  if (spawnSync('nats-server', ['--version']).status === 0) return true;
  if (process.env['CI'] === 'true') throw new Error('nats-server is missing, and CI must not skip its tests');
  process.stderr.write('skipped: nats-server is not installed\n');
  return false;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether something greets there as NATS does. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.on('data', (data) => answer(data.toString().startsWith('INFO')));
    socket.on('error', () => answer(false));
    socket.on('close', () => answer(false));
  });
}

/** One nats-server of its own with JetStream: free port, fresh data. `more` are further arguments. */
export async function startNats(more: readonly string[] = []): Promise<NatsServer> {
  const data = mkdtempSync(join(tmpdir(), 'drydock-nats-'));
  const port = await freePort();
  let child: ChildProcess | undefined;

  async function start(jetstream = true): Promise<void> {
    const storing = jetstream ? ['--jetstream', '--store_dir', data] : [];
    const args = ['--addr', '127.0.0.1', '--port', String(port), ...storing, ...more];
    const started = spawn('nats-server', args, { stdio: 'ignore' });
    child = started;
    while (!(await greets(port))) {
      if (started.exitCode !== null) throw new Error(`nats-server exited with ${started.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  async function kill(): Promise<void> {
    const running = child;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await gone;
  }
  await start();
  return {
    address: `127.0.0.1:${port}`,
    start,
    kill,
    pause: () => child?.kill('SIGSTOP'),
    resume: () => child?.kill('SIGCONT'),
    async dispose() {
      await kill();
      rmSync(data, { recursive: true, force: true });
    },
  };
}
