import { unknownControllers, type NodeIpamOptions } from '@drydock/controllers/all';
import { InvalidArgumentError, type Command } from 'commander';
import { featureGatesFlag } from '../feature-gates.ts';
import { duration, flag, integer } from '../flags.ts';
import { addAutoscalerFlags, autoscalerOptions, type AutoscalerOptions } from './autoscaler-flags.ts';
import { addNodeIpamFlags, nodeIpamOptions } from './node-ipam-flags.ts';

/** kube-controller-manager's flags about its loops. */
export interface LoopOptions {
  /** `--controllers`: `*`, `name`, `-name`. */
  readonly controllers: string;
  readonly nodeMonitorGraceMs: number;
  readonly nodeStartupGraceMs: number;
  readonly terminatedPodGcThreshold: number;
  readonly autoscaler: AutoscalerOptions;
  readonly nodeIpam: NodeIpamOptions;
}

function controllerList(text: string): string {
  const [unknown] = unknownControllers(text);
  if (unknown !== undefined)
    throw new InvalidArgumentError(`"${unknown}" is not in the list of known controllers`);
  return text;
}

/** Adds the flags of `LoopOptions`. */
export function addLoopFlags(command: Command): Command {
  command
    .optionsGroup('Control loops:')
    .addOption(
      flag('--controllers <list>', "loops to run: '*' for all, 'foo' for foo, '-foo' for all but foo")
        .argParser(controllerList)
        .default('*'),
    )
    .addOption(
      flag('--node-monitor-grace-period <duration>', 'silence after which a node counts as lost')
        .argParser(duration)
        .default(50_000, '50s'),
    )
    .addOption(
      flag('--node-startup-grace-period <duration>', 'as above, for a node that never reported')
        .argParser(duration)
        .default(60_000, '1m0s'),
    )
    .addOption(
      flag('--terminated-pod-gc-threshold <n>', 'ended Pods to keep; 0 keeps all')
        .argParser(integer(0, 1_000_000))
        .default(12_500),
    )
    .addOption(
      flag(
        '--service-cluster-ip-range <cidrs>',
        "addresses of Services, left out of the nodes' ranges",
      ).default('10.96.0.0/12'),
    );
  addAutoscalerFlags(command);
  addNodeIpamFlags(command);
  return command.addOption(featureGatesFlag());
}

/** What the flags say; throws an Error with one line when those of Node IPAM do not fit together. */
export function loopOptions(raw: Readonly<Record<string, unknown>>): LoopOptions {
  const given = raw as {
    controllers: string;
    nodeMonitorGracePeriod: number;
    nodeStartupGracePeriod: number;
    terminatedPodGcThreshold: number;
  };
  const nodeIpam = nodeIpamOptions(raw);
  if (nodeIpam.errors.length > 0) throw new Error(nodeIpam.errors.join('; '));
  return {
    controllers: given.controllers,
    nodeMonitorGraceMs: given.nodeMonitorGracePeriod,
    nodeStartupGraceMs: given.nodeStartupGracePeriod,
    terminatedPodGcThreshold: given.terminatedPodGcThreshold,
    autoscaler: autoscalerOptions(raw),
    nodeIpam: nodeIpam.options,
  };
}
