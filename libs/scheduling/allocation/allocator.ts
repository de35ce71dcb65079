import type { Node } from '@drydock/api/core/v1';
import { toleratesDeviceTaint } from '@drydock/api/resource-claims';
import type {
  AllocationResult,
  Device,
  DeviceClass,
  DeviceSelector as DeviceSelectorSpec,
  DeviceToleration,
  ResourceClaim,
  ResourceSlice,
} from '@drydock/api/resource/v1';
import type { Quantity } from '@drydock/base/apimachinery';
import type { DeviceSelectorCompiler } from '@drydock/port/device-selector';
import { deviceKey, type AllocatedDevices } from './allocated.ts';
import { takeCapacity } from './capacity.ts';
import { createConstraint, type Candidate, type Constraint } from './constraints.ts';
import { createCounterStock } from './counters.ts';
import { gatherPools, reaches, type Pool, type SliceIndex } from './pools.ts';
import { allocationResult, type Grant } from './results.ts';
import { wishesOf, type Wish } from './wishes.ts';

/** Devices that one claim can have (resource.k8s.io/v1 AllocationResultsMaxSize). */
const maxResults = 32;
/** Alternatives that one request can have. */
const maxAlternatives = 8;

/** Something is wrong with a claim, a class or what is published: no node would do. In Kubernetes' words. */
export class AllocationError extends Error {
  override readonly name = 'AllocationError';
}

/** Looking for devices took too long. */
export class AllocationTimeout extends Error {
  override readonly name = 'AllocationTimeout';
}

export interface AllocatorOptions {
  readonly slices: SliceIndex;
  readonly allocated: AllocatedDevices;
  deviceClass(name: string): DeviceClass | undefined;
  /** Should keep what it compiled. */
  readonly compile: DeviceSelectorCompiler;
  /** Makes the identifier of a share of a device. */
  readonly shareId: () => string;
  /** Whether to give up. */
  readonly expired?: () => boolean;
}

/** What an attempt came to: `full` when a claim would get more devices than it can have. */
type Outcome = 'found' | 'none' | 'full';

interface Offer {
  readonly pool: Pool;
  readonly slice: ResourceSlice;
  readonly device: Device;
  readonly key: string;
}

const nameOf = ({ metadata }: ResourceClaim) => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;

function isRepelled({ taints = [] }: Device, tolerations: readonly DeviceToleration[]): boolean {
  return taints.some(
    (taint) =>
      (taint.effect === 'NoExecute' || taint.effect === 'NoSchedule') &&
      !tolerations.some((toleration) => toleratesDeviceTaint(toleration, taint)),
  );
}

/**
 * Finds devices of one node for all of `claims`, or none (KEP-4381): claim by claim, request by request, device by
 * device, going back where it comes to a dead end. The first solution is taken. Pure in its arguments.
 * @throws AllocationError, AllocationTimeout
 */
export function allocate(
  node: Node,
  claims: readonly ResourceClaim[],
  options: AllocatorOptions,
): AllocationResult[] | undefined {
  const { allocated, compile, expired = () => false } = options;
  const pools = gatherPools(options.slices, node);
  const counters = createCounterStock(allocated);
  const requests = claims.map(({ spec }) =>
    (spec?.devices?.requests ?? []).map((request) => wishesOf(request, (name) => options.deviceClass(name))),
  );
  const everything = new Map<Wish, readonly Offer[]>();
  const selected = new Map<Wish, Map<string, boolean>>();
  const grants: Grant[][] = claims.map(() => []);
  const chosen: Wish[][] = claims.map(() => []);
  /** Which claims are getting a device, with how many shares. */
  const taking = new Map<string, Map<number, number>>();
  const sharing = new Map<string, Map<string, Quantity>[]>();

  function selectorsMatch(
    selectors: readonly DeviceSelectorSpec[],
    { slice, device }: Offer,
    whose: string,
  ): boolean {
    return selectors.every(({ cel }, at) => {
      const where = `${whose}: selector #${at}: CEL`;
      let selector;
      try {
        selector = compile(cel?.expression ?? '');
      } catch (error) {
        throw new AllocationError(`${where} compile error: ${(error as Error).message}`, { cause: error });
      }
      try {
        return selector.matches({ ...device, driver: slice.spec.driver });
      } catch (error) {
        throw new AllocationError(`${where} runtime error: ${(error as Error).message}`, { cause: error });
      }
    });
  }

  /** Whether a device is what a wish is for, whoever has it. */
  function isSelectable(claim: ResourceClaim, wish: Wish, offer: Offer): boolean {
    let known = selected.get(wish);
    if (known === undefined) selected.set(wish, (known = new Map<string, boolean>()));
    let result = known.get(offer.key);
    if (result === undefined) {
      const { deviceClass } = wish;
      result =
        selectorsMatch(deviceClass?.spec?.selectors ?? [], offer, `class ${wish.className}`) &&
        selectorsMatch(wish.selectors, offer, `claim ${nameOf(claim)}`) &&
        (offer.slice.spec.perDeviceNodeSelection !== true || reaches(offer.device, node));
      known.set(offer.key, result);
    }
    return result;
  }

  function* offers(pool: Pool): Generator<Offer> {
    for (const slice of pool.slices)
      for (const device of slice.spec.devices ?? [])
        yield {
          pool,
          slice,
          device,
          key: deviceKey({ driver: pool.driver, pool: pool.name, device: device.name }),
        };
  }

  /** All devices that a wish is for: nobody says how many before all of them are known. */
  function everyDevice(claim: ResourceClaim, wish: Wish): Offer[] {
    return pools.flatMap((pool) => {
      const state = pool.incomplete ? 'being updated' : pool.invalid === undefined ? undefined : 'invalid';
      if (state !== undefined)
        throw new AllocationError(
          `claim ${nameOf(claim)}, request ${wish.alternative ?? wish.request}: asks for all devices, but resource pool ${pool.driver}/${pool.name} is currently ${state}`,
        );
      return [...offers(pool)].filter((offer) => isSelectable(claim, wish, offer));
    });
  }

  function check(claim: ResourceClaim, wish: Wish): number {
    const where = `claim ${nameOf(claim)}, request ${wish.alternative ?? wish.request}`;
    const unknown = wish.selectors.findIndex(({ cel }) => cel === undefined);
    if (unknown >= 0)
      throw new AllocationError(
        `${where}, selector #${unknown}: CEL expression empty (unsupported selector type?)`,
      );
    if (wish.deviceClass === undefined)
      throw new AllocationError(
        `${where}: could not retrieve device class ${wish.className}: deviceclass.resource.k8s.io ${JSON.stringify(wish.className)} not found`,
      );
    if (!wish.all) return wish.count;
    const all = everyDevice(claim, wish);
    everything.set(wish, all);
    return all.length;
  }

  const constraints: (readonly Constraint[])[] = claims.map((claim, at) => {
    const least = requests[at]!.map((wishes) => Math.min(...wishes.map((wish) => check(claim, wish))));
    const total = least.reduce((sum, one) => sum + one, 0);
    if (total > maxResults)
      throw new AllocationError(
        `claim ${nameOf(claim)}: number of requested devices ${total} exceeds the claim limit of ${maxResults}`,
      );
    return (claim.spec?.devices?.constraints ?? []).map((spec, index) => {
      const constraint = createConstraint(spec);
      if (constraint !== undefined) return constraint;
      throw new AllocationError(
        `claim ${nameOf(claim)}, constraint #${index}: empty constraint (unsupported constraint type?)`,
      );
    });
  });

  function isTaken(claimAt: number, wish: Wish, { device, key }: Offer): boolean {
    if (wish.adminAccess) return taking.get(key)?.has(claimAt) === true;
    if (allocated.whole.has(key)) return true;
    return device.allowMultipleAllocations !== true && taking.has(key);
  }

  /** Marks a device as allocated; answers how to take that back, or undefined where it will not do. */
  function take(claimAt: number, wish: Wish, offer: Offer): (() => void) | undefined {
    const { pool, slice, device, key } = offer;
    if (isTaken(claimAt, wish, offer) || isRepelled(device, wish.tolerations)) return undefined;
    const shared = device.allowMultipleAllocations === true;
    const consumed = takeCapacity(device, wish.capacity, [
      allocated.shared.get(key),
      ...(sharing.get(key) ?? []),
    ]);
    if (consumed === undefined && !wish.adminAccess) return undefined;
    if (!counters.take(pool, device)) return undefined;
    const candidate: Candidate = {
      driver: slice.spec.driver,
      device,
      request: wish.request,
      ...(wish.alternative === undefined ? {} : { alternative: wish.alternative }),
    };
    const joined: Constraint[] = [];
    const leave = () => {
      for (const one of joined) one.remove(candidate);
      counters.giveBack(pool, device);
    };
    for (const constraint of constraints[claimAt]!) {
      if (constraint.add(candidate)) joined.push(constraint);
      else {
        leave();
        if (!wish.all) return undefined;
        throw new AllocationError(
          `claim ${nameOf(claims[claimAt]!)}, request ${wish.alternative ?? wish.request}: cannot add device ${key} because a claim constraint would not be satisfied`,
        );
      }
    }
    const holders = taking.get(key) ?? new Map<number, number>();
    taking.set(key, holders.set(claimAt, (holders.get(claimAt) ?? 0) + 1));
    const share = shared && consumed !== undefined ? new Map(consumed) : undefined;
    if (share !== undefined) sharing.set(key, [...(sharing.get(key) ?? []), share]);
    grants[claimAt]!.push({ wish, slice, device, ...(share === undefined ? {} : { consumed: share }) });
    return () => {
      leave();
      const count = (holders.get(claimAt) ?? 1) - 1;
      if (count === 0) holders.delete(claimAt);
      else holders.set(claimAt, count);
      if (holders.size === 0) taking.delete(key);
      if (share !== undefined) sharing.get(key)?.pop();
      grants[claimAt]!.pop();
    };
  }

  /** Goes on with the first of the devices that will do and lets all the rest be found. */
  function tryOffer(
    claimAt: number,
    requestAt: number,
    wish: Wish,
    offer: Offer,
    deviceAt: number,
  ): Outcome | undefined {
    const undo = take(claimAt, wish, offer);
    if (undo === undefined) return undefined;
    const outcome = grant(claimAt, requestAt, wish, deviceAt + 1);
    if (outcome !== 'found') undo();
    return outcome;
  }

  /** Finds the devices of a wish from the `deviceAt`th on, and then everything after it. */
  function grant(claimAt: number, requestAt: number, wish: Wish, deviceAt: number): Outcome {
    if (expired()) throw new AllocationTimeout('timed out trying to allocate devices');
    const all = everything.get(wish);
    if (all !== undefined && all.length === 0) return 'none';
    const count = all?.length ?? wish.count;
    if (deviceAt >= count) {
      chosen[claimAt]![requestAt] = wish;
      return next(claimAt, requestAt + 1);
    }
    if (grants[claimAt]!.length + count - deviceAt > maxResults) return 'full';
    // The order in which all devices are taken is of no consequence.
    if (all !== undefined) return tryOffer(claimAt, requestAt, wish, all[deviceAt]!, deviceAt) ?? 'none';
    for (const pool of pools) {
      if (pool.incomplete || pool.invalid !== undefined) continue;
      for (const offer of offers(pool)) {
        if (isTaken(claimAt, wish, offer) || !isSelectable(claims[claimAt]!, wish, offer)) continue;
        const outcome = tryOffer(claimAt, requestAt, wish, offer, deviceAt);
        if (outcome === 'found' || outcome === 'full') return outcome;
      }
    }
    return 'none';
  }

  /** The next request, or the next claim. */
  function next(claimAt: number, requestAt: number): Outcome {
    const ofClaim = requests[claimAt];
    if (ofClaim === undefined) return 'found';
    const wishes = ofClaim[requestAt];
    if (wishes === undefined) return next(claimAt + 1, 0);
    let full = true;
    for (const wish of wishes) {
      const outcome = grant(claimAt, requestAt, wish, 0);
      if (outcome === 'found') return 'found';
      full &&= outcome === 'full';
    }
    return full && wishes.length > 0 ? 'full' : 'none';
  }

  if (next(0, 0) !== 'found') return undefined;
  return claims.map((claim, at) =>
    allocationResult(claim, node, chosen[at]!, grants[at]!, () => options.shareId()),
  );
}

/** How good what a Pod was given is, by the alternatives that were chosen: the first of eight counts most (KEP-4816). */
export function allocationScore(claim: ResourceClaim, allocation: AllocationResult): number {
  const given = new Set(allocation.devices?.results?.map(({ request }) => request));
  let score = 0;
  for (const { name, firstAvailable = [] } of claim.spec?.devices?.requests ?? []) {
    const at = firstAvailable.findIndex((one) => given.has(`${name}/${one.name}`));
    if (at >= 0) score += maxAlternatives - at;
  }
  return score;
}
