import { isOverloaded, type Allotment } from './hints.ts';
import type { ZoneShares } from './zones.ts';

/** What the zones were given of each Service's endpoints, by family. */
export interface Allotments {
  /** Whether the Service has hints by its topology. */
  has(service: string): boolean;
  set(service: string, family: string, allotted: Allotment): void;
  remove(service: string, family: string): void;
  forget(service: string): void;
  /** Services of which some zone has too few endpoints now. */
  overloaded(shares: ZoneShares): string[];
}

export function createAllotments(): Allotments {
  const byService = new Map<string, Map<string, Allotment>>();
  const hinted = new Set<string>();
  return {
    has: (service) => hinted.has(service),
    set(service, family, allotted) {
      let families = byService.get(service);
      if (families === undefined) byService.set(service, (families = new Map()));
      families.set(family, allotted);
      hinted.add(service);
    },
    remove(service, family) {
      const families = byService.get(service);
      families?.delete(family);
      if (families?.size === 0) byService.delete(service);
      hinted.delete(service);
    },
    forget(service) {
      byService.delete(service);
      hinted.delete(service);
    },
    overloaded: (shares) =>
      [...byService]
        .filter(([, families]) => [...families.values()].some((one) => isOverloaded(one, shares)))
        .map(([service]) => service),
  };
}
