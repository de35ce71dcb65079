export type {
  Decision,
  FilterPlugin,
  HostPort,
  NodeInfo,
  PodRequest,
  Refusal,
  Resources,
  ScorePlugin,
} from './types.ts';
export { addTo, amount, amounts, podRequest, podRequests } from './pod-request.ts';
export {
  nodeSelectorMatches,
  nodeSelectorTermMatches,
  tolerates,
  untolerated,
} from '@drydock/api/node-matching';
