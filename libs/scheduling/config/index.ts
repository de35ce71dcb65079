export { buildProfiles, type BuildOptions } from './build-profiles.ts';
export { parseConfiguration } from './parse-configuration.ts';
export { electionTimes } from './validate.ts';
export type {
  ExtenderConfiguration,
  ExtenderTlsConfiguration,
  KubeSchedulerConfiguration,
  KubeSchedulerProfile,
  LeaderElectionConfiguration,
  PluginSet,
} from './types.ts';
