export { aggregatedDiscovery, apiGroupList, apiGroupOf, apiResourceList, apiVersions } from './discovery.ts';
