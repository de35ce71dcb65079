export { buildProfiles, type BuildOptions } from './build-profiles.ts';
export type { KubeSchedulerConfiguration, KubeSchedulerProfile, PluginSet } from './types.ts';
