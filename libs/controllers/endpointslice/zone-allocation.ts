import type { ZoneShares } from './zones.ts';

/** How many endpoints a zone should have. */
export interface Allocation {
  readonly maximum: number;
  /** Not a whole number: its share of all. */
  readonly desired: number;
}

/** How much more than its fair share an endpoint may get. */
const overload = 0.2;

/** The fewest endpoints that can do the work of `fair` many. */
export const leastEndpoints = (fair: number): number => Math.ceil(fair * (1 / (1 + overload)));

/** By zone; or why there can be none, in Kubernetes' words. */
export function allocateByZone(endpoints: number, shares: ZoneShares): Map<string, Allocation> | string {
  if (shares === undefined)
    return 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes';
  const counts = `(${endpoints} endpoints, ${shares.size} zones)`;
  if (shares.size > endpoints) return `Insufficient number of endpoints ${counts}`;
  const least = new Map([...shares].map(([zone, share]) => [zone, leastEndpoints(share * endpoints)]));
  const spare = endpoints - [...least.values()].reduce((sum, count) => sum + count, 0);
  if (spare < 0)
    return `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${counts}`;
  return new Map(
    [...shares].map(([zone, share]) => {
      const minimum = least.get(zone) ?? 0;
      return [zone, { maximum: minimum + spare, desired: Math.max(share * endpoints, minimum) }];
    }),
  );
}

export interface Redistribution {
  /** The zone that takes one endpoint of `giver` over; undefined where that keeps it. */
  next(giver: string): string | undefined;
}

function most(zones: ReadonlyMap<string, number>): [zone: string, count: number] {
  let found: [string, number] = ['', 0];
  for (const [zone, count] of zones) if (count > found[1]) found = [zone, count];
  return found;
}

/** Who gives endpoints to whom, so that each zone comes near to what it should have. */
export function redistribution(
  allocations: ReadonlyMap<string, Allocation>,
  allotted: ReadonlyMap<string, number>,
): Redistribution {
  const surplus = new Map<string, number>();
  const lack = new Map<string, number>();
  for (const [zone, { desired }] of allocations) {
    const difference = (allotted.get(zone) ?? 0) - desired;
    if (difference > 0) surplus.set(zone, difference);
    else if (difference < 0) lack.set(zone, -difference);
  }
  const giving = new Map<string, number>();
  const receiving = new Map<string, number>();
  for (;;) {
    const [giver, toGive] = most(surplus);
    const [receiver, toReceive] = most(lack);
    // One that is less than half too much or too little stays where it is.
    if (giver === '' || receiver === '' || (toGive < 1 && toReceive < 1) || toGive < 0.5 || toReceive < 0.5)
      break;
    giving.set(giver, (giving.get(giver) ?? 0) + 1);
    receiving.set(receiver, (receiving.get(receiver) ?? 0) + 1);
    surplus.set(giver, toGive - 1);
    lack.set(receiver, toReceive - 1);
  }
  return {
    next(giver) {
      const left = giving.get(giver) ?? 0;
      if (left === 0) return undefined;
      for (const [zone, count] of receiving) {
        if (count === 0) continue;
        giving.set(giver, left - 1);
        receiving.set(zone, count - 1);
        return zone;
      }
      return undefined;
    },
  };
}
