import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from './cluster.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { run, type RunResult } from './kubectl.ts';
import { createRawClient } from './raw-client.ts';

export type GrpcService = 'apiserver' | 'controller-manager' | 'kubelet-sim' | 'scheduler' | 'aggregator';

/** A cluster of `docker-compose up`. */
export interface ComposeCluster {
  /** What its containers and volumes are named after. */
  readonly project: string;
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
  /** In order: SIGTERM, and a new process. */
  restart(service: string): Promise<void>;
  /** Runs a command in a service's container; throws when it fails, answers its standard output. */
  exec(service: string, ...command: readonly string[]): Promise<string>;
  /** Freezes a service's processes (docker pause) until `unpause`. */
  pause(service: string): Promise<void>;
  unpause(service: string): Promise<void>;
  /** Takes a service off the network, with its connections left hanging, until `connect`. */
  disconnect(service: string): Promise<void>;
  connect(service: string): Promise<void>;
  /** The last that a service printed. */
  printed(service: string, lines?: number): Promise<string>;
  /** What all containers printed, for failures. */
  logs(lines?: number): Promise<string>;
  /** `docker-compose up --detach`; resolves when the cluster serves. */
  up(): Promise<void>;
  /** Resolves when the aggregator answers, by the API server, that it serves. */
  serves(): Promise<void>;
  /** Resolves when every service whose health is checked is healthy. */
  allHealthy(): Promise<void>;
  /** This project by other files. Nothing is started. */
  by(files: ComposeFiles): ComposeCluster;
  /** Removes containers, networks and volumes. */
  stop(): Promise<void>;
}

export interface ComposeFiles {
  /** As for `--env-file`, from the repository. */
  readonly envFile?: string;
  /** Compose files beside the repository's own, from the repository. */
  readonly overrides?: readonly string[];
}

export interface ComposeStart extends ComposeFiles {
  readonly env?: Readonly<Record<string, string>>;
}

/** How many kubelet-sims a cluster has at most. */
const maxKubelets = 3;

let found: Promise<readonly string[] | undefined> | undefined;

async function findCompose(): Promise<readonly string[] | undefined> {
  // Under CI they may still be on their way.
  const works = async (command: string, ...args: string[]) =>
    (await run(command, args, { timeoutMs: 600_000 }).catch(() => undefined))?.code === 0;
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

/** The first of so many free ports in a row. */
async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = await freePort();
    const others = Array.from({ length: count - 1 }, (_, at) => freePort(first + 1 + at));
    if ((await Promise.allSettled(others)).every(({ status }) => status === 'fulfilled')) return first;
  }
}

const image = process.env['DRYDOCK_IMAGE'] ?? 'drydock-test/drydock';
let built: Promise<void> | undefined;

async function checked(result: Promise<RunResult>, what: string): Promise<string> {
  const { code, stdout, stderr } = await result;
  if (code !== 0)
    throw new Error(`${what} exited with ${code}\n${stdout.slice(-2000)}${stderr.slice(-4000)}`);
  return stdout;
}

/** What stays the same whatever files a project is started by. */
interface Project {
  readonly command: readonly string[];
  readonly name: string;
  readonly folder: string;
  readonly port: number;
  readonly grpcPorts: Readonly<Record<GrpcService, number>>;
  readonly env: Readonly<Record<string, string>>;
}

async function newProject(more: Readonly<Record<string, string>>): Promise<Project> {
  const command = await composeCommand();
  if (command === undefined) throw new Error('no Docker engine');
  const folder = mkdtempSync(join(tmpdir(), 'drydock-compose-'));
  const name = `drydock-e2e-${randomBytes(4).toString('hex')}`;
  const port = await freePort();
  const grpcPorts = { apiserver: 0, 'controller-manager': 0, 'kubelet-sim': 0, scheduler: 0, aggregator: 0 };
  for (const service of Object.keys(grpcPorts)) grpcPorts[service as GrpcService] = await freePort();
  grpcPorts['kubelet-sim'] = await freePorts(maxKubelets);
  const env = {
    DRYDOCK_IMAGE: image,
    DRYDOCK_PORT: String(port),
    DRYDOCK_GRPC_PORT: String(grpcPorts.apiserver),
    DRYDOCK_CONTROLLER_MANAGER_GRPC_PORT: String(grpcPorts['controller-manager']),
    // The first of them is published at the first port.
    DRYDOCK_KUBELET_GRPC_PORT: `${grpcPorts['kubelet-sim']}-${grpcPorts['kubelet-sim'] + maxKubelets - 1}`,
    DRYDOCK_SCHEDULER_GRPC_PORT: String(grpcPorts.scheduler),
    DRYDOCK_AGGREGATOR_GRPC_PORT: String(grpcPorts.aggregator),
    DRYDOCK_KUBECONFIG_FOLDER: folder,
    COMPOSE_PROJECT_NAME: name,
    ...more,
  };
  return { command, name, folder, port, grpcPorts, env };
}

function clusterOf(project: Project, { envFile, overrides = [] }: ComposeFiles): ComposeCluster {
  const { command, name, folder } = project;
  const options = [
    ...(envFile === undefined ? [] : ['--env-file', envFile]),
    ...(overrides.length === 0 ? [] : ['docker-compose.yml', ...overrides].flatMap((file) => ['-f', file])),
  ];
  const [program = '', ...prefix] = [...command, ...options];
  const surroundings = { cwd: repository, env: project.env, timeoutMs: 300_000 };
  const compose = (...args: readonly string[]) =>
    checked(run(program, [...prefix, ...args], surroundings), `docker-compose ${args.join(' ')}`);
  const docker = (...args: readonly string[]) =>
    checked(run('docker', args, { cwd: repository }), `docker ${args.join(' ')}`);
  const lines = (text: string) => text.split('\n').filter((line) => line !== '');
  const ofProject = ['--filter', `label=com.docker.compose.project=${name}`];

  const ids = new Map<string, string>();
  async function container(service: string): Promise<string> {
    const known = ids.get(service);
    if (known !== undefined) return known;
    const ofService = ['--filter', `label=com.docker.compose.service=${service}`];
    const [id] = lines(await docker('ps', '--all', '--quiet', ...ofProject, ...ofService));
    if (id === undefined) throw new Error(`${service} has no container`);
    ids.set(service, id);
    return id;
  }
  const toContainer =
    (...args: readonly string[]) =>
    async (service: string): Promise<void> =>
      void (await docker(...args, await container(service)));
  const network = `${name}_default`;

  const cluster: ComposeCluster = {
    project: name,
    kubeconfig: join(folder, 'kubeconfig'),
    server: `https://127.0.0.1:${project.port}`,
    grpcPorts: project.grpcPorts,
    compose,
    script: (text) =>
      checked(
        run(
          'bash',
          [
            ...['-euo', 'pipefail', '-c'],
            `docker-compose() { command ${[...command, ...options].join(' ')} "$@"; }\n${text}`,
          ],
          surroundings,
        ),
        text,
      ),
    container,
    exec: async (service, ...args) => docker('exec', await container(service), ...args),
    kill: toContainer('kill', '--signal', 'KILL'),
    start: toContainer('start'),
    restart: toContainer('restart', '--time', '5'),
    pause: toContainer('pause'),
    unpause: toContainer('unpause'),
    disconnect: async (service) =>
      void (await docker('network', 'disconnect', '--force', network, await container(service))),
    connect: async (service) =>
      void (await docker('network', 'connect', '--alias', service, network, await container(service))),
    async printed(service, count = 30) {
      const { stdout, stderr } = await run('docker', ['logs', `--tail=${count}`, await container(service)]);
      return stdout + stderr;
    },
    logs: (count = 30) => compose('logs', '--no-color', `--tail=${count}`),
    async up() {
      await compose('up', '--detach');
      await cluster.serves();
    },
    async serves() {
      const client = createRawClient(cluster.kubeconfig, { timeoutMs: 5_000 });
      try {
        await eventually(async () => (await client.send('GET', '/readyz')).status === 200, {
          timeoutMs: 120_000,
          everyMs: 100,
          what: 'the cluster to serve',
        });
      } finally {
        client.close();
      }
    },
    async allHealthy() {
      await eventually(
        async () => {
          const all = lines(await docker('ps', '--format', '{{.Status}}', ...ofProject));
          return all.length > 0 && all.every((status) => !/\((?!healthy)/.test(status));
        },
        { timeoutMs: 120_000, everyMs: 300, what: 'all services to be healthy' },
      );
    },
    by: (files) => clusterOf(project, files),
    async stop() {
      // Not `docker-compose down`, which takes its time: nobody waits for what these processes still have to say.
      const containers = lines(await docker('ps', '--all', '--quiet', ...ofProject));
      if (containers.length > 0) await docker('rm', '--force', '--volumes', ...containers);
      const volumes = lines(await docker('volume', 'ls', '--quiet', ...ofProject));
      if (volumes.length > 0) await docker('volume', 'rm', '--force', ...volumes);
      const networks = lines(await docker('network', 'ls', '--quiet', ...ofProject));
      // The engine may take a moment to see that nothing is in them any more.
      for (const network of networks)
        await eventually(() => docker('network', 'rm', network).then(() => true));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return cluster;
}

/** Builds the image of this work tree and starts a cluster of it; resolves when it serves. */
export async function startComposeCluster(options: ComposeStart = {}): Promise<ComposeCluster> {
  const cluster = clusterOf(await newProject(options.env ?? {}), options);
  built ??= cluster.compose('build', 'prepare').then(() => undefined);
  await built;
  try {
    await cluster.up();
  } catch (error) {
    const logs = await cluster.logs().catch(() => '');
    await cluster.stop().catch(() => undefined);
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${logs}`, { cause: error });
  }
  return cluster;
}
