import type { Node } from '@drydock/api/core/v1';

/** How well a zone is. */
export type ZoneState = 'normal' | 'partial-disruption' | 'full-disruption';

export interface EvictionRates {
  /** Nodes a second that are tainted in a healthy zone. Default 0.1. */
  readonly nodeEvictionRate: number;
  /** As above in an unhealthy zone of more than `largeClusterSizeThreshold` nodes. Default 0.01. */
  readonly secondaryNodeEvictionRate: number;
  /** Default 50. */
  readonly largeClusterSizeThreshold: number;
  /** Share of lost nodes from which a zone counts as unhealthy. Default 0.55. */
  readonly unhealthyZoneThreshold: number;
}

export const defaultEvictionRates: EvictionRates = {
  nodeEvictionRate: 0.1,
  secondaryNodeEvictionRate: 0.01,
  largeClusterSizeThreshold: 50,
  unhealthyZoneThreshold: 0.55,
};

/** Region and zone of a node in one key; empty where it names neither. */
export function zoneOf({ metadata: { labels = {} } }: Node): string {
  const region =
    labels['topology.kubernetes.io/region'] ?? labels['failure-domain.beta.kubernetes.io/region'];
  const zone = labels['topology.kubernetes.io/zone'] ?? labels['failure-domain.beta.kubernetes.io/zone'];
  return region || zone ? `${region ?? ''}:\u0000:${zone ?? ''}` : '';
}

export function isExcludedFromDisruption({ metadata }: Node): boolean {
  return metadata.labels?.['node.kubernetes.io/exclude-disruption'] !== undefined;
}

/** The state of a zone with so many nodes ready and lost. */
export function zoneState(ready: number, notReady: number, rates: EvictionRates): ZoneState {
  if (ready === 0 && notReady > 0) return 'full-disruption';
  if (notReady > 2 && notReady / (ready + notReady) >= rates.unhealthyZoneThreshold)
    return 'partial-disruption';
  return 'normal';
}

/** Nodes a second that may be tainted in a zone of `size` nodes. */
export function evictionRate(state: ZoneState, size: number, rates: EvictionRates): number {
  if (state !== 'partial-disruption') return rates.nodeEvictionRate;
  return size > rates.largeClusterSizeThreshold ? rates.secondaryNodeEvictionRate : 0;
}

export interface ZoneCounts {
  ready: number;
  notReady: number;
}

export interface Disruption {
  readonly states: Map<string, ZoneState>;
  /** Zone → its new rate, for the zones whose rate changes. */
  readonly rates: Map<string, number>;
  /** All zones went down at once: it is more likely us, so nobody is evicted and taints go. */
  readonly entersMasterDisruption: boolean;
  /** Some zone is back: everybody gets a new grace period. */
  readonly leavesMasterDisruption: boolean;
}

/** What the health of the zones means for evictions, given the states before. */
export function assessDisruption(
  before: ReadonlyMap<string, ZoneState>,
  counts: ReadonlyMap<string, ZoneCounts>,
  rates: EvictionRates,
): Disruption {
  const states = new Map<string, ZoneState>();
  for (const [zone, { ready, notReady }] of counts) states.set(zone, zoneState(ready, notReady, rates));
  const allDown = [...states.values()].every((state) => state === 'full-disruption');
  const allWereDown = [...states.keys()].every((zone) => before.get(zone) === 'full-disruption');
  const changed = new Map<string, number>();
  const quiet = { entersMasterDisruption: false, leavesMasterDisruption: false };
  if (allDown && allWereDown) return { states, rates: changed, ...quiet };
  if (allDown) {
    for (const zone of states.keys()) changed.set(zone, 0);
    return { states, rates: changed, ...quiet, entersMasterDisruption: true };
  }
  const sizeOf = (zone: string) => (counts.get(zone)?.ready ?? 0) + (counts.get(zone)?.notReady ?? 0);
  for (const [zone, state] of states) {
    if (allWereDown || before.get(zone) !== state)
      changed.set(zone, evictionRate(state, sizeOf(zone), rates));
  }
  return { states, rates: changed, ...quiet, leavesMasterDisruption: allWereDown };
}
