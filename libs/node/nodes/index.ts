export { devicesAnnotation, simulatedSlices } from './devices.ts';
export {
  addressAnnotation,
  advertisesOther,
  defaultNodeShape,
  imagesAnnotation,
  kubeletVersion,
  nodeConditions,
  nodeIp,
  nodeName,
  nodeObject,
  nodePodCidr,
  nodeStatus,
  simulatedLabel,
  type NodeShape,
} from './node-object.ts';
export { machinePodCidrs } from './machine-ranges.ts';
