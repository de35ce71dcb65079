export { buildProfiles, type BuildOptions } from './build-profiles.ts';
export { parseConfiguration } from './parse-configuration.ts';
export type {
  ExtenderConfiguration,
  ExtenderTlsConfiguration,
  KubeSchedulerConfiguration,
  KubeSchedulerProfile,
  PluginSet,
} from './types.ts';
