import type { Node, Pod, Taint } from '@drydock/api/core/v1';
import {
  hostPorts as portsOf,
  isOwnUpdate,
  portKey,
  skip,
  tolerates,
  unresolvable,
  unschedulable,
  untolerated,
  type Plugin,
  type PodInfo,
} from '../framework/index.ts';
import { defaultNormalizeScore } from './normalize.ts';

/** Pods with `spec.schedulingGates` stay out of the queue. (KEP-3521) */
export const schedulingGates: Plugin = {
  name: 'SchedulingGates',
  preEnqueue(pod) {
    const gates = pod.spec?.schedulingGates ?? [];
    return gates.length === 0
      ? undefined
      : unresolvable(`waiting for scheduling gates: [${gates.map(({ name }) => name).join(' ')}]`);
  },
  events: [
    {
      resource: 'UnscheduledPod',
      actions: ['UpdatePodSchedulingGatesEliminated'],
      hint: isOwnUpdate,
    },
  ],
};

/** By priority, then by the time of joining the queue. */
export const prioritySort: Plugin = {
  name: 'PrioritySort',
  queueSort: (a, b) => b.info.priority - a.info.priority || a.timestampMs - b.timestampMs,
};

const unschedulableTaint: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
const isMarked = (node: Node) => node.spec?.unschedulable === true;
const toleratesMark = ({ spec }: Pod) =>
  untolerated([unschedulableTaint], spec?.tolerations, ['NoSchedule']) === undefined;

const unschedulableNode = unresolvable('node(s) were unschedulable');

/** `spec.unschedulable` refuses all Pods that do not tolerate the taint it stands for. */
export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  filter: (_, pod, { node }) => (isMarked(node) && !toleratesMark(pod.pod) ? unschedulableNode : undefined),
  events: [
    {
      resource: 'Node',
      actions: ['Add', 'UpdateNodeTaint'],
      hint: (_, { object, previous }) =>
        !isMarked(object as Node) && (previous === undefined || isMarked(previous as Node)),
    },
    {
      resource: 'UnscheduledPod',
      actions: ['UpdatePodTolerations'],
      hint: (pod, event) => isOwnUpdate(pod, event) && toleratesMark(event.object as Pod),
    },
  ],
};

const otherNode = unresolvable("node(s) didn't match the requested node name");

/** `spec.nodeName` names the one node that does. */
export const nodeName: Plugin = {
  name: 'NodeName',
  filter(_, { pod }, { name }) {
    const wanted = pod.spec?.nodeName;
    return wanted === undefined || wanted === '' || wanted === name ? undefined : otherNode;
  },
  events: [{ resource: 'Node', actions: ['Add'] }],
};

const hard = ['NoSchedule', 'NoExecute'];
const tainted = unresolvable('node(s) had untolerated taint(s)');
const untoleratedHard = (pod: PodInfo, node: Node | undefined) =>
  untolerated(node?.spec?.taints, pod.pod.spec?.tolerations, hard);

/** Refuses nodes with hard taints that the Pod does not tolerate; prefers nodes with fewer soft ones. */
export const taintToleration: Plugin = {
  name: 'TaintToleration',
  filter: (_, pod, { node }) =>
    node.spec?.taints === undefined || untoleratedHard(pod, node) === undefined ? undefined : tainted,
  preScore(state, { pod }) {
    const soft = pod.spec?.tolerations?.filter(({ effect }) => !effect || effect === 'PreferNoSchedule');
    state.set('TaintToleration', soft ?? []);
    return undefined;
  },
  score(state, _, { node }) {
    const { taints } = node.spec ?? {};
    if (taints === undefined) return 0;
    const soft = state.get('TaintToleration') as Parameters<typeof tolerates>[0][];
    let count = 0;
    for (const taint of taints) {
      if (taint.effect === 'PreferNoSchedule' && !soft.some((toleration) => tolerates(toleration, taint)))
        count++;
    }
    return count;
  },
  normalizeScore: (_state, _pod, scores) => defaultNormalizeScore(scores, true),
  events: [
    {
      resource: 'Node',
      actions: ['Add', 'UpdateNodeTaint'],
      hint: (pod, { object, previous }) =>
        (previous === undefined || untoleratedHard(pod, previous as Node) !== undefined) &&
        untoleratedHard(pod, object as Node) === undefined,
    },
    { resource: 'UnscheduledPod', actions: ['UpdatePodTolerations'], hint: isOwnUpdate },
  ],
};

const anyAddress = '0.0.0.0';
const portTaken = unschedulable("node(s) didn't have free ports for the requested pod ports");

function conflicts(wanted: PodInfo['hostPorts'], used: ReadonlyMap<string, number>): boolean {
  return wanted.some((port) =>
    port.ip === anyAddress
      ? [...used.keys()].some((key) => key.endsWith(`/${port.protocol}/${port.port}`))
      : used.has(portKey(port)) || used.has(portKey({ ...port, ip: anyAddress })),
  );
}

/** Host ports are used once on a node. */
export const nodePorts: Plugin = {
  name: 'NodePorts',
  preFilter: (_, { hostPorts }) => (hostPorts.length === 0 ? { status: skip } : undefined),
  filter: (_, { hostPorts }, { usedPorts }) =>
    hostPorts.length > 0 && usedPorts.size > 0 && conflicts(hostPorts, usedPorts) ? portTaken : undefined,
  events: [
    {
      resource: 'AssignedPod',
      actions: ['Delete'],
      // One without a node held ports only where it was promised a place.
      hint({ hostPorts }, { previous }) {
        const gone = previous as Pod;
        if (!gone.spec?.nodeName && !gone.status?.nominatedNodeName) return false;
        return conflicts(hostPorts, new Map(portsOf(gone).map((port) => [portKey(port), 1])));
      },
    },
    { resource: 'Node', actions: ['Add'] },
  ],
};
