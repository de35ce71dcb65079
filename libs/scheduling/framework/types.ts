import type { LabelMatcher } from '@drydock/base/apimachinery';
import type { Node, Pod } from '@drydock/api/core/v1';
import type { ClusterEventInterest } from './cluster-event.ts';

/** Amounts of resources by name; cpu in millicores, everything else in whole units (bytes, counts). */
export type Resources = ReadonlyMap<string, number>;

export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

/** An inter-pod affinity term, compiled. */
export interface AffinityTerm {
  readonly topologyKey: string;
  readonly selector: LabelMatcher;
  readonly namespaces: ReadonlySet<string>;
  /** Selects namespaces by their labels, beside those named; undefined when the term has no namespaceSelector. */
  readonly namespaceSelector: LabelMatcher | undefined;
  /** Of preferred terms; 1 for required ones. */
  readonly weight: number;
}

/** A Pod with what scheduling needs to know of it, derived once from its spec. Immutable. */
export interface PodInfo {
  readonly pod: Pod;
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  readonly priority: number;
  /** cpu, memory and ephemeral-storage first, then the others by name. Zero amounts are left out. */
  readonly requests: Resources;
  /** Of them, what is looked at for every node. */
  readonly cpu: number;
  readonly memory: number;
  /** Requests with Kubernetes' minimum for containers that name none, so that such Pods count in scores. */
  readonly nonZeroCpu: number;
  readonly nonZeroMemory: number;
  readonly hostPorts: readonly HostPort[];
  readonly requiredAffinity: readonly AffinityTerm[];
  readonly requiredAntiAffinity: readonly AffinityTerm[];
  readonly preferredAffinity: readonly AffinityTerm[];
  readonly preferredAntiAffinity: readonly AffinityTerm[];
  /** Names of the claims that its volumes use, generic ephemeral ones included. */
  readonly claims: readonly string[];
  /** What is wrong with its affinity terms; such a Pod cannot be placed. */
  readonly problems: readonly string[];
}

/** A node with what is on it. Changed only by the cache, and by preemption on a copy. */
export interface NodeInfo {
  readonly name: string;
  readonly node: Node;
  readonly allocatable: Resources;
  /** Sum of the requests of the Pods on the node, assumed ones included. */
  readonly requested: Resources;
  /** Of these, what is looked at for every Pod. */
  readonly maxPods: number;
  readonly allocatableCpu: number;
  readonly allocatableMemory: number;
  readonly requestedCpu: number;
  readonly requestedMemory: number;
  readonly nonZeroCpu: number;
  readonly nonZeroMemory: number;
  readonly pods: ReadonlyMap<string, PodInfo>;
  readonly podsWithAffinity: ReadonlySet<PodInfo>;
  readonly podsWithRequiredAntiAffinity: ReadonlySet<PodInfo>;
  /** `ip/protocol/port` → number of users. */
  readonly usedPorts: ReadonlyMap<string, number>;
  /** Image name → bytes. */
  readonly images: ReadonlyMap<string, number>;
  /** Number of ReadWriteOncePod or other users of each claim, by `namespace/name`. */
  readonly claimUsers: ReadonlyMap<string, number>;
}

/** How a plugin answers; success is `undefined`. */
export interface Status {
  readonly code: 'Unschedulable' | 'UnschedulableAndUnresolvable' | 'Pending' | 'Error' | 'Skip' | 'Wait';
  /** In Kubernetes' words. */
  readonly reasons: readonly string[];
  /** The plugin that refused; filled in by the framework. */
  plugin?: string;
  /** The error behind an `Error`. */
  readonly cause?: unknown;
}

/** What plugins remember between the extension points of one attempt, by plugin name. */
export type CycleState = Map<string, unknown>;

/** The nodes as one attempt sees them. */
export interface Snapshot {
  readonly nodes: readonly NodeInfo[];
  node(name: string): NodeInfo | undefined;
  /** Nodes that have a Pod with any inter-pod affinity, or with a required anti-affinity. */
  readonly withAffinity: Iterable<NodeInfo>;
  readonly withRequiredAntiAffinity: Iterable<NodeInfo>;
  /** Number of the nodes that have an image. */
  nodesWithImage(image: string): number;
  /** Live Pods of `namespace` that match, on each node that has any. */
  counts(namespace: string, selector: LabelMatcher): NodeCounts;
}

/** Numbers of Pods by node name; nodes without any are absent. */
export type NodeCounts = ReadonlyMap<string, number>;

export interface PreFilterResult {
  readonly status?: Status;
  /** Only these nodes can do. */
  readonly nodeNames?: ReadonlySet<string>;
}

export interface PostFilterResult {
  readonly status?: Status;
  /** The node to nominate; '' clears a nomination, undefined leaves it. */
  readonly nominatedNodeName?: string;
  /** Pods to evict from that node. */
  readonly victims?: readonly PodInfo[];
  /** All nodes where evicting would help, that one among them; extenders may take some of them away. */
  readonly candidates?: readonly PreemptionCandidate[];
}

/** A node, and who would have to go from it. Victims are ordered from the most important. */
export interface PreemptionCandidate {
  readonly node: string;
  readonly victims: readonly PodInfo[];
  /** Victims whose disruption budget does not allow it. */
  readonly violations: number;
}

/** What went wrong on each node: node name → its refusal. Nodes that are absent were not looked at. */
export type NodeStatuses = ReadonlyMap<string, Status>;

/**
 * One plugin: plain functions at the extension points of the scheduling framework (KEP-624), all optional.
 * Everything up to `score` is pure in its arguments and the listers that the plugin was made with.
 */
export interface Plugin {
  readonly name: string;
  /** Keeps a Pod out of the active queue while it answers a status. */
  preEnqueue?(pod: Pod): Status | undefined;
  /** Below zero when `a` goes first. */
  queueSort?(a: QueuedPod, b: QueuedPod): number;
  /** A `Skip` status leaves out this plugin's `filter`. */
  preFilter?(state: CycleState, pod: PodInfo, snapshot: Snapshot): PreFilterResult | undefined;
  /** Tells the state of `preFilter` that a Pod came to a node, or left it. Used when trying out preemption. */
  addPod?(state: CycleState, pod: PodInfo, added: PodInfo, node: NodeInfo): void;
  removePod?(state: CycleState, pod: PodInfo, removed: PodInfo, node: NodeInfo): void;
  filter?(state: CycleState, pod: PodInfo, node: NodeInfo): Status | undefined;
  postFilter?(
    state: CycleState,
    pod: PodInfo,
    snapshot: Snapshot,
    statuses: NodeStatuses,
    /** What holds for nodes that were not looked at; absent: nothing would help them. */
    absent?: Status,
  ): PostFilterResult | undefined;
  /** A `Skip` status leaves out this plugin's `score`. */
  preScore?(
    state: CycleState,
    pod: PodInfo,
    nodes: readonly NodeInfo[],
    snapshot: Snapshot,
  ): Status | undefined;
  score?(state: CycleState, pod: PodInfo, node: NodeInfo): number;
  /** Brings the scores of all nodes to 0..100, in place. */
  normalizeScore?(state: CycleState, pod: PodInfo, scores: number[], nodes: readonly NodeInfo[]): void;
  reserve?(state: CycleState, pod: PodInfo, node: NodeInfo): Status | undefined;
  /** Takes a reservation back; must not fail, and may be called without one. */
  unreserve?(state: CycleState, pod: PodInfo, node: NodeInfo): void;
  /** `Wait` holds the Pod back until it is allowed, or for `timeoutMs`. */
  permit?(
    state: CycleState,
    pod: PodInfo,
    node: NodeInfo,
  ): { status: Status; timeoutMs?: number } | undefined;
  /** Whether `preBind` will have something to do, so that the node is worth being promised to the Pod first. */
  preBindWaits?(state: CycleState, pod: PodInfo, node: NodeInfo): boolean;
  preBind?(state: CycleState, pod: PodInfo, node: NodeInfo): Promise<Status | undefined>;
  /** `Skip` passes the Pod to the next binder. */
  bind?(state: CycleState, pod: PodInfo, nodeName: string): Promise<Status | undefined>;
  postBind?(state: CycleState, pod: PodInfo, nodeName: string): void;
  /** The events after which a Pod that this plugin refused is worth another try. Absent: any event. */
  readonly events?: readonly ClusterEventInterest[];
}

/** A Pod in the scheduling queue. */
export interface QueuedPod {
  readonly info: PodInfo;
  /** When it was added to the queue (ms). */
  readonly timestampMs: number;
  readonly attempts: number;
}

/** Nothing of this kind to do: leaves out the plugin's next function. */
export const skip: Status = { code: 'Skip', reasons: [] };

export const unschedulable = (...reasons: string[]): Status => ({ code: 'Unschedulable', reasons });
export const unresolvable = (...reasons: string[]): Status => ({
  code: 'UnschedulableAndUnresolvable',
  reasons,
});
export const failure = (...reasons: string[]): Status => ({ code: 'Error', reasons });

/** The highest score after normalization. */
export const maxNodeScore = 100;
