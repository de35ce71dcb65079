export { createNodeCache, interleaveZones, type NodeCache } from './node-cache.ts';
