import {
  addClusterFlags,
  addGrpcFlag,
  clusterOptions,
  commaSeparated,
  flag,
  pkiFile,
  type ClusterOptions,
  type ProcessProgram,
} from '@drydock/process';

export interface AggregatorOptions extends ClusterOptions {
  readonly grpcPort: number;
  /** `https://host:port` of each API server. */
  readonly apiserverUrl: readonly URL[];
  /** Their authorities, PEM. */
  readonly apiserverCaFile: string | undefined;
  /** The front proxy's certificate, PEM: API servers believe whom it names. */
  readonly proxyClientCertFile: string;
  readonly proxyClientKeyFile: string;
}

const name = 'aggregator';

function urls(texts: readonly string[]): URL[] {
  if (texts.length === 0) throw new Error('--apiserver-url names no address');
  return texts.map((text) => {
    const url = URL.parse(text);
    if (url?.protocol !== 'https:' || url.pathname !== '/')
      throw new Error(`--apiserver-url: ${text} is not https://host:port`);
    return url;
  });
}

export const program: ProcessProgram<AggregatorOptions> = {
  name,
  description: 'The front door of a cluster: knows who asks, and sends requests on to who answers.',
  securePort: 6443,
  flags(command) {
    addGrpcFlag(command, 7054);
    addClusterFlags(command);
    command
      .optionsGroup('Forwarding:')
      .addOption(
        flag('--apiserver-url <urls>', 'comma-separated https:// addresses of the API servers')
          .argParser(commaSeparated)
          .default(['https://127.0.0.1:7443'], 'https://127.0.0.1:7443'),
      )
      .addOption(flag('--apiserver-ca-file <file>', 'their authorities, PEM'))
      .addOption(flag('--proxy-client-cert-file <file>', 'certificate of the front proxy, PEM'))
      .addOption(flag('--proxy-client-key-file <file>', 'its key, PEM'));
  },
  options(raw) {
    const given = raw as {
      pkiDir?: string;
      grpcPort: number;
      apiserverUrl: readonly string[];
      apiserverCaFile?: string;
      proxyClientCertFile?: string;
      proxyClientKeyFile?: string;
    };
    const { pkiDir } = given;
    const cert = given.proxyClientCertFile ?? pkiFile(pkiDir, 'front-proxy-client.crt');
    const key = given.proxyClientKeyFile ?? pkiFile(pkiDir, 'front-proxy-client.key');
    if (cert === undefined || key === undefined)
      throw new Error('give --pki-dir, or --proxy-client-cert-file and --proxy-client-key-file');
    return {
      ...clusterOptions(raw, name),
      grpcPort: given.grpcPort,
      apiserverUrl: urls(given.apiserverUrl),
      apiserverCaFile: given.apiserverCaFile ?? pkiFile(pkiDir, 'ca.crt'),
      proxyClientCertFile: cert,
      proxyClientKeyFile: key,
    };
  },
};
