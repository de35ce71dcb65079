import type { Node, NodeCondition } from '@drydock/api/core/v1';
import { formatTime } from '@drydock/base/apimachinery';

/** The machine that each simulated node pretends to be. */
export interface NodeShape {
  /** Cores. */
  readonly cpu: number;
  readonly memoryGi: number;
  readonly maxPods: number;
  readonly ephemeralStorageGi: number;
}

export const defaultNodeShape: NodeShape = { cpu: 8, memoryGi: 32, maxPods: 110, ephemeralStorageGi: 100 };

/** Kubelets say the version of Kubernetes that Drydock tracks. */
export const kubeletVersion = 'v1.36.0';

/** Label that marks the nodes which a kubelet-sim keeps alive. */
export const simulatedLabel = 'drydock.dev/simulated';

/** `host:port` of the gRPC server of the process that keeps the node. Absent where the API server keeps it itself. */
export const addressAnnotation = 'drydock.dev/kubelet';

/** Images that a node holds before any Pod pulled them, separated by commas. */
export const imagesAnnotation = 'drydock.dev/images';

export function nodeName(index: number): string {
  return `node-${index}`;
}

/** 172.18.0.2 onwards; room for 130,000 nodes. */
export function nodeIp(index: number): string {
  const offset = index + 2;
  return `172.${18 + (offset >> 16)}.${(offset >> 8) & 255}.${offset & 255}`;
}

/** One /24 a node out of 10.128.0.0/9; room for 32,768 nodes, apart from the addresses of Services. */
export function nodePodCidr(index: number): string {
  return `10.${128 + ((index >> 8) & 127)}.${index & 255}.0/24`;
}

const healthy: readonly [type: string, reason: string, message: string][] = [
  ['MemoryPressure', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  ['DiskPressure', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  ['PIDPressure', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
];

/** Conditions of a node that is well; keeps the transition times of conditions that stay as they were. */
export function nodeConditions(
  previous: readonly NodeCondition[] | undefined,
  nowMs: number,
): NodeCondition[] {
  const now = formatTime(nowMs);
  const make = (type: string, status: string, reason: string, message: string): NodeCondition => {
    const before = previous?.find((condition) => condition.type === type);
    return {
      type,
      status,
      lastHeartbeatTime: now,
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : now,
      reason,
      message,
    };
  };
  return [
    ...healthy.map(([type, reason, message]) => make(type, 'False', reason, message)),
    make('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
  ];
}

/**
 * What others advertise in a node's capacity (extended resources) may be used: as a patch of what is allocatable, in which
 * null takes away what they advertise no more.
 */
function advertised(node: Node | undefined, own: readonly string[]): Record<string, string> {
  const { capacity = {}, allocatable = {} } = node?.status ?? {};
  const gone = Object.keys(allocatable).filter((key) => capacity[key] === undefined);
  const all = { ...Object.fromEntries(gone.map((key) => [key, null as unknown as string])), ...capacity };
  return Object.fromEntries(Object.entries(all).filter(([key]) => !own.includes(key)));
}

/** Whether a node's allocatable resources are other than its capacity says. */
export function advertisesOther({ status }: Node): boolean {
  const { capacity = {}, allocatable = {} } = status ?? {};
  return [...Object.keys(capacity), ...Object.keys(allocatable)].some(
    (key) => capacity[key] !== allocatable[key],
  );
}

/** The status that a kubelet reports. */
export function nodeStatus(
  index: number,
  shape: NodeShape,
  previous: Node | undefined,
  nowMs: number,
): NonNullable<Node['status']> {
  const name = nodeName(index);
  const resources = {
    cpu: String(shape.cpu),
    'ephemeral-storage': `${shape.ephemeralStorageGi}Gi`,
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    memory: `${shape.memoryGi}Gi`,
    pods: String(shape.maxPods),
  };
  return {
    capacity: resources,
    allocatable: { ...advertised(previous, Object.keys(resources)), ...resources },
    conditions: nodeConditions(previous?.status?.conditions, nowMs),
    addresses: [
      { type: 'InternalIP', address: nodeIp(index) },
      { type: 'Hostname', address: name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: {
      machineID: `d0c${index.toString(16).padStart(29, '0')}`,
      systemUUID: `d0c00000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`,
      bootID: `b0070000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`,
      kernelVersion: '6.12.0-drydock',
      osImage: 'Drydock (simulated)',
      containerRuntimeVersion: 'drydock://0.1.0',
      kubeletVersion,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: 'amd64',
    },
    images: [],
  };
}

/** The Node object with which a kubelet registers. */
export function nodeObject(index: number, shape: NodeShape, nowMs: number): Node {
  const name = nodeName(index);
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'linux',
        [simulatedLabel]: 'true',
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
      },
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    },
    spec: { podCIDR: nodePodCidr(index), podCIDRs: [nodePodCidr(index)] },
    status: nodeStatus(index, shape, undefined, nowMs),
  };
}
