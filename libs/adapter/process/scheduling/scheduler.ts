import { readFileSync } from 'node:fs';
import { createSchedulerExtenderCaller } from '@drydock/http';
import { createSchedulerService, type RpcService } from '@drydock/rpc';
import {
  parseConfiguration,
  type ExtenderTlsConfiguration,
  type KubeSchedulerConfiguration,
} from '@drydock/scheduling/config';
import type { Scheduler, SchedulerOptions } from '@drydock/scheduling/scheduler';
import { compileDeviceSelector } from '@drydock/server/device-selectors';
import { parse } from 'yaml';

/** Puts what the files hold in the place of their names. */
function withFiles(tls: ExtenderTlsConfiguration): ExtenderTlsConfiguration {
  const data = (own: string | undefined, file: string | undefined) =>
    own ?? (file ? readFileSync(file).toString('base64') : undefined);
  const [caData, certData, keyData] = [
    data(tls.caData, tls.caFile),
    data(tls.certData, tls.certFile),
    data(tls.keyData, tls.keyFile),
  ];
  return { ...tls, ...(caData && { caData }), ...(certData && { certData }), ...(keyData && { keyData }) };
}

function readConfiguration(file: string): KubeSchedulerConfiguration {
  try {
    const configuration = parseConfiguration(parse(readFileSync(file, 'utf8')));
    const { extenders } = configuration;
    if (extenders === undefined) return configuration;
    return {
      ...configuration,
      extenders: extenders.map((extender) =>
        extender.tlsConfig === undefined
          ? extender
          : { ...extender, tlsConfig: withFiles(extender.tlsConfig) },
      ),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${file}: ${reason.replace(/\s*\n\s*/g, ' ')}`, { cause: error });
  }
}

/** Reads a KubeSchedulerConfiguration file, where one is given; throws an error of one line. */
export function schedulerOptions(file: string | undefined): SchedulerOptions {
  return {
    extenderCaller: createSchedulerExtenderCaller(),
    deviceSelectors: compileDeviceSelector,
    ...(file === undefined ? {} : { configuration: readConfiguration(file) }),
  };
}

/** The gRPC service that tells of a scheduler's decisions. */
export function schedulerService(scheduler: Pick<Scheduler, 'explain'>): RpcService {
  return createSchedulerService((namespace, name) => {
    const found = scheduler.explain(`${namespace}/${name}`);
    if (found === undefined) return undefined;
    return {
      ...found,
      node: found.node ?? '',
      victims: [...found.victims],
      nodes: found.nodes.map(
        ({ node, refusedBy = '', reasons = [], resolvable = false, scores = {}, total = 0 }) => ({
          node,
          refusedBy,
          reasons: [...reasons],
          resolvable,
          scores: { ...scores },
          total,
        }),
      ),
    };
  });
}
