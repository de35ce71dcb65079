import { unknownControllers, type NodeIpamOptions } from '@drydock/controllers/all';
import { addAdmissionFlags, disabledPlugins } from './admission-plugins.ts';
import { authorizationMode, type AuthorizationMode } from './authorization-mode.ts';
import { addAutoscalerFlags, autoscalerOptions, type AutoscalerOptions } from './autoscaler-options.ts';
import { certsCommand } from './certs-command.ts';
import { explainCommand } from './explain-command.ts';
import type { ExplainOptions } from './explain.ts';
import { duration, flag, integer, logLevels, type ClusterPkiOptions, type LogLevel } from '@drydock/process';
import { addNodeIpamFlags, nodeIpamOptions } from './node-ipam-options.ts';
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

export interface UpOptions {
  /** Simulated nodes. */
  readonly nodes: number;
  /** Where the store, the certificates and the default kubeconfig live. */
  readonly dataDir: string;
  /** Interface that both ports listen on. */
  readonly bindAddress: string;
  /** HTTPS port; 0 takes a free one. */
  readonly securePort: number;
  /** gRPC port; 0 takes a free one. */
  readonly grpcPort: number;
  /** File that the admin kubeconfig is written to. */
  readonly kubeconfig: string;
  readonly store: 'memory' | 'lmdb' | 'etcd';
  /** Members of the etcd cluster, for `store: 'etcd'`. */
  readonly etcdServers: readonly string[];
  /** PEM files, as kube-apiserver's flags of these names. */
  readonly etcdCafile: string | undefined;
  readonly etcdCertfile: string | undefined;
  readonly etcdKeyfile: string | undefined;
  readonly components: ReadonlySet<ComponentName>;
  /** Which control loops run, as kube-controller-manager's flag. */
  readonly controllers: string;
  readonly nodeMonitorGraceMs: number;
  readonly nodeStartupGraceMs: number;
  readonly terminatedPodGcThreshold: number;
  /** A KubeSchedulerConfiguration file, YAML or JSON. */
  readonly schedulerConfig: string | undefined;
  /** How long events are kept. */
  readonly eventTtlMs: number;
  /** `--horizontal-pod-autoscaler-*`. */
  readonly autoscaler: AutoscalerOptions;
  /** Who gives nodes the addresses of their Pods. */
  readonly nodeIpam: NodeIpamOptions;
  /** Time between two readings of what nodes and containers use. */
  readonly metricResolutionMs: number;
  /** CSV file of static tokens, in kube-apiserver's format. */
  readonly tokenAuthFile: string | undefined;
  /** PEM bundle of further authorities for client certificates. */
  readonly clientCaFile: string | undefined;
  readonly authorizationMode: AuthorizationMode;
  /** Admission plugins that are left out. */
  readonly disableAdmissionPlugins: readonly string[];
  readonly serviceClusterIpRange: string;
  readonly logLevel: LogLevel;
}

/** What the command line asks for: a run, or a text to print (help, version, an error) and an exit code. */
export type Invocation =
  | { readonly kind: 'up'; readonly options: UpOptions }
  | { readonly kind: 'certs'; readonly options: ClusterPkiOptions }
  | { readonly kind: 'explain'; readonly options: ExplainOptions }
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
  const command = new Command('up')
    .description('Runs a whole cluster in this process, until Ctrl-C.')
    .optionsGroup('Cluster:')
    .addOption(flag('--nodes <n>', 'simulated nodes', 'NODES').argParser(integer(0, 10_000)).default(3))
    .addOption(
      flag('--components <list>', `comma-separated: ${componentNames.join(', ')}`, 'COMPONENTS')
        .argParser(componentList)
        .default(new Set(componentNames), 'all'),
    )
    .addOption(
      flag('--service-cluster-ip-range <cidr>', 'addresses of Services', 'SERVICE_CLUSTER_IP_RANGE').default(
        '10.96.0.0/12',
      ),
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
      flag('--event-ttl <duration>', 'how long events are kept', 'EVENT_TTL')
        .argParser(duration)
        .default(3_600_000, '1h'),
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
  addAutoscalerFlags(command);
  addAdmissionFlags(command);
  addNodeIpamFlags(command);
  return command
    .optionsGroup('Scheduler:')
    .addOption(
      flag('--scheduler-config <file>', 'profiles: a KubeSchedulerConfiguration file', 'SCHEDULER_CONFIG'),
    )
    .optionsGroup('Storage:')
    .addOption(flag('--data-dir <dir>', 'store, certificates, kubeconfig', 'DATA_DIR').default('.drydock'))
    .addOption(
      flag('--store <engine>', 'where objects are kept', 'STORE')
        .choices(['memory', 'lmdb', 'etcd'])
        .default('lmdb'),
    )
    .addOption(
      flag('--etcd-servers <urls>', 'comma-separated, for --store etcd', 'ETCD_SERVERS')
        .argParser((text) => text.split(',').filter((url) => url.trim() !== ''))
        .default(['http://127.0.0.1:2379'], 'http://127.0.0.1:2379'),
    )
    .addOption(flag('--etcd-cafile <file>', 'authorities of the etcd members, PEM', 'ETCD_CAFILE'))
    .addOption(flag('--etcd-certfile <file>', 'certificate shown to etcd, PEM', 'ETCD_CERTFILE'))
    .addOption(flag('--etcd-keyfile <file>', 'its key, PEM', 'ETCD_KEYFILE'))
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
    )
    .optionsGroup('Authentication:')
    .addOption(
      flag('--token-auth-file <file>', 'static tokens: token,user,uid,"group1,group2"', 'TOKEN_AUTH_FILE'),
    )
    .addOption(flag('--client-ca-file <file>', 'authorities for client certificates, PEM', 'CLIENT_CA_FILE'))
    .addOption(
      flag(
        '--authorization-mode <list>',
        'who may do what: AlwaysAllow, RBAC; of several one must allow',
        'AUTHORIZATION_MODE',
      )
        .argParser(authorizationMode)
        .default('AlwaysAllow'),
    )
    .optionsGroup('Logging:')
    .addOption(
      flag('--log-level <level>', 'least level to log', 'LOG_LEVEL')
        .choices([...logLevels])
        .default('warn'),
    )
    .allowExcessArguments(false)
    .action((raw: Record<string, never>) => {
      const given = raw as unknown as Omit<
        UpOptions,
        | 'kubeconfig'
        | 'autoscaler'
        | 'nodeIpam'
        | 'metricResolutionMs'
        | 'serviceClusterIpRange'
        | 'nodeMonitorGraceMs'
        | 'nodeStartupGraceMs'
        | 'eventTtlMs'
        | 'disableAdmissionPlugins'
      > & {
        kubeconfig?: string;
        serviceClusterIpRange: string;
        nodeMonitorGracePeriod: number;
        metricResolution: number;
        nodeStartupGracePeriod: number;
        eventTtl: number;
      };
      const nodeIpam = nodeIpamOptions(raw);
      if (nodeIpam.errors.length > 0) command.error(`error: ${nodeIpam.errors.join('; ')}`);
      run({
        nodes: given.nodes,
        dataDir: given.dataDir,
        bindAddress: given.bindAddress,
        securePort: given.securePort,
        grpcPort: given.grpcPort,
        kubeconfig: given.kubeconfig ?? `${given.dataDir}/kubeconfig`,
        store: given.store,
        etcdServers: given.etcdServers,
        etcdCafile: given.etcdCafile,
        etcdCertfile: given.etcdCertfile,
        etcdKeyfile: given.etcdKeyfile,
        components: given.components,
        controllers: given.controllers,
        nodeMonitorGraceMs: given.nodeMonitorGracePeriod,
        nodeStartupGraceMs: given.nodeStartupGracePeriod,
        terminatedPodGcThreshold: given.terminatedPodGcThreshold,
        schedulerConfig: given.schedulerConfig,
        eventTtlMs: given.eventTtl,
        autoscaler: autoscalerOptions(raw),
        nodeIpam: nodeIpam.options,
        metricResolutionMs: given.metricResolution,
        tokenAuthFile: given.tokenAuthFile,
        clientCaFile: given.clientCaFile,
        authorizationMode: given.authorizationMode,
        disableAdmissionPlugins: disabledPlugins(command),
        serviceClusterIpRange: given.serviceClusterIpRange,
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
  const program = new Command('drydock')
    .description('A whole Kubernetes control plane in one process.')
    .version('0.1.0')
    .addCommand(up, { isDefault: true })
    .addCommand(explain)
    .addCommand(certs);
  for (const command of [program, up, certs, explain, ...explain.commands]) {
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
