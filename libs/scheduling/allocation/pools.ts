import type { Node, NodeSelector } from '@drydock/api/core/v1';
import { nodeSelectorMatches } from '@drydock/api/node-matching';
import type { CounterSet, Device, ResourceSlice } from '@drydock/api/resource/v1';

/** What a driver offers under one name, as far as one node reaches it. */
export interface Pool {
  readonly driver: string;
  readonly name: string;
  /** Some of its slices are not published yet: how much it holds is not known. */
  readonly incomplete: boolean;
  /** Why nothing can be allocated from it. */
  readonly invalid?: string;
  /** Slices with devices that the node reaches. */
  readonly slices: readonly ResourceSlice[];
  /** The others, whose devices use up the same counters. */
  readonly elsewhere: readonly ResourceSlice[];
  readonly counterSets: ReadonlyMap<string, CounterSet>;
}

/** Slices, so that those of one node or one pool are found without looking at all of them. */
export interface SliceIndex {
  /** The slices that a node may reach. */
  near(nodeName: string): readonly ResourceSlice[];
  ofPool(driver: string, pool: string): readonly ResourceSlice[];
}

const poolKey = (driver: string, pool: string) => `${driver}/${pool}`;
const keyOf = ({ spec }: ResourceSlice) => poolKey(spec.driver, spec.pool.name);

function push<T>(into: Map<string, T[]>, key: string, item: T): void {
  const known = into.get(key);
  if (known === undefined) into.set(key, [item]);
  else known.push(item);
}

export function indexSlices(slices: readonly ResourceSlice[]): SliceIndex {
  const byNode = new Map<string, ResourceSlice[]>();
  const byPool = new Map<string, ResourceSlice[]>();
  const anywhere: ResourceSlice[] = [];
  const name = ({ metadata }: ResourceSlice) => metadata.name ?? '';
  for (const slice of [...slices].sort((a, b) => (name(a) < name(b) ? -1 : 1))) {
    if (slice.spec.nodeName) push(byNode, slice.spec.nodeName, slice);
    else anywhere.push(slice);
    push(byPool, keyOf(slice), slice);
  }
  return {
    near: (nodeName) => [...(byNode.get(nodeName) ?? []), ...anywhere],
    ofPool: (driver, pool) => byPool.get(poolKey(driver, pool)) ?? [],
  };
}

interface Reach {
  readonly nodeName?: string;
  readonly allNodes?: boolean;
  readonly nodeSelector?: NodeSelector;
}

/** Whether a slice, or a device that says so itself, is for a node. */
export function reaches({ nodeName, allNodes, nodeSelector }: Reach, node: Node): boolean {
  if (nodeName) return nodeName === node.metadata.name;
  if (allNodes === true) return true;
  return nodeSelector !== undefined && nodeSelectorMatches(nodeSelector, node);
}

function isNear({ spec }: ResourceSlice, node: Node): boolean {
  // Counters are needed wherever the devices are that use them up.
  if ((spec.sharedCounters ?? []).length > 0) return true;
  if (spec.perDeviceNodeSelection === true)
    return (spec.devices ?? []).some((device) => reaches(device, node));
  return reaches(spec, node);
}

function duplicateDevice(slices: readonly ResourceSlice[]): string | undefined {
  const seen = new Set<string>();
  for (const { spec } of slices)
    for (const { name } of spec.devices ?? []) {
      if (seen.has(name)) return `duplicate device name ${name}`;
      seen.add(name);
    }
  return undefined;
}

function counterProblem(
  slices: readonly ResourceSlice[],
  sets: ReadonlyMap<string, CounterSet>,
): string | undefined {
  for (const { spec } of slices)
    for (const device of spec.devices ?? [])
      for (const { counterSet, counters } of device.consumesCounters ?? []) {
        const set = sets.get(counterSet);
        if (set === undefined) return `counter set ${counterSet} not found`;
        const missing = Object.keys(counters).find((name) => set.counters[name] === undefined);
        if (missing !== undefined) return `counter ${missing} not found in counter set ${counterSet}`;
      }
  return undefined;
}

function buildPool(near: readonly ResourceSlice[], all: readonly ResourceSlice[]): Pool {
  const { driver, pool } = near[0]!.spec;
  const withCounters = (slice: ResourceSlice) => (slice.spec.sharedCounters ?? []).length > 0;
  const slices = near.filter((slice) => !withCounters(slice));
  const elsewhere = all.filter((slice) => !near.includes(slice));
  const counterSets = new Map<string, CounterSet>();
  let invalid = duplicateDevice(slices);
  for (const set of near.flatMap(({ spec }) => spec.sharedCounters ?? [])) {
    if (counterSets.has(set.name)) invalid ??= `duplicate counter set name ${set.name}`;
    counterSets.set(set.name, set);
  }
  invalid ??= counterProblem(slices, counterSets) ?? counterProblem(elsewhere, counterSets);
  return {
    driver,
    name: pool.name,
    incomplete: false,
    slices,
    elsewhere,
    counterSets,
    ...(invalid === undefined ? {} : { invalid }),
  };
}

const waitsToBind = ({ bindingConditions = [] }: Device) => bindingConditions.length > 0;

/**
 * The pools that a node reaches, of each only the newest generation. Ordered by driver and name; those whose devices
 * must be made ready for a node come last, so that others are taken first.
 */
export function gatherPools(index: SliceIndex, node: Node): Pool[] {
  const byPool = new Map<string, ResourceSlice[]>();
  for (const slice of index.near(node.metadata.name ?? '')) {
    if (!isNear(slice, node)) continue;
    const key = keyOf(slice);
    const known = byPool.get(key);
    const difference = known === undefined ? 1 : slice.spec.pool.generation - known[0]!.spec.pool.generation;
    if (difference > 0) byPool.set(key, [slice]);
    else if (difference === 0) known!.push(slice);
  }
  const pools: Pool[] = [];
  for (const key of [...byPool.keys()].sort()) {
    const near = byPool.get(key)!;
    const { driver, pool } = near[0]!.spec;
    const all = index.ofPool(driver, pool.name);
    // A newer generation that has nothing for this node makes what is left of the old one void.
    if (all.some(({ spec }) => spec.pool.generation > pool.generation)) continue;
    const current = all.filter(({ spec }) => spec.pool.generation === pool.generation);
    pools.push(
      current.length === pool.resourceSliceCount
        ? buildPool(near, current)
        : { driver, name: pool.name, incomplete: true, slices: [], elsewhere: [], counterSets: new Map() },
    );
  }
  const bind = ({ slices }: Pool) =>
    slices.some(({ spec }) => (spec.devices ?? []).some((device) => waitsToBind(device)));
  return [...pools.filter((pool) => !bind(pool)), ...pools.filter(bind)];
}
