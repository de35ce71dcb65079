import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from './cluster.ts';
import { eventually } from './eventually.ts';
import { run, type RunResult } from './kubectl.ts';

export type GrpcService = 'apiserver' | 'controller-manager' | 'kubelet-sim' | 'scheduler';

/** A cluster of `docker-compose up`. */
export interface ComposeCluster {
  readonly kubeconfig: string;
  /** `https://127.0.0.1:<port>` */
  readonly server: string;
  /** Where each service's gRPC is published on 127.0.0.1. */
  readonly grpcPorts: Readonly<Record<GrpcService, number>>;
  /** Runs docker-compose in this project; throws when it fails, answers its standard output. */
  compose(...args: readonly string[]): Promise<string>;
  /** Runs a script in which `docker-compose` is this project's; throws when it fails, answers its standard output. */
  script(text: string): Promise<string>;
  /** Id of a service's container. */
  container(service: string): Promise<string>;
  /** SIGKILL to all of a service's processes at once, as a machine that loses power; `start` brings it back. */
  kill(service: string): Promise<void>;
  start(service: string): Promise<void>;
  /** Freezes a service's processes (docker pause) until `unpause`. */
  pause(service: string): Promise<void>;
  unpause(service: string): Promise<void>;
  /** Takes a service off the network, with its connections left hanging, until `connect`. */
  disconnect(service: string): Promise<void>;
  connect(service: string): Promise<void>;
  /** Resolves when the service's health check succeeds. */
  healthy(service: string): Promise<void>;
  /** What the containers printed, for failures. */
  logs(lines?: number): Promise<string>;
  /** Removes containers, networks and volumes. */
  stop(): Promise<void>;
}

export interface ComposeStart {
  /** As for `--env-file`, from the repository. */
  readonly envFile?: string;
  readonly env?: Readonly<Record<string, string>>;
}

let found: Promise<readonly string[] | undefined> | undefined;

async function findCompose(): Promise<readonly string[] | undefined> {
  const works = async (command: string, ...args: string[]) =>
    (await run(command, args).catch(() => undefined))?.code === 0;
  if (!(await works('docker', 'version'))) return undefined;
  if (await works('docker-compose', 'version')) return ['docker-compose'];
  return (await works('docker', 'compose', 'version')) ? ['docker', 'compose'] : undefined;
}

/**
 * The command of docker-compose, in two words or one. Without a Docker engine the suites are skipped with one line; under
 * CI that is a failure.
 */
export async function composeCommand(): Promise<readonly string[] | undefined> {
  found ??= findCompose().then((command) => {
    if (command !== undefined) return command;
    if (process.env['CI'] === 'true') throw new Error('no Docker engine, and CI must not skip its tests');
    process.stderr.write('skipped: no Docker engine with docker-compose answers\n');
    return undefined;
  });
  return found;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

const image = process.env['DRYDOCK_IMAGE'] ?? 'drydock-test/drydock';
let built: Promise<void> | undefined;

async function checked(result: Promise<RunResult>, what: string): Promise<string> {
  const { code, stdout, stderr } = await result;
  if (code !== 0)
    throw new Error(`${what} exited with ${code}\n${stdout.slice(-2000)}${stderr.slice(-4000)}`);
  return stdout;
}

/** Builds the image of this work tree and starts a cluster of it; resolves when all of its services are healthy. */
export async function startComposeCluster(options: ComposeStart = {}): Promise<ComposeCluster> {
  const command = await composeCommand();
  if (command === undefined) throw new Error('no Docker engine');
  const [program = '', ...prefix] = command;
  const folder = mkdtempSync(join(tmpdir(), 'drydock-compose-'));
  const project = `drydock-e2e-${randomBytes(4).toString('hex')}`;
  const port = await freePort();
  const grpcPorts = { apiserver: 0, 'controller-manager': 0, 'kubelet-sim': 0, scheduler: 0 };
  for (const service of Object.keys(grpcPorts)) grpcPorts[service as GrpcService] = await freePort();
  const env = {
    DRYDOCK_IMAGE: image,
    DRYDOCK_PORT: String(port),
    DRYDOCK_GRPC_PORT: String(grpcPorts.apiserver),
    DRYDOCK_CONTROLLER_MANAGER_GRPC_PORT: String(grpcPorts['controller-manager']),
    DRYDOCK_KUBELET_GRPC_PORT: String(grpcPorts['kubelet-sim']),
    DRYDOCK_SCHEDULER_GRPC_PORT: String(grpcPorts.scheduler),
    DRYDOCK_KUBECONFIG_FOLDER: folder,
    COMPOSE_PROJECT_NAME: project,
    ...options.env,
  };
  const envFile = options.envFile === undefined ? [] : ['--env-file', options.envFile];
  const compose = (...args: readonly string[]) =>
    checked(
      run(program, [...prefix, ...envFile, ...args], { cwd: repository, env, timeoutMs: 300_000 }),
      `docker-compose ${args.join(' ')}`,
    );
  const docker = (...args: readonly string[]) =>
    checked(run('docker', args, { cwd: repository }), `docker ${args.join(' ')}`);

  const ids = new Map<string, string>();
  async function container(service: string): Promise<string> {
    const known = ids.get(service);
    if (known !== undefined) return known;
    const filters = [`project=${project}`, `service=${service}`].flatMap((label) => [
      '--filter',
      `label=com.docker.compose.${label}`,
    ]);
    const [id = ''] = (await docker('ps', '--all', '--quiet', ...filters)).trim().split('\n');
    if (id === '') throw new Error(`${service} has no container`);
    ids.set(service, id);
    return id;
  }
  const toContainer =
    (...args: readonly string[]) =>
    async (service: string): Promise<void> =>
      void (await docker(...args, await container(service)));
  const network = `${project}_default`;

  const cluster: ComposeCluster = {
    kubeconfig: join(folder, 'kubeconfig'),
    server: `https://127.0.0.1:${port}`,
    grpcPorts,
    compose,
    script: (text) =>
      checked(
        run(
          'bash',
          ['-euo', 'pipefail', '-c', `docker-compose() { command ${command.join(' ')} "$@"; }\n${text}`],
          {
            ...{ cwd: repository, env, timeoutMs: 120_000 },
          },
        ),
        text,
      ),
    container,
    kill: toContainer('kill', '--signal', 'KILL'),
    start: toContainer('start'),
    pause: toContainer('pause'),
    unpause: toContainer('unpause'),
    disconnect: async (service) =>
      void (await docker('network', 'disconnect', '--force', network, await container(service))),
    connect: async (service) =>
      void (await docker('network', 'connect', '--alias', service, network, await container(service))),
    async healthy(service) {
      const id = await container(service);
      await eventually(
        async () =>
          (await docker('inspect', '--format', '{{.State.Health.Status}}', id)).trim() === 'healthy',
        { timeoutMs: 120_000, everyMs: 300, what: `${service} to be healthy` },
      );
    },
    logs: (lines = 30) => compose('logs', '--no-color', `--tail=${lines}`),
    async stop() {
      await compose('down', '--volumes', '--timeout', '5');
      rmSync(folder, { recursive: true, force: true });
    },
  };
  built ??= compose('build', 'prepare').then(() => undefined);
  await built;
  try {
    await compose('up', '--detach');
    const services = (await compose('config', '--services')).trim().split('\n');
    const running = services.filter((service) => service !== 'prepare');
    for (const service of running) {
      // Services of profiles that are off have no container.
      if (
        await container(service).then(
          () => true,
          () => false,
        )
      )
        await cluster.healthy(service);
    }
  } catch (error) {
    const logs = await cluster.logs().catch(() => '');
    await cluster.stop().catch(() => undefined);
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${logs}`, { cause: error });
  }
  return cluster;
}
