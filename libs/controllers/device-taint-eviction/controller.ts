import { Pod } from '@drydock/api/core/v1';
import { isReservedFor, claimNameOf, ownershipProblem } from '@drydock/api/resource-claims';
import { ResourceClaim, ResourceSlice } from '@drydock/api/resource/v1';
import {
  formatTime,
  isConflict,
  isNotFound,
  joinKey,
  objectKey,
  semanticEqual,
} from '@drydock/base/apimachinery';
import {
  createController,
  createEventRecorder,
  source,
  type ControllerFactory,
} from '@drydock/machinery/controller';
import { deletionMetrics, disruptionTarget, isPodTerminal } from '../shared/index.ts';
import { deviceOf, evictionAtMs, poolKey } from './decisions.ts';

const name = 'device-taint-eviction-controller';
const eventReason = 'DeviceTaintManagerEviction';

const byPool = {
  claims: {
    name: 'allocated-pool',
    values: ({ status }: ResourceClaim) => [
      ...new Set(status?.allocation?.devices?.results?.map(({ driver, pool }) => poolKey(driver, pool))),
    ],
  },
  slices: { name: 'pool', values: ({ spec }: ResourceSlice) => [poolKey(spec.driver, spec.pool.name)] },
};

const taintsOf = ({ spec }: ResourceSlice) => spec.devices?.map((device) => [device.name, device.taints]);

/** `device-taint-eviction-controller` (KEP-5055): Pods go whose devices have NoExecute taints that they do not tolerate. */
export const createDeviceTaintEvictionController: ControllerFactory = (deps) => {
  const { client, clock, informers } = deps;
  const pods = informers.informer(Pod);
  const claims = informers.informer(ResourceClaim, {
    indexers: { [byPool.claims.name]: byPool.claims.values },
  });
  const slices = informers.informer(ResourceSlice, {
    indexers: { [byPool.slices.name]: byPool.slices.values },
  });
  const recorder = createEventRecorder(client, name, deps);
  const deleted = deletionMetrics(deps.metrics, {
    subsystem: 'device_taint_eviction_controller',
    loop: 'DeviceTaintEvictionController',
    between: "a device taint effect has been activated and a Pod's deletion",
  });
  /** Pods that are to go, and when they were found to be, for taints that do not say since when they are there. */
  const planned = new Map<string, { readonly uid: string | undefined; readonly sinceMs: number }>();

  const usersOf = ({ metadata, status }: ResourceClaim): string[] =>
    (status?.reservedFor ?? [])
      .filter(({ resource }) => resource === 'pods')
      .map((user) => joinKey(metadata.namespace, user.name));

  /** When a Pod has to go, by all devices of its claims. */
  function dueMs(pod: Pod, nowMs: number): number | undefined {
    if (!pod.spec?.nodeName || isPodTerminal(pod)) return undefined;
    const due: number[] = [];
    for (const entry of pod.spec.resourceClaims ?? []) {
      const named = claimNameOf(pod, entry);
      if ('problem' in named || named.name === undefined) continue;
      const claim = claims.get(joinKey(pod.metadata.namespace, named.name));
      if (claim === undefined || !isReservedFor(pod, claim)) continue;
      if (named.owned && ownershipProblem(pod, claim) !== undefined) continue;
      for (const result of claim.status?.allocation?.devices?.results ?? []) {
        const device = deviceOf(
          result,
          slices.byIndex(byPool.slices.name, poolKey(result.driver, result.pool)),
        );
        const atMs = device === undefined ? undefined : evictionAtMs(device, result, nowMs);
        if (atMs !== undefined) due.push(atMs);
      }
    }
    return due.length === 0 ? undefined : Math.min(...due);
  }

  async function evict(pod: Pod, atMs: number): Promise<void> {
    const { namespace = '', name: podName = '', uid } = pod.metadata;
    const resource = client.resource(Pod).namespace(namespace);
    recorder.event(pod, 'Normal', eventReason, 'Marking for deletion');
    try {
      const status = disruptionTarget(
        pod,
        'DeletionByDeviceTaintManager',
        'Device Taint manager: deleting due to NoExecute taint',
        formatTime(clock.now()),
      );
      const body = { metadata: { uid }, status };
      await resource.patch(podName, { type: 'strategic', body }, { subresource: 'status' });
      await resource.delete(podName, uid === undefined ? {} : { preconditions: { uid } });
      deleted((clock.now() - atMs) / 1000);
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  return createController(
    {
      name,
      sources: [
        source(ResourceSlice, (slice, { previous, deleted }) => {
          if (deleted || (previous !== undefined && semanticEqual(taintsOf(slice), taintsOf(previous))))
            return [];
          const key = poolKey(slice.spec.driver, slice.spec.pool.name);
          return claims.byIndex(byPool.claims.name, key).flatMap(usersOf);
        }),
        source(ResourceClaim, (claim, { previous, deleted }) =>
          deleted ? [] : [...usersOf(claim), ...(previous === undefined ? [] : usersOf(previous))],
        ),
        source(Pod, (pod, { previous, deleted }) => {
          if (pod.spec?.resourceClaims === undefined) return [];
          const key = objectKey(pod);
          if (deleted) return planned.has(key) ? [key] : [];
          return previous?.spec?.nodeName === pod.spec.nodeName && !planned.has(key) ? [] : [key];
        }),
      ],
      onStart: () => planned.clear(),
      async reconcile(key) {
        const pod = pods.get(key);
        const known = planned.get(key);
        const before = known !== undefined && known.uid === pod?.metadata.uid ? known : undefined;
        if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) {
          planned.delete(key);
          return;
        }
        const sinceMs = before?.sinceMs ?? clock.now();
        const atMs = dueMs(pod, sinceMs);
        if (atMs === undefined) {
          if (planned.delete(key)) recorder.event(pod, 'Normal', eventReason, 'Cancelling deletion');
          return;
        }
        planned.set(key, { uid: pod.metadata.uid, sinceMs });
        const leftMs = atMs - clock.now();
        if (leftMs > 0) return { requeueAfterMs: leftMs };
        await evict(pod, atMs);
        planned.delete(key);
      },
    },
    deps,
  );
};
