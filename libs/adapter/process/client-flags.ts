import { InvalidArgumentError, type Command } from 'commander';
import { commaSeparated, flag, integer } from './flags.ts';
import { pkiFile } from './serving-flags.ts';

/** How a process reaches NATS. */
export interface NatsFlags {
  readonly natsServers: readonly string[];
  readonly natsStream: string | undefined;
  readonly natsUser: string | undefined;
  readonly natsPassword: string | undefined;
  readonly natsToken: string | undefined;
  /** PEM files. */
  readonly natsCaFile: string | undefined;
  readonly natsCertFile: string | undefined;
  readonly natsKeyFile: string | undefined;
}

/** How a process reaches the API servers. */
export interface ClusterOptions extends NatsFlags {
  /** `host:port` of each API server's gRPC. */
  readonly apiserver: readonly string[];
  /** PEM files; without an authority the connection is not encrypted. */
  readonly rpcCaFile: string | undefined;
  readonly rpcCertFile: string | undefined;
  readonly rpcKeyFile: string | undefined;
  /** Name in the API servers' certificates. Default: their host. */
  readonly rpcServerName: string | undefined;
  /** Of all calls together; 0 has no limit. */
  readonly kubeApiQps: number;
  readonly kubeApiBurst: number;
  /** What carries watch events. */
  readonly eventBus: 'nats' | 'grpc';
}

/** Adds the flags of `NatsFlags`. */
export function addNatsFlags(command: Command): Command {
  return command
    .optionsGroup('Event bus:')
    .addOption(
      flag('--nats-servers <urls>', 'comma-separated nats:// or tls:// addresses')
        .argParser(commaSeparated)
        .default(['nats://127.0.0.1:4222'], 'nats://127.0.0.1:4222'),
    )
    .addOption(flag('--nats-stream <name>', 'JetStream stream of the events (default: DRYDOCK_EVENTS)'))
    .addOption(flag('--nats-user <name>', 'user at NATS'))
    .addOption(flag('--nats-password <text>', 'its password; better in the environment twin'))
    .addOption(flag('--nats-token <text>', 'token at NATS; better in the environment twin'))
    .addOption(flag('--nats-ca-file <file>', 'authorities of the NATS servers, PEM'))
    .addOption(flag('--nats-cert-file <file>', 'certificate shown to NATS, PEM'))
    .addOption(flag('--nats-key-file <file>', 'its key, PEM'));
}

/** What the flags of `addNatsFlags` say. TLS files default to those of the PKI folder where a server is `tls://`. */
export function natsFlags(raw: Readonly<Record<string, unknown>>, app: string): NatsFlags {
  const given = raw as Partial<NatsFlags> & { pkiDir?: string; natsServers: readonly string[] };
  const secure = given.natsServers.some((server) => server.startsWith('tls://'));
  const folder = secure ? given.pkiDir : undefined;
  return {
    natsServers: given.natsServers,
    natsStream: given.natsStream,
    natsUser: given.natsUser,
    natsPassword: given.natsPassword,
    natsToken: given.natsToken,
    natsCaFile: given.natsCaFile ?? pkiFile(folder, 'ca.crt'),
    natsCertFile: given.natsCertFile ?? pkiFile(folder, `${app}.crt`),
    natsKeyFile: given.natsKeyFile ?? pkiFile(folder, `${app}.key`),
  };
}

/** Reads addresses of gRPC servers: without a port none could be found. */
function hostPorts(text: string): readonly string[] {
  const found = commaSeparated(text);
  const wrong = found.find((one) => !/^[^/]+:\d+$/.test(one));
  if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" is not host:port.`);
  return found;
}

/** Adds the flags of `ClusterOptions`: for processes that work through the API servers. */
export function addClusterFlags(command: Command): Command {
  command
    .optionsGroup('API server:')
    .addOption(
      flag('--apiserver <addresses>', 'comma-separated host:port of the API servers (gRPC)')
        .argParser(hostPorts)
        .default(['127.0.0.1:7050'], '127.0.0.1:7050'),
    )
    .addOption(flag('--rpc-ca-file <file>', 'authorities of the API servers, PEM; none: no encryption'))
    .addOption(flag('--rpc-cert-file <file>', 'certificate shown to them, PEM'))
    .addOption(flag('--rpc-key-file <file>', 'its key, PEM'))
    .addOption(
      flag('--rpc-server-name <name>', 'name in their certificates (default: apiserver, with --pki-dir)'),
    )
    .addOption(
      flag('--kube-api-qps <n>', 'calls a second, sustained; 0: no limit')
        .argParser(integer(0, 1_000_000))
        .default(0),
    )
    .addOption(
      flag('--kube-api-burst <n>', 'calls that may be made at once')
        .argParser(integer(1, 1_000_000))
        .default(100),
    );
  addNatsFlags(command);
  return command.addOption(
    flag('--event-bus <carrier>', 'what carries watch events').choices(['nats', 'grpc']).default('grpc'),
  );
}

/** What the flags of `addClusterFlags` say; `app` names the certificate in the folder of `--pki-dir`. */
export function clusterOptions(raw: Readonly<Record<string, unknown>>, app: string): ClusterOptions {
  const given = raw as Partial<ClusterOptions> & { pkiDir?: string; apiserver: readonly string[] };
  const { pkiDir } = given;
  return {
    ...natsFlags(raw, app),
    apiserver: given.apiserver,
    rpcCaFile: given.rpcCaFile ?? pkiFile(pkiDir, 'ca.crt'),
    rpcCertFile: given.rpcCertFile ?? pkiFile(pkiDir, `${app}.crt`),
    rpcKeyFile: given.rpcKeyFile ?? pkiFile(pkiDir, `${app}.key`),
    rpcServerName: given.rpcServerName ?? (pkiDir === undefined ? undefined : 'apiserver'),
    kubeApiQps: given.kubeApiQps ?? 0,
    kubeApiBurst: given.kubeApiBurst ?? 100,
    eventBus: given.eventBus ?? 'grpc',
  };
}
