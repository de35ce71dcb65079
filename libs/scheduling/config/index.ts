export { buildProfiles, type BuildOptions } from './build-profiles.ts';
export { parseConfiguration } from './parse-configuration.ts';
export type { KubeSchedulerConfiguration, KubeSchedulerProfile, PluginSet } from './types.ts';
