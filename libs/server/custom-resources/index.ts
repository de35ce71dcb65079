export { cleanupFinalizer } from './conditions.ts';
export { compareVersions } from './versions.ts';
export { customDefinitions, openApiName, type CustomDefinitionsOptions } from './definition.ts';
export { definitionsResource, followDefinitions, type FollowerDeps } from './follower.ts';
export { maintainDefinitions, type StatusDeps } from './status.ts';
