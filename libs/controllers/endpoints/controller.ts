import { deepEqual, isConflict, isNotFound, objectKey, splitKey } from '@drydock/base/apimachinery';
import { Endpoints, Pod, Service } from '@drydock/api/core/v1';
import {
  createController,
  createEventRecorder,
  source,
  type ControllerFactory,
} from '@drydock/machinery/controller';
import { isNamespaceTerminating } from '../shared/index.ts';
import {
  createServiceSelection,
  createTriggerTimes,
  hasClusterIp,
  headlessLabel,
  isSelecting,
  triggerTimeAnnotation,
} from '../shared-services/index.ts';
import { endpointsEvents } from './events.ts';
import { subsetsOf, truncated } from './subsets.ts';

const managedByLabel = 'endpoints.kubernetes.io/managed-by';
const managedBy = 'endpoint-controller';
/** Marks Endpoints that are no Service's, but the lock of processes that elect a leader. */
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
const overCapacityAnnotation = 'endpoints.kubernetes.io/over-capacity';

/** `endpoints-controller`: the Endpoints object of each Service that has a selector. */
export const createEndpointsController: ControllerFactory = (deps) => {
  const { client, informers } = deps;
  const selection = createServiceSelection(deps);
  const all = informers.informer(Endpoints);
  const events = endpointsEvents(createEventRecorder(client, managedBy, deps));
  const triggerTimes = createTriggerTimes();
  /**
   * Keys of Services that went while we looked on, and of Endpoints that had none when we began: they may have lost it while
   * nobody looked. Such Endpoints go, whoever made them.
   */
  const abandoned = new Set<string>();

  async function reconcile(key: string): Promise<void> {
    const service = selection.services.get(key);
    if (!service) return remove(key);
    abandoned.delete(key);
    if (!isSelecting(service)) return;
    const pods = selection.podsOf(service);
    await write(service, desired(service, pods, all.get(key), triggerTimes.since(service, pods)));
  }

  async function remove(key: string): Promise<void> {
    triggerTimes.forget(key);
    const known = all.get(key);
    if (!known || (!abandoned.has(key) && known.metadata.labels?.[managedByLabel] !== managedBy)) return;
    const { namespace, name } = splitKey(key);
    const { uid = '' } = known.metadata;
    try {
      await client.resource(Endpoints).namespace(namespace).delete(name, { preconditions: { uid } });
    } catch (err) {
      if (!isNotFound(err) && !isConflict(err)) throw err;
    }
    abandoned.delete(key);
  }

  async function write(service: Service, wanted: Endpoints): Promise<void> {
    const key = objectKey(service);
    const known = all.get(key);
    const resource = client.resource(Endpoints);
    if (known && same(known, wanted)) return;
    try {
      await (known ? resource.update(wanted) : resource.create(wanted));
    } catch (err) {
      if (isNamespaceTerminating(err)) return;
      if (!isConflict(err)) {
        if (known) events.updateFailed(wanted, key, err as Error);
        else events.createFailed(wanted, key, err as Error);
      }
      throw err;
    }
  }

  return createController(
    {
      name: 'endpoints-controller',
      sources: [
        source(Service, (service, { deleted }) => {
          const key = objectKey(service);
          if (deleted) abandoned.add(key);
          return [key];
        }),
        source(Pod, (pod, change) => selection.servicesOf(pod, change)),
        source(Endpoints, (endpoints) => [objectKey(endpoints)]),
      ],
      onStart() {
        abandoned.clear();
        for (const endpoints of all.list()) {
          const key = objectKey(endpoints);
          const isLock = endpoints.metadata.annotations?.[leaderAnnotation] !== undefined;
          if (!isLock && selection.services.get(key) === undefined) abandoned.add(key);
        }
      },
      reconcile,
    },
    deps,
  );
};

/** The Endpoints that a Service shall have; keeps what others wrote into the metadata of those it has. */
function desired(
  service: Service,
  pods: readonly Pod[],
  known: Endpoints | undefined,
  triggerTime: string | undefined,
): Endpoints {
  const subsets = subsetsOf(service, pods);
  const cut = truncated(subsets);
  const { name = '', namespace = '' } = service.metadata;
  const { [headlessLabel]: _headless, ...labels } = service.metadata.labels ?? {};
  if (!hasClusterIp(service)) labels[headlessLabel] = '';
  labels[managedByLabel] = managedBy;
  const {
    [overCapacityAnnotation]: _over,
    [triggerTimeAnnotation]: _since,
    ...annotations
  } = known?.metadata.annotations ?? {};
  if (triggerTime !== undefined) annotations[triggerTimeAnnotation] = triggerTime;
  if (cut) annotations[overCapacityAnnotation] = 'truncated';
  const metadata = { ...known?.metadata, name, namespace, labels };
  if (Object.keys(annotations).length > 0) metadata.annotations = annotations;
  else delete metadata.annotations;
  return {
    apiVersion: 'v1',
    kind: Endpoints.kind,
    metadata,
    ...(subsets.length > 0 ? { subsets: cut ?? subsets } : {}),
  };
}

function same(known: Endpoints, wanted: Endpoints): boolean {
  return (
    deepEqual(known.subsets ?? [], wanted.subsets ?? []) &&
    deepEqual(known.metadata.labels ?? {}, wanted.metadata.labels ?? {}) &&
    known.metadata.annotations?.[overCapacityAnnotation] ===
      wanted.metadata.annotations?.[overCapacityAnnotation]
  );
}
