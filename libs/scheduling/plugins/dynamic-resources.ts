import type { Node, Pod } from '@drydock/api/core/v1';
import type { AllocationResult, ResourceClaim } from '@drydock/api/resource/v1';
import { canBeReserved, isReservedFor } from '@drydock/api/resource-claims';
import { parseDuration, semanticEqual } from '@drydock/base/apimachinery';
import type { DeviceSelectorCompiler } from '@drydock/port/device-selector';
import {
  allocate,
  allocatedDevices,
  AllocationError,
  allocationScore,
  AllocationTimeout,
  indexSlices,
  type AllocatorOptions,
} from '../allocation/index.ts';
import {
  failure,
  nodeSelectorMatches,
  skip,
  unresolvable,
  unschedulable,
  type ClusterEvent,
  type CycleState,
  type NodeInfo,
  type Plugin,
  type PodInfo,
  type Status,
} from '../framework/index.ts';
import { claimsOfPod, createClaimTracker, type ClaimTracker } from './claim-tracker.ts';
import { remembering } from './compiled-selectors.ts';
import {
  DeviceBindingError,
  hasBindingConditions,
  isBindingOverdue,
  isReadyToBind,
} from './device-readiness.ts';
import {
  devicesOf,
  extendedClaimOf,
  isWritten,
  mayBeDevices,
  toWrite,
  type DevicesOfResources,
} from './extended-resources.ts';
import type { DeviceActions, Listers } from './listers.ts';
import { defaultNormalizeScore } from './normalize.ts';

/** DynamicResourcesArgs of kubescheduler.config.k8s.io/v1. */
export interface DynamicResourcesArgs {
  /** How long devices may be looked for on one node; 0s: for ever. Default 10s. */
  readonly filterTimeout?: string;
  /** How long a Pod waits for its devices to be made ready. Default 600s. */
  readonly bindingTimeout?: string;
}

export interface DynamicResourcesDeps {
  readonly listers: Listers;
  readonly actions: DeviceActions;
  /** Of all profiles of a scheduler, so that none gives what another has given. Default: one of its own. */
  readonly tracker?: ClaimTracker;
  /** Without one there are no devices to be had for claims that select any. */
  readonly compile: DeviceSelectorCompiler;
  /** Makes the identifier of a share of a device. */
  readonly shareId: () => string;
  readonly now: () => number;
  readonly monotonicMs: () => number;
}

const name = 'DynamicResources';

interface State {
  /** As they were when the attempt began, and after that as they were written. */
  readonly claims: ResourceClaim[];
  /** The position of the one that stands for extended resources. */
  readonly extended: number | undefined;
  /** Positions of those that have no devices yet. */
  readonly toAllocate: readonly number[];
  readonly allocator: AllocatorOptions | undefined;
  /** Allocated ones that some node could not use, or whose devices were not made ready. */
  readonly unavailable: Set<number>;
  /** What was found, by node. */
  readonly found: Map<string, Found>;
}

/** The devices of a node for claims. */
interface Found {
  /** Positions of the claims, and for each its devices. */
  readonly at: readonly number[];
  readonly allocations: readonly AllocationResult[];
  /** What the claim for extended resources asks for on this node. */
  readonly extended: DevicesOfResources | undefined;
}

const stateOf = (state: CycleState) => state.get(name) as State | undefined;
const hasClaims = (pod: Pod) => (pod.spec?.resourceClaims ?? []).length > 0;
const named = ({ metadata }: ResourceClaim) => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/**
 * Gives Pods the devices that their claims ask for (KEP-4381): looks for them node by node, holds them between the
 * decision and the binding, and writes the allocation and who uses it before the Pod is bound.
 */
export function dynamicResources(args: DynamicResourcesArgs, deps: DynamicResourcesDeps): Plugin {
  const { listers, actions, shareId, now, monotonicMs } = deps;
  const filterTimeoutMs = parseDuration(args.filterTimeout ?? '10s');
  const bindingTimeoutMs = parseDuration(args.bindingTimeout ?? '600s');
  const tracker = deps.tracker ?? createClaimTracker(listers);
  const compile = remembering(deps.compile);

  /** A class that is not there keeps a Pod waiting for it. */
  function classProblem({ spec }: ResourceClaim): Status | undefined {
    for (const { name: request, exactly, firstAvailable = [] } of spec?.devices?.requests ?? []) {
      const wishes =
        exactly === undefined
          ? firstAvailable.map((one) => ({ as: `${request}/${one.name}`, className: one.deviceClassName }))
          : [{ as: request, className: exactly.deviceClassName }];
      for (const { as, className } of wishes)
        if (listers.deviceClass(className) === undefined)
          return unresolvable(`request ${as}: device class ${className} does not exist`);
    }
    return undefined;
  }

  function claimProblem(pod: Pod, claim: ResourceClaim): Status | undefined {
    if (claim.status?.allocation !== undefined)
      return canBeReserved(claim) || isReservedFor(pod, claim)
        ? undefined
        : unresolvable('resourceclaim in use');
    if (tracker.isPending(claim))
      return unresolvable(`resource claim ${named(claim)} is in the process of being allocated`);
    return classProblem(claim);
  }

  function usable(claim: ResourceClaim, node: Node): boolean {
    const { allocation } = claim.status ?? {};
    if (allocation === undefined) return true;
    if (allocation.nodeSelector !== undefined && !nodeSelectorMatches(allocation.nodeSelector, node))
      return false;
    try {
      return isReadyToBind(claim) || !isBindingOverdue(claim, now(), bindingTimeoutMs);
    } catch (error) {
      if (error instanceof DeviceBindingError) return false;
      throw error;
    }
  }

  const asksForDevices = ({ requests }: PodInfo) =>
    [...requests.keys()].some((name) => mayBeDevices(name) && listers.classOfResource(name) !== undefined);

  /** What the claim for extended resources would ask for on a node; nothing where the node has them itself. */
  function extendedOn(
    pod: PodInfo,
    claim: ResourceClaim,
    node: NodeInfo,
  ): DevicesOfResources | Status | undefined {
    // One that is left from an earlier attempt is for another node.
    if (claim.spec?.devices?.requests !== undefined)
      return unresolvable('cannot schedule extended resource claim');
    const resources: string[] = [];
    for (const resource of pod.requests.keys()) {
      if (!mayBeDevices(resource)) continue;
      if (listers.classOfResource(resource) !== undefined && !node.allocatable.get(resource))
        resources.push(resource);
      else if (!node.allocatable.has(resource)) return unresolvable('cannot fit resource');
    }
    if (resources.length === 0) return undefined;
    return devicesOf(pod.pod, resources, (resource) => listers.classOfResource(resource));
  }

  /** Makes the claim for extended resources, as a node needs it. */
  async function createExtended(claim: ResourceClaim, { requests }: DevicesOfResources) {
    const made = await actions.createClaim({
      ...toWrite(claim),
      spec: { ...claim.spec, devices: { ...claim.spec?.devices, requests } },
    });
    tracker.created(made);
    return made;
  }

  /** Whether all devices that a Pod got are ready, which events tell. */
  function areReady({ claims }: State): boolean {
    claims.forEach((claim, at) => {
      if (!isWritten(claim)) return;
      const { namespace = '', name: claimName = '' } = claim.metadata;
      const seen = tracker.get(namespace, claimName);
      if (seen === undefined)
        throw new DeviceBindingError(`resourceclaim.resource.k8s.io ${JSON.stringify(claimName)} not found`);
      claims[at] = seen;
    });
    return claims.every((claim) => {
      if (!isWritten(claim) || isReadyToBind(claim)) return true;
      if (isBindingOverdue(claim, now(), bindingTimeoutMs))
        throw new DeviceBindingError(`claim ${claim.metadata.name ?? ''} binding timeout`);
      return false;
    });
  }

  /** Whether a change of a claim is worth another try to a Pod. */
  function claimHint({ pod }: PodInfo, { object, previous }: ClusterEvent): boolean {
    const claims = claimsOfPod(pod, tracker);
    if (typeof claims === 'string') return false;
    const [claim, before] = [object, previous] as (ResourceClaim | undefined)[];
    // Devices were given back.
    if (before?.status?.allocation !== undefined && claim?.status?.allocation === undefined) return true;
    if (!claims.some(({ metadata }) => metadata.uid === claim?.metadata.uid)) return false;
    return before === undefined || !semanticEqual(before.status, claim?.status);
  }

  return {
    name,
    preEnqueue(pod) {
      if (!hasClaims(pod)) return undefined;
      const claims = claimsOfPod(pod, tracker);
      return typeof claims === 'string' ? unresolvable(claims) : undefined;
    },
    preFilter(state, info) {
      const { pod } = info;
      const wantsDevices = asksForDevices(info);
      if (!hasClaims(pod) && !wantsDevices) return { status: skip };
      const claims = claimsOfPod(pod, tracker);
      if (typeof claims === 'string') return { status: unresolvable(claims) };
      const extended = wantsDevices ? claims.length : undefined;
      if (wantsDevices) claims.push(extendedClaimOf(pod, tracker.all(), shareId));
      if (claims.length === 0) return { status: skip };
      for (const claim of claims) {
        const status = claimProblem(pod, claim);
        if (status !== undefined) return { status };
      }
      const toAllocate = claims.flatMap(({ status }, at) => (status?.allocation === undefined ? [at] : []));
      const allocator: AllocatorOptions | undefined =
        toAllocate.length === 0
          ? undefined
          : {
              slices: indexSlices(listers.resourceSlices()),
              allocated: allocatedDevices(tracker.all()),
              deviceClass: (className) => listers.deviceClass(className),
              compile,
              shareId,
            };
      const made: State = {
        claims,
        extended,
        toAllocate,
        allocator,
        unavailable: new Set(),
        found: new Map(),
      };
      state.set(name, made);
      return undefined;
    },
    filter(state, pod, on) {
      const { node, name: nodeName } = on;
      const found = stateOf(state);
      if (found === undefined) return undefined;
      const { claims, extended, toAllocate, allocator, unavailable } = found;
      const special = extended === undefined ? undefined : (claims[extended] as ResourceClaim);
      const asked = special === undefined ? undefined : extendedOn(pod, special, on);
      if (asked !== undefined && 'code' in asked) return asked;
      // All that it asks for is there without devices of classes.
      if (extended === 0 && asked === undefined) return undefined;
      const unusable = claims.flatMap((claim, at) => (usable(claim, node) ? [] : [at]));
      const at = toAllocate.filter((position) => position !== extended || asked !== undefined);
      let allocations: AllocationResult[] | undefined;
      if (allocator !== undefined) {
        const untilMs = monotonicMs() + filterTimeoutMs;
        const expired = filterTimeoutMs > 0 ? { expired: () => monotonicMs() > untilMs } : {};
        try {
          const wanted = at.map((position) => {
            const claim = claims[position] as ResourceClaim;
            if (position !== extended || asked === undefined) return claim;
            return { ...claim, spec: { devices: { requests: asked.requests } } };
          });
          allocations = allocate(node, wanted, { ...allocator, ...expired });
        } catch (error) {
          if (error instanceof AllocationTimeout) return unresolvable(error.message);
          // Whatever is wrong with a claim or a class is wrong on all nodes.
          if (error instanceof AllocationError) return failure(error.message);
          throw error;
        }
        if (allocations === undefined) return unresolvable('cannot allocate all claims');
      }
      if (unusable.length > 0) {
        for (const at of unusable) unavailable.add(at);
        return unresolvable('resourceclaim not available on the node');
      }
      if (allocations !== undefined) found.found.set(nodeName, { at, allocations, extended: asked });
      return undefined;
    },
    postFilter(state, { pod }) {
      const found = stateOf(state);
      if (found === undefined) return { status: unschedulable('no new claims to deallocate') };
      const special = found.extended === undefined ? undefined : found.claims[found.extended];
      for (const at of found.unavailable) {
        const claim = found.claims[at] as ResourceClaim;
        if (claim === special) continue;
        const users = claim.status?.reservedFor ?? [];
        if (users.length > 1 || (users.length === 1 && users[0]?.uid !== pod.metadata.uid)) continue;
        actions.deallocate(claim);
        return { status: unschedulable('deallocation of ResourceClaim completed') };
      }
      if (special !== undefined && isWritten(special)) {
        actions.deleteClaim(special);
        return { status: unschedulable('deletion of ResourceClaim completed') };
      }
      return { status: unschedulable('still not schedulable') };
    },
    preScore(state) {
      const found = stateOf(state);
      const chooses = found?.toAllocate.some((at) =>
        found.claims[at]?.spec?.devices?.requests?.some(
          ({ firstAvailable = [] }) => firstAvailable.length > 0,
        ),
      );
      return chooses === true ? undefined : skip;
    },
    score(state, _, { name: nodeName }) {
      const found = stateOf(state);
      const { at = [], allocations = [] } = found?.found.get(nodeName) ?? {};
      return allocations.reduce((sum, allocation, index) => {
        const claim = found?.claims[at[index] ?? -1];
        return claim === undefined ? sum : sum + allocationScore(claim, allocation);
      }, 0);
    },
    normalizeScore: (_state, _pod, scores) => defaultNormalizeScore(scores, false),
    reserve(state, _, { name: nodeName }) {
      const found = stateOf(state);
      if (found?.allocator === undefined) return undefined;
      const on = found.found.get(nodeName);
      if (on === undefined)
        return found.toAllocate.every((position) => position === found.extended)
          ? undefined
          : failure('claim allocation not found for node');
      on.at.forEach((position, index) =>
        tracker.pend(found.claims[position] as ResourceClaim, on.allocations[index] as AllocationResult),
      );
      return undefined;
    },
    unreserve(state, { pod }) {
      const found = stateOf(state);
      for (const [at, claim] of (found?.claims ?? []).entries()) {
        if (tracker.isPending(claim)) tracker.settle(claim);
        if (at === found?.extended) {
          if (!isWritten(claim)) continue;
          tracker.dropped(claim);
          actions.deleteClaim(claim);
        } else if (claim.status?.allocation !== undefined && isReservedFor(pod, claim))
          actions.unreserve(claim, pod);
      }
    },
    preBindWaits: (state, _, { name: nodeName }) => {
      const found = stateOf(state);
      return found !== undefined && (found.extended !== 0 || found.found.has(nodeName));
    },
    async preBind(state, { pod }, { name: nodeName }) {
      const found = stateOf(state);
      if (found === undefined) return undefined;
      const { claims, extended } = found;
      const on = found.found.get(nodeName);
      try {
        for (const [at, claim] of claims.entries()) {
          if (isReservedFor(pod, claim)) continue;
          const allocation = on?.allocations[on.at.indexOf(at)];
          const devices = at === extended ? on?.extended : undefined;
          if (at === extended && devices === undefined && !isWritten(claim)) continue;
          try {
            const bare = devices === undefined ? claim : await createExtended(claim, devices);
            claims[at] = bare;
            const written = await actions.bindClaim(bare, allocation, pod);
            claims[at] = written;
            if (devices === undefined) tracker.settle(claim, written);
            else {
              tracker.created(written);
              tracker.settle(claim);
              const { name: resourceClaimName = '' } = written.metadata;
              await actions.tellExtended(pod, { requestMappings: devices.mappings, resourceClaimName });
            }
          } catch (error) {
            if (allocation !== undefined) tracker.settle(claim);
            throw error;
          }
        }
        if (!claims.some(hasBindingConditions)) return undefined;
        actions.tellWaiting(pod, nodeName);
        await actions.untilReady(() => areReady(found), bindingTimeoutMs);
        return undefined;
      } catch (error) {
        return failure(messageOf(error));
      }
    },
    events: [
      { resource: 'Node', actions: ['Add', 'UpdateNodeLabel', 'UpdateNodeAllocatable'] },
      { resource: 'ResourceClaim', actions: ['Add', 'Update'], hint: claimHint },
      // One with devices, as the scheduler removes those that stand for extended resources.
      {
        resource: 'ResourceClaim',
        actions: ['Delete'],
        hint: (_, { previous }) =>
          previous !== undefined && (previous as ResourceClaim).spec?.devices?.requests !== undefined,
      },
      {
        resource: 'UnscheduledPod',
        actions: ['UpdatePodGeneratedResourceClaim'],
        hint: ({ pod }, { object }) =>
          object?.metadata.uid === pod.metadata.uid &&
          typeof claimsOfPod(object as Pod, tracker) !== 'string',
      },
      // A Pod that could not be bound after all gives its devices back before anybody hears of them.
      {
        resource: 'AssignedPod',
        actions: ['Delete'],
        hint: (_, { previous }) => previous !== undefined && hasClaims(previous as Pod),
      },
      { resource: 'DeviceClass', actions: ['Add', 'Update'] },
      { resource: 'ResourceSlice', actions: ['Add', 'Update'] },
    ],
  };
}
