import { nodeSelectorMatches, untolerated } from '@drydock/api/node-matching';
import { podRequests } from '@drydock/api/quota';
import type { Node, Pod } from '@drydock/api/core/v1';
import { tryParseQuantity } from '@drydock/base/apimachinery';

/** What a Pod takes of its node. */
export interface Claim {
  /** CPU in thousandths, all else in units. */
  readonly amounts: ReadonlyMap<string, number>;
  readonly ports: readonly HostPort[];
}

interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

/** Why a node does not take a Pod that was bound to it. */
export interface Rejection {
  readonly reason: string;
  readonly message: string;
}

const anyAddress = '0.0.0.0';

export function claimOf(pod: Pod): Claim {
  const amounts = new Map<string, number>();
  for (const [name, quantity] of podRequests(pod))
    amounts.set(name, name === 'cpu' ? quantity.milliValue() : quantity.value());
  const ports: HostPort[] = [];
  for (const container of pod.spec?.containers ?? []) {
    for (const { hostPort, hostIP, protocol } of container.ports ?? []) {
      if (hostPort !== undefined && hostPort > 0)
        ports.push({ ip: hostIP || anyAddress, protocol: protocol || 'TCP', port: hostPort });
    }
  }
  return { amounts, ports };
}

/** The order in which the kubelet looks at what there is too little of. */
const first = ['cpu', 'memory', 'ephemeral-storage'];

/** Not Kubernetes' own; those that name a class of devices are what the Pod's claim has. */
const isExtended = (name: string) =>
  name.startsWith('deviceclass.resource.kubernetes.io/') ||
  (name.includes('/') && !/(^|\.)kubernetes\.io\//.test(name));

function tooLittle(node: Node, claim: Claim, others: readonly Claim[]): Rejection | undefined {
  const allocatable = node.status?.allocatable ?? {};
  const short = (name: string, requested: number, used: number, capacity: number) => ({
    reason: `OutOf${name}`,
    message: `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
  });
  const pods = tryParseQuantity(allocatable['pods'])?.value();
  if (pods !== undefined && others.length + 1 > pods) return short('pods', 1, others.length, pods);
  const names = [...claim.amounts.keys()].sort();
  for (const name of [...first, ...names.filter((one) => !first.includes(one))]) {
    const requested = claim.amounts.get(name) ?? 0;
    if (requested === 0) continue;
    const there = tryParseQuantity(allocatable[name]);
    // Extended resources that the node does not know are the whole cluster's.
    if (there === undefined && isExtended(name)) continue;
    const capacity = (name === 'cpu' ? there?.milliValue() : there?.value()) ?? 0;
    const used = others.reduce((sum, { amounts }) => sum + (amounts.get(name) ?? 0), 0);
    if (requested > capacity - used) return short(name, requested, used, capacity);
  }
  return undefined;
}

function wantsNode(pod: Pod, node: Node): boolean {
  const { nodeSelector = {}, affinity } = pod.spec ?? {};
  const labels = node.metadata.labels ?? {};
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return (
    Object.entries(nodeSelector).every(([key, value]) => labels[key] === value) &&
    (required === undefined || nodeSelectorMatches(required, node))
  );
}

const clash = (a: HostPort, b: HostPort) =>
  a.port === b.port &&
  a.protocol === b.protocol &&
  (a.ip === b.ip || a.ip === anyAddress || b.ip === anyAddress);

const predicate = (name: string, why: string): Rejection => ({
  reason: name,
  message: `Predicate ${name} failed: ${why}`,
});

/** Why a node does not take a Pod beside those that it runs already; undefined when it does. */
export function rejectionOf(
  pod: Pod,
  node: Node,
  claim: Claim,
  others: readonly Claim[],
): Rejection | undefined {
  const system = pod.metadata.labels?.['kubernetes.io/os'];
  if (system !== undefined && system !== 'linux')
    return {
      reason: 'PodOSSelectorNodeLabelDoesNotMatch',
      message: "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
    };
  if (pod.spec?.os?.name !== undefined && pod.spec.os.name !== 'linux')
    return {
      reason: 'PodOSNotSupported',
      message: "Failed to admit pod as the OS field doesn't match node OS",
    };
  const short = tooLittle(node, claim, others);
  if (short !== undefined) return short;
  if (!wantsNode(pod, node))
    return predicate('NodeAffinity', "node(s) didn't match Pod's node affinity/selector");
  if (claim.ports.some((port) => others.some(({ ports }) => ports.some((taken) => clash(port, taken)))))
    return predicate('NodePorts', "node(s) didn't have free ports for the requested pod ports");
  if (untolerated(node.spec?.taints, pod.spec?.tolerations, ['NoExecute']) !== undefined)
    return predicate('TaintToleration', "node(s) had taints that the pod didn't tolerate");
  return undefined;
}
