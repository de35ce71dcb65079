import type { Node, Pod } from '@drydock/api/core/v1';

/** Amounts of resources by name; cpu in millicores, everything else in whole units (bytes, counts). */
export type Resources = ReadonlyMap<string, number>;

/** What a Pod asks of a node, derived once from its spec. */
export interface PodRequest {
  readonly pod: Pod;
  /** `namespace/name`. */
  readonly key: string;
  readonly requests: Resources;
  readonly hostPorts: readonly HostPort[];
  /** The controller that owns the Pod, as `namespace/uid`; undefined for bare Pods. */
  readonly owner: string | undefined;
}

export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

/** A node with what is on it. Changed only by the cache. */
export interface NodeInfo {
  readonly name: string;
  readonly node: Node;
  readonly allocatable: Resources;
  /** Sum of the requests of the Pods on the node, assumed ones included. */
  readonly requested: Resources;
  readonly pods: ReadonlyMap<string, PodRequest>;
  /** Number of Pods on the node for each owner. */
  readonly podsByOwner: ReadonlyMap<string, number>;
  /** `ip/protocol/port` in use. */
  readonly usedPorts: ReadonlySet<string>;
}

/** Why a node does not do, in Kubernetes' words. */
export interface Refusal {
  readonly reasons: readonly string[];
  /** True when evicting other Pods could not help. */
  readonly unresolvable: boolean;
}

/** Says whether a Pod may run on a node. Pure. */
export interface FilterPlugin {
  readonly name: string;
  /** Undefined when the node does. */
  filter(request: PodRequest, node: NodeInfo): Refusal | undefined;
}

/** Rates the nodes that passed all filters. Pure. */
export interface ScorePlugin {
  readonly name: string;
  readonly weight: number;
  /** Raw rates, one for each node, in order. */
  score(request: PodRequest, nodes: readonly NodeInfo[]): number[];
  /** How raw rates become 0..100. Default: as they are. */
  readonly normalize?: 'none' | 'highest' | 'lowest';
}

/** The outcome for one Pod. */
export type Decision =
  | { readonly kind: 'node'; readonly node: string; readonly score: number; readonly evaluated: number }
  | {
      readonly kind: 'unschedulable';
      readonly message: string;
      readonly refusals: ReadonlyMap<string, Refusal>;
    };
