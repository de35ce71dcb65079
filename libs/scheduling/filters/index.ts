export {
  defaultFilters,
  nodeAffinity,
  nodeName,
  nodePorts,
  nodeResourcesFit,
  nodeUnschedulable,
  portKey,
  taintToleration,
} from './filters.ts';
