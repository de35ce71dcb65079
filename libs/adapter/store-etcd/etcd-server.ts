import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface EtcdServer {
  readonly endpoint: string;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  pause(): void;
  resume(): void;
  /** Starts it again on the same data and ports. */
  start(): Promise<void>;
  dispose(): Promise<void>;
}

/** Whether etcd is installed. Without it its tests are skipped with one line; under CI that is a failure. */
export function etcdInstalled(): boolean {
  if (spawnSync('etcd', ['--version']).status === 0) return true;
  if (process.env['CI'] === 'true') throw new Error('etcd is missing, and CI must not skip its tests');
  process.stderr.write('skipped: etcd is not installed\n');
  return false;
}

/** Runs etcdctl against an endpoint; throws with what it says where it fails. */
export function etcdctl(endpoint: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync('etcdctl', ['--endpoints', endpoint, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ETCDCTL_API: '3' },
  });
  if (status !== 0) throw new Error(`etcdctl ${args.join(' ')}: ${stderr}`);
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** One etcd of its own: free ports, fresh data. `args` are further ones of the command line. */
export async function startEtcd(args: readonly string[] = []): Promise<EtcdServer> {
  const data = mkdtempSync(join(tmpdir(), 'drydock-etcd-'));
  const [clientPort = 0, peerPort = 0] = await freePorts(2);
  const client = `http://127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const started = spawn(
      'etcd',
      [
        ...['--name', 'one', '--data-dir', data, '--log-level', 'error'],
        ...['--listen-client-urls', client, '--advertise-client-urls', client],
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
        ...['--initial-cluster', `one=${peer}`, '--heartbeat-interval', '50', '--election-timeout', '250'],
        ...args,
      ],
      { stdio: 'ignore', env: { ...process.env, ETCD_UNSUPPORTED_ARCH: process.arch } },
    );
    child = started;
    for (;;) {
      if (started.exitCode !== null) throw new Error(`etcd exited with ${started.exitCode}`);
      const healthy = await fetch(`${client}/health`).then(
        async (answer) => /"true"/.test(await answer.text()),
        () => false,
      );
      if (healthy) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
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
    endpoint: `127.0.0.1:${clientPort}`,
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
