import type { Node, Pod } from '@drydock/api/core/v1';
import type { AllocationResult, ResourceClaim } from '@drydock/api/resource/v1';
import { canBeReserved, isReservedFor } from '@drydock/api/resource-claims';
import { parseDuration, semanticEqual } from '@drydock/base/apimachinery';
import type { DeviceSelector, DeviceSelectorCompiler } from '@drydock/port/device-selector';
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
  type Plugin,
  type PodInfo,
  type Status,
} from '../framework/index.ts';
import { claimsOfPod, createClaimTracker } from './claim-tracker.ts';
import {
  DeviceBindingError,
  hasBindingConditions,
  isBindingOverdue,
  isReadyToBind,
} from './device-readiness.ts';
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
  /** Without one there are no devices to be had for claims that select any. */
  readonly compile: DeviceSelectorCompiler;
  /** Makes the identifier of a share of a device. */
  readonly shareId: () => string;
  readonly now: () => number;
  readonly monotonicMs: () => number;
}

const name = 'DynamicResources';
const maxCompiled = 256;

interface State {
  /** As they were when the attempt began, and after that as they were written. */
  readonly claims: ResourceClaim[];
  /** Positions of those that have no devices yet. */
  readonly toAllocate: readonly number[];
  readonly allocator: AllocatorOptions | undefined;
  /** Allocated ones that some node could not use, or whose devices were not made ready. */
  readonly unavailable: Set<number>;
  /** What was found, for `toAllocate`, by node. */
  readonly found: Map<string, AllocationResult[]>;
}

const stateOf = (state: CycleState) => state.get(name) as State | undefined;
const hasClaims = (pod: Pod) => (pod.spec?.resourceClaims ?? []).length > 0;
const named = ({ metadata }: ResourceClaim) => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Compiles each expression once. */
function remembering(compile: DeviceSelectorCompiler): DeviceSelectorCompiler {
  const known = new Map<string, DeviceSelector>();
  return (expression) => {
    let found = known.get(expression);
    if (found === undefined) {
      if (known.size >= maxCompiled) known.clear();
      known.set(expression, (found = compile(expression)));
    }
    return found;
  };
}

/**
 * Gives Pods the devices that their claims ask for (KEP-4381): looks for them node by node, holds them between the
 * decision and the binding, and writes the allocation and who uses it before the Pod is bound.
 */
export function dynamicResources(args: DynamicResourcesArgs, deps: DynamicResourcesDeps): Plugin {
  const { listers, actions, shareId, now, monotonicMs } = deps;
  const filterTimeoutMs = parseDuration(args.filterTimeout ?? '10s');
  const bindingTimeoutMs = parseDuration(args.bindingTimeout ?? '600s');
  const tracker = createClaimTracker(listers);
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

  /** Whether all devices that a Pod got are ready, which events tell. */
  function areReady({ claims }: State): boolean {
    claims.forEach((claim, at) => {
      const { namespace = '', name: claimName = '' } = claim.metadata;
      const seen = tracker.get(namespace, claimName);
      if (seen === undefined)
        throw new DeviceBindingError(`resourceclaim.resource.k8s.io ${JSON.stringify(claimName)} not found`);
      claims[at] = seen;
    });
    return claims.every((claim) => {
      if (isReadyToBind(claim)) return true;
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
    preFilter(state, { pod }) {
      if (!hasClaims(pod)) return { status: skip };
      const claims = claimsOfPod(pod, tracker);
      if (typeof claims === 'string') return { status: unresolvable(claims) };
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
      const made: State = { claims, toAllocate, allocator, unavailable: new Set(), found: new Map() };
      state.set(name, made);
      return undefined;
    },
    filter(state, _, { node, name: nodeName }) {
      const found = stateOf(state);
      if (found === undefined) return undefined;
      const { claims, toAllocate, allocator, unavailable } = found;
      const unusable = claims.flatMap((claim, at) => (usable(claim, node) ? [] : [at]));
      let allocations: AllocationResult[] | undefined;
      if (allocator !== undefined) {
        const untilMs = monotonicMs() + filterTimeoutMs;
        const expired = filterTimeoutMs > 0 ? { expired: () => monotonicMs() > untilMs } : {};
        try {
          const wanted = toAllocate.map((at) => claims[at] as ResourceClaim);
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
      if (allocations !== undefined) found.found.set(nodeName, allocations);
      return undefined;
    },
    postFilter(state, { pod }) {
      const found = stateOf(state);
      if (found === undefined) return { status: unschedulable('no new claims to deallocate') };
      for (const at of found.unavailable) {
        const claim = found.claims[at] as ResourceClaim;
        const users = claim.status?.reservedFor ?? [];
        if (users.length > 1 || (users.length === 1 && users[0]?.uid !== pod.metadata.uid)) continue;
        actions.deallocate(claim);
        return { status: unschedulable('deallocation of ResourceClaim completed') };
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
      const allocations = found?.found.get(nodeName) ?? [];
      return allocations.reduce((sum, allocation, at) => {
        const claim = found?.claims[found.toAllocate[at] ?? -1];
        return claim === undefined ? sum : sum + allocationScore(claim, allocation);
      }, 0);
    },
    normalizeScore: (_state, _pod, scores) => defaultNormalizeScore(scores, false),
    reserve(state, _, { name: nodeName }) {
      const found = stateOf(state);
      if (found?.allocator === undefined) return undefined;
      const allocations = found.found.get(nodeName);
      if (allocations === undefined) return failure('claim allocation not found for node');
      found.toAllocate.forEach((at, index) =>
        tracker.pend(found.claims[at] as ResourceClaim, allocations[index] as AllocationResult),
      );
      return undefined;
    },
    unreserve(state, { pod }) {
      for (const claim of stateOf(state)?.claims ?? []) {
        if (tracker.isPending(claim)) tracker.settle(claim);
        if (claim.status?.allocation !== undefined && isReservedFor(pod, claim))
          actions.unreserve(claim, pod);
      }
    },
    preBindWaits: (state) => (stateOf(state)?.claims.length ?? 0) > 0,
    async preBind(state, { pod }, { name: nodeName }) {
      const found = stateOf(state);
      if (found === undefined) return undefined;
      const { claims, toAllocate } = found;
      const allocations = found.found.get(nodeName);
      try {
        for (const [at, claim] of claims.entries()) {
          if (isReservedFor(pod, claim)) continue;
          const allocation = allocations?.[toAllocate.indexOf(at)];
          try {
            const written = await actions.bindClaim(claim, allocation, pod);
            claims[at] = written;
            tracker.settle(claim, written);
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
