export { nodeSelectorMatches, nodeSelectorTermMatches } from './node-selector.ts';
export { tolerates, untolerated } from './taints.ts';
