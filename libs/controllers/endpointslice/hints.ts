import type { Service } from '@drydock/api/core/v1';
import type { Endpoint, EndpointSlice } from '@drydock/api/discovery/v1';
import type { SliceContent, SlicePlan } from './plan.ts';
import { allocateByZone, leastEndpoints, redistribution, type Allocation } from './zone-allocation.ts';
import type { ZoneShares } from './zones.ts';

/** How a Service wants its traffic kept near: not at all, by its `trafficDistribution`, or by its topology annotation. */
export type HintMode = 'none' | 'zone' | 'node' | 'topology';

/** How many endpoints each zone was given. */
export type Allotment = ReadonlyMap<string, number>;

export interface HintedPlan extends SlicePlan {
  /** For `topology`: what was given out; undefined where that cannot be, and `failure` says why, in Kubernetes' words. */
  readonly allotted?: Allotment | undefined;
  readonly failure?: string;
}

const topologyMode = 'service.kubernetes.io/topology-mode';
const olderTopologyMode = 'service.kubernetes.io/topology-aware-hints';

export function hintModeOf({ metadata, spec }: Service): HintMode {
  const annotated = metadata.annotations?.[olderTopologyMode] ?? metadata.annotations?.[topologyMode];
  if (annotated === 'Auto' || annotated === 'auto') return 'topology';
  switch (spec?.trafficDistribution) {
    case 'PreferClose':
    case 'PreferSameZone':
      return 'zone';
    case 'PreferSameNode':
      return 'node';
    default:
      return 'none';
  }
}

const isReady = ({ conditions }: Endpoint): boolean => conditions?.ready === true;

function withHints(endpoint: Endpoint, hints: Endpoint['hints']): Endpoint {
  const { hints: _before, ...bare } = endpoint;
  return hints === undefined ? bare : { ...bare, hints };
}

/** To its own zone, and its own node where that is asked for. */
function nearHints(endpoint: Endpoint, nodes: boolean): Endpoint['hints'] {
  const { zone, nodeName } = endpoint;
  if (!isReady(endpoint)) return undefined;
  const forZones = zone === undefined ? {} : { forZones: [{ name: zone }] };
  const forNodes = !nodes || nodeName === undefined ? {} : { forNodes: [{ name: nodeName }] };
  const hints = { ...forZones, ...forNodes };
  return Object.keys(hints).length === 0 ? undefined : hints;
}

const rewritten = (slice: EndpointSlice): SliceContent => ({
  existing: slice,
  ports: slice.ports ?? [],
  endpoints: slice.endpoints ?? [],
});

const namesOf = (list: readonly { name?: string }[] | undefined): string =>
  JSON.stringify((list ?? []).map(({ name = '' }) => name));

const sameHints = (a: Endpoint['hints'], b: Endpoint['hints']): boolean =>
  namesOf(a?.forZones) === namesOf(b?.forZones) && namesOf(a?.forNodes) === namesOf(b?.forNodes);

/** Every endpoint with the hints that follow from itself; slices that stay and have others are written too. */
function eachByItself(
  plan: SlicePlan,
  unchanged: readonly EndpointSlice[],
  hintsOf: (endpoint: Endpoint) => Endpoint['hints'],
): SlicePlan {
  const wrong = unchanged.filter(({ endpoints = [] }) =>
    endpoints.some((endpoint) => !sameHints(endpoint.hints, hintsOf(endpoint))),
  );
  const write = [...plan.write, ...wrong.map(rewritten)].map((content) => ({
    ...content,
    endpoints: content.endpoints.map((endpoint) => withHints(endpoint, hintsOf(endpoint))),
  }));
  return { write, remove: plan.remove };
}

/**
 * The hints of a slice that stays, by zone; undefined where it cannot stay: an endpoint without a hint, one for a zone that
 * needs none, or more for a zone than it may have.
 */
function hintsByZone(
  slice: EndpointSlice,
  allotted: ReadonlyMap<string, number>,
  allocations: ReadonlyMap<string, Allocation>,
): Map<string, number> | undefined {
  const found = new Map<string, number>();
  for (const endpoint of slice.endpoints ?? []) {
    if (!isReady(endpoint)) continue;
    const zones = endpoint.hints?.forZones ?? [];
    if (zones.length === 0) return undefined;
    for (const { name = '' } of zones) {
      if (!allocations.has(name)) return undefined;
      found.set(name, (found.get(name) ?? 0) + 1);
    }
  }
  for (const [zone, count] of found)
    if (count + (allotted.get(zone) ?? 0) > (allocations.get(zone)?.maximum ?? 0)) return undefined;
  return found;
}

function byTopology(plan: SlicePlan, unchanged: readonly EndpointSlice[], shares: ZoneShares): HintedPlan {
  const refuse = (failure: string): HintedPlan => ({
    ...eachByItself(plan, unchanged, () => undefined),
    failure,
  });
  const ready = [...plan.write, ...unchanged].reduce(
    (count, { endpoints = [] }) => count + endpoints.filter(isReady).length,
    0,
  );
  const allocations = allocateByZone(ready, shares);
  if (typeof allocations === 'string') return refuse(allocations);

  const allotted = new Map<string, number>();
  const add = (zone: string, count: number) => allotted.set(zone, (allotted.get(zone) ?? 0) + count);
  const write = [...plan.write];
  for (const slice of unchanged) {
    const kept = hintsByZone(slice, allotted, allocations);
    if (kept === undefined) write.push(rewritten(slice));
    else for (const [zone, count] of kept) add(zone, count);
  }
  const changing = write.flatMap(({ endpoints }) => endpoints).filter(isReady);
  if (changing.some(({ zone }) => !zone)) return refuse('One or more endpoints do not have a zone specified');
  for (const { zone = '' } of changing) add(zone, 1);

  // Each is for its own zone, until a zone has more than its share and another less.
  const moves = redistribution(allocations, allotted);
  const hinted = write.map((content) => ({
    ...content,
    endpoints: content.endpoints.map((endpoint) => {
      const { zone = '' } = endpoint;
      if (!isReady(endpoint)) return withHints(endpoint, undefined);
      const receiver = moves.next(zone);
      if (receiver !== undefined) {
        add(zone, -1);
        add(receiver, 1);
      }
      return withHints(endpoint, { forZones: [{ name: receiver ?? zone }] });
    }),
  }));
  if (allotted.size === 0) return refuse('No hints allocated for zones');
  return { write: hinted, remove: plan.remove, allotted };
}

/**
 * The plan with the hints of its endpoints, as endpointslice-controller gives them.
 * @param unchanged the slices that the plan leaves alone
 */
export function planHints(
  plan: SlicePlan,
  unchanged: readonly EndpointSlice[],
  mode: HintMode,
  shares: ZoneShares,
): HintedPlan {
  switch (mode) {
    case 'none':
      return eachByItself(plan, unchanged, () => undefined);
    case 'zone':
    case 'node':
      return eachByItself(plan, unchanged, (endpoint) => nearHints(endpoint, mode === 'node'));
    case 'topology':
      return byTopology(plan, unchanged, shares);
  }
}

/** Whether a zone has fewer endpoints than its share of the cluster asks for, so that those it has bear too much. */
export function isOverloaded(allotted: Allotment, shares: ZoneShares): boolean {
  if (allotted.size === 0) return false;
  if (shares === undefined) return true;
  const total = [...allotted.values()].reduce((sum, count) => sum + count, 0);
  return [...shares].some(([zone, share]) => {
    const count = allotted.get(zone);
    return count === undefined || count < leastEndpoints(total * share);
  });
}
