import { nodePodCidr } from './node-object.ts';

/**
 * The ranges that the simulated cloud has for the Pods of a machine (`node-7`): the same that the kubelet would take for
 * itself. None for machines that are not its.
 */
export function machinePodCidrs(nodeName: string): readonly string[] {
  const index = /^node-(0|[1-9]\d{0,4})$/.exec(nodeName)?.[1];
  return index === undefined || Number(index) >= 32_768 ? [] : [nodePodCidr(Number(index))];
}
