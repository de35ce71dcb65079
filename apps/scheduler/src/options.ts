import {
  addClusterFlags,
  addGrpcFlag,
  clusterOptions,
  flag,
  type ClusterOptions,
  type ProcessProgram,
} from '@drydock/process';
import { addLeaderFlags, leaderOptions, type LeaderOptions } from '@drydock/process/leadership';

export interface SchedulerProcessOptions extends ClusterOptions, LeaderOptions {
  readonly grpcPort: number;
  /** A KubeSchedulerConfiguration, YAML or JSON. */
  readonly config: string | undefined;
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
      .addOption(flag('--config <file>', 'profiles: a KubeSchedulerConfiguration file'));
  },
  options(raw) {
    const given = raw as Partial<SchedulerProcessOptions> & { grpcPort: number };
    return {
      ...clusterOptions(raw, 'scheduler'),
      ...leaderOptions(raw),
      grpcPort: given.grpcPort,
      config: given.config,
    };
  },
};
