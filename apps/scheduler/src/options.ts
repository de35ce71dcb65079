import {
  addClusterFlags,
  addGrpcFlag,
  clusterOptions,
  duration,
  flag,
  type ClusterOptions,
  type ProcessProgram,
} from '@drydock/process';
import { addLeaderFlags, leaderOptions, type LeaderOptions } from '@drydock/process/leadership';

export interface SchedulerProcessOptions extends ClusterOptions, LeaderOptions {
  readonly grpcPort: number;
  /** A KubeSchedulerConfiguration, YAML or JSON. */
  readonly config: string | undefined;
  readonly podMaxInUnschedulablePodsDurationMs: number;
}

export const program: ProcessProgram<SchedulerProcessOptions> = {
  name: 'scheduler',
  description: 'Places the Pods of a Drydock cluster on its nodes.',
  securePort: 10259,
  flags(command) {
    addGrpcFlag(command, 7053);
    addClusterFlags(command);
    addLeaderFlags(command, 'kube-scheduler');
    command
      .optionsGroup('Scheduling:')
      .addOption(flag('--config <file>', 'profiles: a KubeSchedulerConfiguration file'))
      .addOption(
        flag(
          '--pod-max-in-unschedulable-pods-duration <duration>',
          'how long a refused Pod waits for an event at most',
        )
          .argParser(duration)
          .default(300_000, '5m0s'),
      );
  },
  options(raw) {
    const given = raw as Partial<SchedulerProcessOptions> & { grpcPort: number };
    return {
      ...clusterOptions(raw, 'scheduler'),
      ...leaderOptions(raw),
      grpcPort: given.grpcPort,
      config: given.config,
      podMaxInUnschedulablePodsDurationMs: raw['podMaxInUnschedulablePodsDuration'] as number,
    };
  },
};
