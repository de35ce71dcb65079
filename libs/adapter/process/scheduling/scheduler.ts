import { readFileSync } from 'node:fs';
import { createSchedulerService, type RpcService } from '@drydock/rpc';
import { parseConfiguration, type KubeSchedulerConfiguration } from '@drydock/scheduling/config';
import type { Scheduler } from '@drydock/scheduling/scheduler';
import { parse } from 'yaml';

/** Reads `--scheduler-config`; throws an error of one line. */
export function readSchedulerConfiguration(file: string): KubeSchedulerConfiguration {
  try {
    return parseConfiguration(parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${file}: ${reason.replace(/\s*\n\s*/g, ' ')}`, { cause: error });
  }
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
