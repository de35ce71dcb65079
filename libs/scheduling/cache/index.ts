export { createNodeCache, type NodeCache } from './node-cache.ts';
