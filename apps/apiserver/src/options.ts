import {
  addAccessFlags,
  addApiFlags,
  addKubeletFlags,
  addNatsFlags,
  addStoreFlags,
  apiOptions,
  bytes,
  commaSeparated,
  durationFrom,
  flag,
  integer,
  kubeletFlags,
  natsFlags,
  pkiFile,
  storeOptions,
  type ApiOptions,
  type KubeletFlags,
  type NatsFlags,
  type ProcessProgram,
  type StoreOptions,
} from '@drydock/process';
import { frontProxyDefaults, type FrontProxyOptions } from '@drydock/server/authn';

export interface ApiServerOptions extends ApiOptions, StoreOptions, NatsFlags, KubeletFlags {
  readonly grpcPort: number;
  /** Authorities of those who may call over gRPC, PEM; without them a token is asked for. */
  readonly rpcClientCaFile: string | undefined;
  /** `nats`: committed changes are published; `grpc`: consumers watch this server. */
  readonly eventBus: 'nats' | 'grpc';
  readonly natsReplicas: number;
  /** How long the stream keeps changes, and how many bytes of them. */
  readonly natsStreamMaxAgeMs: number;
  readonly natsStreamMaxBytes: number;
  /** Private key of the service accounts' tokens, PEM. */
  readonly serviceAccountSigningKeyFile: string | undefined;
  /** Further keys whose tokens are good. */
  readonly serviceAccountKeyFile: readonly string[];
  /** Authority of the front proxies, PEM; without it none is believed. */
  readonly requestheaderClientCaFile: string | undefined;
  readonly frontProxy: FrontProxyOptions;
  /** Certificate shown to extension API servers, PEM. */
  readonly proxyClientCertFile: string | undefined;
  readonly proxyClientKeyFile: string | undefined;
  /** Where the cluster reaches the API: the endpoint of the `kubernetes` Service. */
  readonly advertiseAddress: string | undefined;
  readonly advertisePort: number;
}

const name = 'apiserver';
const mebibyte = 1024 * 1024;

export const program: ProcessProgram<ApiServerOptions> = {
  name,
  description: 'The Kubernetes API over REST and gRPC, on one store.',
  securePort: 7443,
  flags(command) {
    command
      .optionsGroup('Serving:')
      .addOption(
        flag('--grpc-port <n>', 'gRPC port; 0 takes a free one').argParser(integer(0, 65_535)).default(7050),
      )
      .addOption(
        flag('--rpc-client-ca-file <file>', 'authorities of gRPC clients, PEM; none: they show tokens'),
      )
      .addOption(
        flag('--advertise-address <ip>', 'where the cluster reaches the API: of the kubernetes Service'),
      )
      .addOption(
        flag('--advertise-port <n>', 'and on which port').argParser(integer(1, 65_535)).default(6443),
      )
      .optionsGroup('API:');
    addApiFlags(command);
    addStoreFlags(command);
    addNatsFlags(command);
    command
      .addOption(
        flag('--event-bus <carrier>', 'nats: committed changes are published there')
          .choices(['nats', 'grpc'])
          .default('grpc'),
      )
      .addOption(
        flag('--nats-replicas <n>', 'NATS servers that keep a copy of the stream')
          .argParser(integer(1, 5))
          .default(1),
      )
      .addOption(
        flag('--nats-stream-max-age <duration>', 'how long the stream keeps changes')
          .argParser(durationFrom(60_000, '1m0s'))
          .default(3_600_000, '1h'),
      )
      .addOption(
        flag('--nats-stream-max-bytes <size>', 'how much of them it keeps')
          .argParser(bytes(16 * mebibyte))
          .default(1024 * mebibyte, '1Gi'),
      );
    addAccessFlags(command);
    addKubeletFlags(command);
    command
      .optionsGroup('Service accounts:')
      .addOption(flag('--service-account-signing-key-file <file>', 'key of their tokens, PEM'))
      .addOption(
        flag('--service-account-key-file <files>', 'comma-separated further keys whose tokens are good')
          .argParser(commaSeparated)
          .default([], 'none'),
      )
      .optionsGroup('Front proxies:')
      .addOption(flag('--requestheader-client-ca-file <file>', 'their authority, PEM'))
      .addOption(
        flag('--requestheader-allowed-names <list>', 'common names of their certificates; none: all')
          .argParser(commaSeparated)
          .default([], 'all'),
      )
      .addOption(listFlag('--requestheader-username-headers <list>', frontProxyDefaults.usernameHeaders))
      .addOption(listFlag('--requestheader-uid-headers <list>', frontProxyDefaults.uidHeaders))
      .addOption(listFlag('--requestheader-group-headers <list>', frontProxyDefaults.groupHeaders))
      .addOption(
        listFlag('--requestheader-extra-headers-prefix <list>', frontProxyDefaults.extraHeaderPrefixes),
      )
      .addOption(flag('--proxy-client-cert-file <file>', 'certificate shown to extension API servers'))
      .addOption(flag('--proxy-client-key-file <file>', 'its key, PEM'));
  },
  options(raw) {
    const given = raw as Partial<ApiServerOptions> & {
      pkiDir?: string;
      grpcPort: number;
      natsStreamMaxAge: number;
      requestheaderAllowedNames: readonly string[];
      requestheaderUsernameHeaders: readonly string[];
      requestheaderUidHeaders: readonly string[];
      requestheaderGroupHeaders: readonly string[];
      requestheaderExtraHeadersPrefix: readonly string[];
    };
    const { pkiDir } = given;
    return {
      ...apiOptions(raw),
      ...storeOptions(raw, name),
      ...natsFlags(raw, name),
      ...kubeletFlags(raw, name),
      grpcPort: given.grpcPort,
      rpcClientCaFile: given.rpcClientCaFile ?? pkiFile(pkiDir, 'ca.crt'),
      eventBus: given.eventBus ?? 'grpc',
      natsReplicas: given.natsReplicas ?? 1,
      natsStreamMaxAgeMs: given.natsStreamMaxAge,
      natsStreamMaxBytes: given.natsStreamMaxBytes ?? 1024 * mebibyte,
      serviceAccountSigningKeyFile: given.serviceAccountSigningKeyFile ?? pkiFile(pkiDir, 'sa.key'),
      serviceAccountKeyFile: given.serviceAccountKeyFile ?? [],
      requestheaderClientCaFile: given.requestheaderClientCaFile ?? pkiFile(pkiDir, 'front-proxy-ca.crt'),
      frontProxy: {
        allowedNames: given.requestheaderAllowedNames,
        usernameHeaders: given.requestheaderUsernameHeaders,
        uidHeaders: given.requestheaderUidHeaders,
        groupHeaders: given.requestheaderGroupHeaders,
        extraHeaderPrefixes: given.requestheaderExtraHeadersPrefix,
      },
      proxyClientCertFile: given.proxyClientCertFile ?? pkiFile(pkiDir, 'front-proxy-client.crt'),
      proxyClientKeyFile: given.proxyClientKeyFile ?? pkiFile(pkiDir, 'front-proxy-client.key'),
      advertiseAddress: given.advertiseAddress,
      advertisePort: given.advertisePort ?? 6443,
    };
  },
};

/** A list of header names, which are the same in capitals. */
function listFlag(declaration: string, standard: readonly string[]) {
  return flag(declaration, 'headers that front proxies use')
    .argParser((text) => commaSeparated(text.toLowerCase()))
    .default(standard, standard.join(','));
}
