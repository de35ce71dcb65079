import {
  nodeSelectorMatches,
  untolerated,
  type FilterPlugin,
  type HostPort,
  type Refusal,
} from '../framework/index.ts';

const unresolvable = (...reasons: string[]): Refusal => ({ reasons, unresolvable: true });
const resolvable = (...reasons: string[]): Refusal => ({ reasons, unresolvable: false });

/** `spec.unschedulable` refuses all Pods that do not tolerate the taint it stands for. */
export const nodeUnschedulable: FilterPlugin = {
  name: 'NodeUnschedulable',
  filter({ pod }, { node }) {
    if (node.spec?.unschedulable !== true) return undefined;
    const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
    return untolerated([taint], pod.spec?.tolerations, ['NoSchedule']) === undefined
      ? undefined
      : unresolvable('node(s) were unschedulable');
  },
};

/** `spec.nodeName` names the one node that does. */
export const nodeName: FilterPlugin = {
  name: 'NodeName',
  filter({ pod }, { name }) {
    const wanted = pod.spec?.nodeName;
    return wanted === undefined || wanted === '' || wanted === name
      ? undefined
      : unresolvable("node(s) didn't match the requested node name");
  },
};

export const taintToleration: FilterPlugin = {
  name: 'TaintToleration',
  filter({ pod }, { node }) {
    const taint = untolerated(node.spec?.taints, pod.spec?.tolerations, ['NoSchedule', 'NoExecute']);
    return taint === undefined
      ? undefined
      : unresolvable(`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`);
  },
};

/** nodeSelector and required node affinity. */
export const nodeAffinity: FilterPlugin = {
  name: 'NodeAffinity',
  filter({ pod }, { node }) {
    const refusal = unresolvable("node(s) didn't match Pod's node affinity/selector");
    for (const [key, value] of Object.entries(pod.spec?.nodeSelector ?? {})) {
      if (node.metadata.labels?.[key] !== value) return refusal;
    }
    const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    return required === undefined || nodeSelectorMatches(required, node) ? undefined : refusal;
  },
};

/** The key under which a used host port is kept. */
export function portKey({ ip, protocol, port }: HostPort): string {
  return `${ip}/${protocol}/${port}`;
}

const anyAddress = '0.0.0.0';

export const nodePorts: FilterPlugin = {
  name: 'NodePorts',
  filter({ hostPorts }, { usedPorts }) {
    if (hostPorts.length === 0 || usedPorts.size === 0) return undefined;
    for (const wanted of hostPorts) {
      const taken =
        wanted.ip === anyAddress
          ? [...usedPorts].some((used) => used.endsWith(`/${wanted.protocol}/${wanted.port}`))
          : usedPorts.has(portKey(wanted)) || usedPorts.has(portKey({ ...wanted, ip: anyAddress }));
      if (taken) return resolvable("node(s) didn't have free ports for the requested pod ports");
    }
    return undefined;
  },
};

export const nodeResourcesFit: FilterPlugin = {
  name: 'NodeResourcesFit',
  filter({ requests }, { allocatable, requested, pods }) {
    const reasons: string[] = [];
    let helpless = false;
    if (pods.size + 1 > (allocatable.get('pods') ?? 0)) reasons.push('Too many pods');
    for (const [resource, wanted] of requests) {
      if (wanted === 0) continue;
      const capacity = allocatable.get(resource) ?? 0;
      if (wanted <= capacity - (requested.get(resource) ?? 0)) continue;
      reasons.push(`Insufficient ${resource}`);
      // An empty node would not do either.
      if (wanted > capacity) helpless = true;
    }
    return reasons.length === 0 ? undefined : { reasons, unresolvable: helpless };
  },
};

/** In the order in which kube-scheduler runs them; the first refusal of a node counts. */
export const defaultFilters: readonly FilterPlugin[] = [
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinity,
  nodePorts,
  nodeResourcesFit,
];
