import type { Container, Node, Pod, Taint } from '@drydock/api/core/v1';
import type { KubeObject, LabelMatcher } from '@drydock/base/apimachinery';
import {
  isInteresting,
  nodeInfo,
  podInfo,
  type CycleState,
  type EventAction,
  type EventResource,
  type NodeInfo,
  type Plugin,
  type PodInfo,
  type Snapshot,
  type Status,
} from './index.ts';

export interface PodShape {
  readonly name?: string;
  readonly namespace?: string;
  readonly labels?: Record<string, string>;
  readonly requests?: Record<string, string>;
  readonly spec?: Omit<Partial<NonNullable<Pod['spec']>>, 'containers'>;
  readonly containers?: Container[];
  readonly status?: Pod['status'];
}

let serial = 0;

export function pod({
  name = `p${serial++}`,
  namespace = 'default',
  labels,
  requests,
  spec,
  containers,
  status,
}: PodShape = {}): Pod {
  const own: Container[] = containers ?? [
    { name: 'c', ...(requests === undefined ? {} : { resources: { requests } }) },
  ];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, uid: `uid-${name}`, ...(labels === undefined ? {} : { labels }) },
    spec: { ...spec, containers: own },
    ...(status === undefined ? {} : { status }),
  } as Pod;
}

export const info = (shape: PodShape = {}): PodInfo => podInfo(pod(shape));

export interface NodeShape {
  readonly labels?: Record<string, string>;
  readonly allocatable?: Record<string, string>;
  readonly taints?: Taint[];
  readonly unschedulable?: boolean;
  readonly images?: { names: string[]; sizeBytes: number }[];
  readonly pods?: readonly PodInfo[];
}

export function node(name: string, shape: NodeShape = {}): Node {
  const {
    labels,
    allocatable = { cpu: '4', memory: '8Gi', pods: '110' },
    taints,
    unschedulable,
    images,
  } = shape;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid: `uid-${name}`, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec: {
      ...(taints === undefined ? {} : { taints }),
      ...(unschedulable === undefined ? {} : { unschedulable }),
    },
    status: { allocatable, ...(images === undefined ? {} : { images }) },
  } as unknown as Node;
}

export const nodeWith = (name: string, shape: NodeShape = {}): NodeInfo =>
  nodeInfo(node(name, shape), shape.pods);

/** A snapshot that counts anew each time. */
export function snapshot(nodes: readonly NodeInfo[]): Snapshot {
  return {
    nodes,
    node: (name) => nodes.find((candidate) => candidate.name === name),
    withAffinity: nodes.filter(({ podsWithAffinity }) => podsWithAffinity.size > 0),
    withRequiredAntiAffinity: nodes.filter((candidate) => candidate.podsWithRequiredAntiAffinity.size > 0),
    nodesWithImage: (image) => nodes.filter(({ images }) => images.has(image)).length,
    counts: (namespace, selector: LabelMatcher) =>
      new Map(
        nodes.map(({ name, pods }) => [
          name,
          selector.requirements.length === 0
            ? 0
            : [...pods.values()].filter(
                (other) =>
                  other.namespace === namespace &&
                  other.pod.metadata.deletionTimestamp === undefined &&
                  selector.matches(other.pod.metadata.labels),
              ).length,
        ]),
      ),
  };
}

/** The verdict of one plugin's preFilter and filter on each node: `ok`, or its reasons. */
export function filterAll(
  plugin: Plugin,
  target: PodInfo,
  nodes: readonly NodeInfo[],
): Record<string, string> {
  const state: CycleState = new Map();
  const words = (status: Status | undefined) => (status === undefined ? 'ok' : status.reasons.join(', '));
  const before = plugin.preFilter?.(state, target, snapshot(nodes));
  const result: Record<string, string> = {};
  for (const candidate of nodes) {
    if (before?.status !== undefined)
      result[candidate.name] = before.status.code === 'Skip' ? 'ok' : words(before.status);
    else result[candidate.name] = words(plugin.filter?.(state, target, candidate));
  }
  return result;
}

/** The verdict of one plugin's preFilter and filter on a node, with its code where it is a refusal. */
export function verdict(
  plugin: Plugin,
  target: PodInfo,
  on: NodeInfo,
  all: readonly NodeInfo[] = [on],
): string {
  const state: CycleState = new Map();
  const words = (status: Status | undefined) =>
    status === undefined ? 'ok' : `${status.code}: ${status.reasons.join(', ')}`;
  const before = plugin.preFilter?.(state, target, snapshot(all));
  if (before?.status?.code === 'Skip') return 'ok';
  if (before?.status !== undefined) return words(before.status);
  if (before?.nodeNames?.has(on.name) === false) return 'not named';
  return words(plugin.filter?.(state, target, on));
}

/** Whether a plugin that refused a Pod has it tried again after an event: `object` absent, it is gone; `previous` absent, new. */
export function isTriedAfter(
  plugin: Plugin,
  target: PodInfo,
  [resource, action]: readonly [EventResource, EventAction],
  { object, previous }: { object?: object | undefined; previous?: object | undefined },
): boolean {
  return isInteresting(plugin.events, target, {
    resource,
    actions: [action],
    ...(object === undefined ? {} : { object: object as KubeObject }),
    ...(previous === undefined ? {} : { previous: previous as KubeObject }),
  });
}

/** The normalized scores of one plugin; `skip` where it has nothing to rate. */
export function scoreAll(
  plugin: Plugin,
  target: PodInfo,
  nodes: readonly NodeInfo[],
  all: readonly NodeInfo[] = nodes,
): number[] | 'skip' {
  const state: CycleState = new Map();
  if (plugin.preScore?.(state, target, nodes, snapshot(all))?.code === 'Skip') return 'skip';
  const scores = nodes.map((candidate) => plugin.score?.(state, target, candidate) ?? 0);
  plugin.normalizeScore?.(state, target, scores, nodes);
  return scores;
}
