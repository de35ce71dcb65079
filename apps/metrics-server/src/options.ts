import {
  addClusterFlags,
  addKubeletFlags,
  clusterOptions,
  duration,
  flag,
  integer,
  kubeletFlags,
  pkiFile,
  type ClusterOptions,
  type KubeletFlags,
  type ProcessProgram,
} from '@drydock/process';

export interface MetricsServerOptions extends ClusterOptions, KubeletFlags {
  /** Time between two readings of the nodes. */
  readonly metricResolutionMs: number;
  /** HTTPS port of `metrics.k8s.io`. */
  readonly apiPort: number;
  /** The IP under which the API servers reach it; undefined for where it listens. */
  readonly advertiseAddress: string | undefined;
  /** Authority of the front proxies that may ask, PEM. */
  readonly requestheaderClientCaFile: string | undefined;
}

const name = 'metrics-server';

export const program: ProcessProgram<MetricsServerOptions> = {
  name,
  description: 'Gathers what nodes and containers use, and serves it as metrics.k8s.io.',
  securePort: 10260,
  flags(command) {
    command
      .addOption(
        flag('--api-port <n>', 'HTTPS port of metrics.k8s.io; 0 takes a free one')
          .argParser(integer(0, 65_535))
          .default(4443),
      )
      .addOption(
        flag('--advertise-address <ip>', 'where the API servers reach it (default: where it listens)'),
      )
      .addOption(flag('--requestheader-client-ca-file <file>', 'authority of those who may ask, PEM'))
      .optionsGroup('Metrics:')
      .addOption(
        flag('--metric-resolution <duration>', 'time between two readings of the nodes')
          .argParser(duration)
          .default(15_000, '15s'),
      );
    addClusterFlags(command);
    addKubeletFlags(command);
  },
  options(raw) {
    const given = raw as Partial<MetricsServerOptions> & { pkiDir?: string; metricResolution: number };
    if (given.metricResolution <= 0) throw new Error('--metric-resolution must be more than nothing');
    return {
      ...clusterOptions(raw, name),
      ...kubeletFlags(raw, name),
      metricResolutionMs: given.metricResolution,
      apiPort: given.apiPort ?? 4443,
      advertiseAddress: given.advertiseAddress,
      requestheaderClientCaFile:
        given.requestheaderClientCaFile ?? pkiFile(given.pkiDir, 'front-proxy-ca.crt'),
    };
  },
};
