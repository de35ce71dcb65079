import { unknownControllers, type NodeIpamOptions } from '@drydock/controllers/all';
import {
  addAutoscalerFlags,
  addNodeIpamFlags,
  autoscalerOptions,
  nodeIpamOptions,
  type AutoscalerOptions,
} from '@drydock/process/loops';
import { certsCommand } from './certs-command.ts';
import { explainCommand } from './explain-command.ts';
import type { ExplainOptions } from './explain.ts';
import { snapshotCommand, type SnapshotOptions } from './snapshot-command.ts';
import {
  addAccessFlags,
  addApiFlags,
  addStoreFlags,
  apiOptions,
  duration,
  flag,
  integer,
  logLevels,
  storeOptions,
  type ApiOptions,
  type ClusterPkiOptions,
  type LogLevel,
  type StoreOptions,
} from '@drydock/process';
import { Command, CommanderError, InvalidArgumentError } from 'commander';

/** The parts that `drydock up` can run. */
export const componentNames = [
  'apiserver',
  'controller-manager',
  'scheduler',
  'kubelet-sim',
  'metrics-server',
] as const;
export type ComponentName = (typeof componentNames)[number];

export interface UpOptions extends ApiOptions, StoreOptions {
  /** Simulated nodes. */
  readonly nodes: number;
  /** Interface that both ports listen on. */
  readonly bindAddress: string;
  /** HTTPS port; 0 takes a free one. */
  readonly securePort: number;
  /** gRPC port; 0 takes a free one. */
  readonly grpcPort: number;
  /** File that the admin kubeconfig is written to. */
  readonly kubeconfig: string;
  readonly components: ReadonlySet<ComponentName>;
  /** Which control loops run, as kube-controller-manager's flag. */
  readonly controllers: string;
  readonly nodeMonitorGraceMs: number;
  readonly nodeStartupGraceMs: number;
  readonly terminatedPodGcThreshold: number;
  /** A KubeSchedulerConfiguration file, YAML or JSON. */
  readonly schedulerConfig: string | undefined;
  /** `--horizontal-pod-autoscaler-*`. */
  readonly autoscaler: AutoscalerOptions;
  /** Who gives nodes the addresses of their Pods. */
  readonly nodeIpam: NodeIpamOptions;
  /** Time between two readings of what nodes and containers use. */
  readonly metricResolutionMs: number;
  /** PEM bundle of further authorities for client certificates. */
  readonly clientCaFile: string | undefined;
  readonly logLevel: LogLevel;
}

/** What the command line asks for: a run, or a text to print (help, version, an error) and an exit code. */
export type Invocation =
  | { readonly kind: 'up'; readonly options: UpOptions }
  | { readonly kind: 'certs'; readonly options: ClusterPkiOptions }
  | { readonly kind: 'explain'; readonly options: ExplainOptions }
  | { readonly kind: 'snapshot'; readonly options: SnapshotOptions }
  | { readonly kind: 'exit'; readonly code: number };

function componentList(text: string): ReadonlySet<ComponentName> {
  const chosen = new Set<ComponentName>();
  for (const raw of text.split(',')) {
    const item = raw.trim();
    if (item === '') continue;
    if (item === 'all' || item === '*') componentNames.forEach((name) => chosen.add(name));
    else if ((componentNames as readonly string[]).includes(item)) chosen.add(item as ComponentName);
    else throw new InvalidArgumentError(`"${item}" is not one of ${componentNames.join(', ')}, all.`);
  }
  if (!chosen.has('apiserver')) {
    throw new InvalidArgumentError('It must name the apiserver: the other components run beside it.');
  }
  return chosen;
}

function controllerList(text: string): string {
  const [problem] = unknownControllers(text);
  if (problem !== undefined) throw new InvalidArgumentError(`${problem}.`);
  return text;
}

function upCommand(run: (options: UpOptions) => void): Command {
  const command: Command = new Command('up')
    .description('Runs a whole cluster in this process, until Ctrl-C.')
    .optionsGroup('Cluster:')
    .addOption(flag('--nodes <n>', 'simulated nodes', 'NODES').argParser(integer(0, 10_000)).default(3))
    .addOption(
      flag('--components <list>', `comma-separated: ${componentNames.join(', ')}`, 'COMPONENTS')
        .argParser(componentList)
        .default(new Set(componentNames), 'all'),
    )
    .optionsGroup('Control loops:')
    .addOption(
      flag(
        '--controllers <list>',
        "loops to run: '*' for all, 'foo' for foo, '-foo' for all but foo",
        'CONTROLLERS',
      )
        .argParser(controllerList)
        .default('*'),
    )
    .addOption(
      flag(
        '--node-monitor-grace-period <duration>',
        'silence after which a node counts as lost',
        'NODE_MONITOR_GRACE_PERIOD',
      )
        .argParser(duration)
        .default(50_000, '50s'),
    )
    .addOption(
      flag(
        '--node-startup-grace-period <duration>',
        'as above, for a node that never reported',
        'NODE_STARTUP_GRACE_PERIOD',
      )
        .argParser(duration)
        .default(60_000, '1m0s'),
    )
    .addOption(
      flag(
        '--terminated-pod-gc-threshold <n>',
        'ended Pods to keep; 0 keeps all',
        'TERMINATED_POD_GC_THRESHOLD',
      )
        .argParser(integer(0, 1_000_000))
        .default(12_500),
    );
  addApiFlags(command);
  addAutoscalerFlags(command);
  addNodeIpamFlags(command);
  command
    .optionsGroup('Scheduler:')
    .addOption(
      flag('--scheduler-config <file>', 'profiles: a KubeSchedulerConfiguration file', 'SCHEDULER_CONFIG'),
    );
  addStoreFlags(command, 'store, certificates, kubeconfig');
  command
    .optionsGroup('Serving:')
    .addOption(flag('--bind-address <ip>', 'interface to listen on', 'BIND_ADDRESS').default('127.0.0.1'))
    .addOption(
      flag('--secure-port <n>', 'HTTPS port; 0 takes a free one', 'SECURE_PORT')
        .argParser(integer(0, 65_535))
        .default(6443),
    )
    .addOption(
      flag('--grpc-port <n>', 'gRPC port; 0 takes a free one', 'GRPC_PORT')
        .argParser(integer(0, 65_535))
        .default(7050),
    )
    .addOption(
      flag('--kubeconfig <file>', 'admin kubeconfig to write (default: <data-dir>/kubeconfig)', 'KUBECONFIG'),
    );
  addAccessFlags(command);
  return command
    .optionsGroup('Serving:')
    .addOption(flag('--client-ca-file <file>', 'authorities for client certificates, PEM'))
    .optionsGroup('Logging:')
    .addOption(
      flag('--log-level <level>', 'least level to log')
        .choices([...logLevels])
        .default('warn'),
    )
    .allowExcessArguments(false)
    .action((raw: Record<string, never>) => {
      const given = raw as unknown as Omit<
        UpOptions,
        | keyof ApiOptions
        | 'kubeconfig'
        | 'autoscaler'
        | 'nodeIpam'
        | 'metricResolutionMs'
        | 'nodeMonitorGraceMs'
        | 'nodeStartupGraceMs'
      > & {
        kubeconfig?: string;
        nodeMonitorGracePeriod: number;
        metricResolution: number;
        nodeStartupGracePeriod: number;
      };
      let api: ApiOptions;
      try {
        api = apiOptions(raw);
      } catch (error) {
        command.error(`error: ${(error as Error).message}`);
      }
      const nodeIpam = nodeIpamOptions(raw);
      if (nodeIpam.errors.length > 0) command.error(`error: ${nodeIpam.errors.join('; ')}`);
      run({
        ...api,
        ...storeOptions(raw, 'apiserver'),
        nodes: given.nodes,
        bindAddress: given.bindAddress,
        securePort: given.securePort,
        grpcPort: given.grpcPort,
        kubeconfig: given.kubeconfig ?? `${given.dataDir}/kubeconfig`,
        components: given.components,
        controllers: given.controllers,
        nodeMonitorGraceMs: given.nodeMonitorGracePeriod,
        nodeStartupGraceMs: given.nodeStartupGracePeriod,
        terminatedPodGcThreshold: given.terminatedPodGcThreshold,
        schedulerConfig: given.schedulerConfig,
        autoscaler: autoscalerOptions(raw),
        nodeIpam: nodeIpam.options,
        metricResolutionMs: given.metricResolution,
        clientCaFile: given.clientCaFile,
        logLevel: given.logLevel,
      });
    });
}

/**
 * Reads the arguments after the program's name. Help, version and errors are printed here,
 * an error as one line on the error stream.
 */
export function parseArguments(
  argv: readonly string[],
  output: { out(text: string): void; err(text: string): void },
): Invocation {
  let invocation: Invocation | undefined;
  const up = upCommand((options) => {
    invocation = { kind: 'up', options };
  });
  const explain = explainCommand((options) => {
    invocation = { kind: 'explain', options };
  });
  const certs = certsCommand((options) => {
    invocation = { kind: 'certs', options };
  });
  const snapshot = snapshotCommand((options) => {
    invocation = { kind: 'snapshot', options };
  });
  const program = new Command('drydock')
    .description('A whole Kubernetes control plane in one process.')
    .version('0.1.0')
    .addCommand(up, { isDefault: true })
    .addCommand(explain)
    .addCommand(certs)
    .addCommand(snapshot);
  const all = [program, up, certs, explain, ...explain.commands, snapshot, ...snapshot.commands];
  for (const command of all) {
    command.exitOverride().configureOutput({
      writeOut: output.out,
      writeErr: output.err,
      outputError: (text, write) => write(text.replace(/^error: /, 'drydock: ').replace(/\n(?=.)/g, ' ')),
    });
  }
  try {
    program.parse(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return { kind: 'exit', code: error.exitCode };
    throw error;
  }
  return invocation ?? { kind: 'exit', code: 1 };
}
