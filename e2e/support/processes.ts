import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { programOf } from './cluster.ts';
import { freePort } from './free-port.ts';
import { startSlowLine, type SlowLine } from './slow-line.ts';

/** One process of a cluster. */
export interface ClusterPart {
  readonly name: string;
  readonly pid: number;
  /** From its ready line: `https`, `grpc`. */
  readonly addresses: Readonly<Record<string, string>>;
  output(): string;
  signal(signal: NodeJS.Signals): void;
  /** Resolves with its exit code; null where a signal ended it. */
  readonly exited: Promise<number | null>;
}

/** A cluster of processes of their own on this machine, found and started as anybody would: by their commands. */
export interface ProcessCluster {
  readonly dir: string;
  readonly kubeconfig: string;
  part(name: string): ClusterPart;
  /** Starts one more. Started under a name again, it gets the ports and arguments that it had. */
  start(name: string, app?: string, args?: readonly string[]): Promise<ClusterPart>;
  /** SIGKILL, then waits. */
  kill(name: string): Promise<void>;
  stop(): Promise<void>;
}

export interface ProcessClusterOptions {
  /** Further arguments by process. */
  readonly args?: Readonly<Record<string, readonly string[]>>;
  /** Default grpc. With `nats` the machine must have `nats-server`. */
  readonly eventBus?: 'nats' | 'grpc';
  /** Default lmdb. With `etcd` the machine must have it. */
  readonly store?: 'lmdb' | 'etcd';
  /** Default 1. */
  readonly apiservers?: 1 | 2;
  /** API servers that are far from etcd, by name: how many milliseconds what it says takes to them, and back. */
  readonly far?: Readonly<Record<string, number>>;
  /** Which processes there are beside API servers and the aggregator. Default all. */
  readonly only?: readonly string[];
}

const readyLimitMs = 60_000;
const unknown = 'https://127.0.0.1:6443';

const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };

/** Whether this machine has a program. */
export const hasProgram = (name: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${name}`], { env }).status === 0;

function launch(name: string, command: readonly string[], ready: RegExp): Promise<ClusterPart> {
  const [program = '', ...args] = command;
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  let output = '';
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => reject(new Error(`${name} ${reason}:\n${output.slice(-4_000)}`));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail('was not ready in time');
    }, readyLimitMs);
    const look = (text: string): void => {
      output += text;
      const found = ready.exec(output);
      if (found === null) return;
      clearTimeout(timer);
      const addresses = Object.fromEntries(
        [...(found[1] ?? '').matchAll(/(\w+)=(\S+)/g)].map(([, key, value]) => [key ?? '', value ?? '']),
      );
      resolve({
        name,
        pid: child.pid ?? 0,
        addresses,
        exited,
        output: () => output,
        signal: (signal) => void child.kill(signal),
      });
    };
    child.stdout?.setEncoding('utf8').on('data', look);
    child.stderr?.setEncoding('utf8').on('data', look);
    child.once('error', (error) => fail(error.message));
    void exited.then((code) => {
      clearTimeout(timer);
      fail(`ended with ${String(code)}`);
    });
  });
}

/** Waits for all, and only then says which failed: none is left behind that is still starting. */
async function all(promises: readonly Promise<unknown>[]): Promise<void> {
  for (const one of await Promise.allSettled(promises)) if (one.status === 'rejected') throw one.reason;
}

const portOf = (address: string | undefined): string => address?.split(':').at(-1) ?? '0';

/** Certificates, NATS and etcd where wanted, apiserver, aggregator, controller-manager, scheduler, kubelet-sim, metrics-server. */
export async function startProcessCluster(options: ProcessClusterOptions = {}): Promise<ProcessCluster> {
  const { eventBus = 'grpc', store = 'lmdb', apiservers = 1 } = options;
  const { only = ['controller-manager', 'scheduler', 'kubelet-sim', 'metrics-server'] } = options;
  const dir = mkdtempSync(join(tmpdir(), 'drydock-processes-'));
  const pki = join(dir, 'pki');
  const kubeconfig = join(dir, 'kubeconfig');
  const parts = new Map<string, ClusterPart>();
  const commands = new Map<string, { app: string; args: readonly string[] }>();
  /** NATS and etcd: what starts them, and what they say when they serve. */
  const servers = new Map<string, readonly [command: readonly string[], ready: RegExp]>();
  const lines = new Map<string, SlowLine>();
  const [nats, etcd, etcdPeer] = [await freePort(), await freePort(), await freePort()];

  /** Keys, certificates and the kubeconfig, which does not know yet where the aggregator will be. */
  async function certificates(): Promise<void> {
    const args = [
      programOf('drydock'),
      'certs',
      '--dir',
      pki,
      '--server',
      unknown,
      '--kubeconfig',
      kubeconfig,
    ];
    await promisify(execFile)(process.execPath, args);
  }

  async function start(name: string, app?: string, args?: readonly string[]): Promise<ClusterPart> {
    const server = servers.get(name);
    if (server !== undefined) {
      const part = await launch(name, ...server);
      parts.set(name, part);
      return part;
    }
    const known = commands.get(name);
    const command = {
      app: app ?? known?.app ?? name,
      args: args ?? known?.args ?? options.args?.[name] ?? [],
    };
    commands.set(name, command);
    const before = parts.get(name)?.addresses ?? {};
    const takesGrpc = command.app !== 'metrics-server';
    const ports = [
      ...['--secure-port', portOf(before['https'])],
      ...(takesGrpc ? ['--grpc-port', portOf(before['grpc'])] : []),
    ];
    const apis = [...parts.values()].filter((part) => commands.get(part.name)?.app === 'apiserver');
    const reaches: Readonly<Record<string, readonly string[]>> = {
      apiserver: [
        ...(store === 'lmdb'
          ? ['--data-dir', join(dir, 'data')]
          : ['--etcd-servers', `http://127.0.0.1:${lines.get(name)?.port ?? etcd}`]),
        ...['--store', store],
      ],
      aggregator: [
        '--apiserver-url',
        apis.map(({ addresses }) => `https://${addresses['https'] ?? ''}`).join(','),
      ],
      'metrics-server': ['--api-port', '0'],
    };
    const client = ['--apiserver', apis.map(({ addresses }) => addresses['grpc'] ?? '').join(',')];
    const bus = ['--event-bus', eventBus, '--nats-servers', `nats://127.0.0.1:${nats}`];
    const part = await launch(
      name,
      [
        ...[process.execPath, programOf(command.app), '--pki-dir', pki, '--log-level', 'warn', ...ports],
        ...(reaches[command.app] ?? []),
        ...(command.app === 'apiserver' ? [] : client),
        ...bus,
        ...command.args,
      ],
      /^\S+ is ready(.*)$/m,
    );
    parts.set(name, part);
    return part;
  }

  const cluster: ProcessCluster = {
    dir,
    kubeconfig,
    start,
    part(name) {
      const found = parts.get(name);
      if (found === undefined) throw new Error(`no process ${name}`);
      return found;
    },
    async kill(name) {
      const part = cluster.part(name);
      part.signal('SIGKILL');
      await part.exited;
    },
    async stop() {
      // Those that write first, what they write to last.
      for (const part of [...parts.values()].reverse()) {
        part.signal('SIGCONT');
        part.signal('SIGTERM');
        const timer = setTimeout(() => part.signal('SIGKILL'), 8_000);
        await part.exited;
        clearTimeout(timer);
      }
      for (const line of lines.values()) line.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };

  try {
    const outside: Promise<unknown>[] = [certificates()];
    if (eventBus === 'nats') {
      mkdirSync(join(dir, 'nats'));
      const command = ['nats-server', '-a', '127.0.0.1', '-p', String(nats), '-js', '-sd', join(dir, 'nats')];
      servers.set('nats', [command, /Server is ready/]);
      outside.push(start('nats'));
    }
    if (store === 'etcd') {
      const [client, peer] = [`http://127.0.0.1:${etcd}`, `http://127.0.0.1:${etcdPeer}`];
      const command = [
        ...['etcd', '--data-dir', join(dir, 'etcd'), '--listen-client-urls', client],
        ...['--advertise-client-urls', client, '--listen-peer-urls', peer],
        ...['--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`],
      ];
      servers.set('etcd', [command, /ready to serve client requests/]);
      outside.push(start('etcd'));
    }
    await all(outside);
    for (const [name, delayMs] of Object.entries(options.far ?? {}))
      lines.set(name, await startSlowLine(etcd, delayMs));
    await all(['apiserver', 'apiserver-2'].slice(0, apiservers).map((name) => start(name, 'apiserver')));
    const { addresses } = await start('aggregator');
    const known = `https://${addresses['https'] ?? ''}`;
    writeFileSync(kubeconfig, readFileSync(kubeconfig, 'utf8').replaceAll(unknown, known));
    await all(only.map((name) => start(name)));
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}
