import { deepEqual, isConflict, isNotFound, joinKey, objectKey } from '@drydock/base/apimachinery';
import { Node, Pod, Service } from '@drydock/api/core/v1';
import { EndpointSlice } from '@drydock/api/discovery/v1';
import {
  controllerReference,
  createController,
  createEventRecorder,
  source,
  type ControllerFactory,
  type ReconcileResult,
} from '@drydock/machinery/controller';
import { isNamespaceTerminating } from '../shared/index.ts';
import {
  createServiceSelection,
  createTriggerTimes,
  familiesOf,
  hasClusterIp,
  headlessLabel,
  isSelecting,
  triggerTimeAnnotation,
} from '../shared-services/index.ts';
import { createAllotments } from './allotments.ts';
import { desiredEndpoints } from './desired-endpoints.ts';
import { endpointSliceEvents } from './events.ts';
import { hintModeOf, planHints } from './hints.ts';
import { endpointSliceMetrics } from './metrics.ts';
import { planSlices, type SliceContent, type SlicePlan } from './plan.ts';
import { createSliceVersions } from './slice-versions.ts';
import { zoneFacts, zoneShares } from './zones.ts';

const serviceNameLabel = 'kubernetes.io/service-name';
const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
const managedBy = 'endpointslice-controller.k8s.io';

const byService = {
  name: 'service',
  values: (slice: EndpointSlice): readonly string[] => {
    const { labels, namespace } = slice.metadata;
    const service = labels?.[serviceNameLabel];
    return service && labels?.[managedByLabel] === managedBy ? [joinKey(namespace, service)] : [];
  },
};

/** `endpointslice-controller`: the EndpointSlices of each Service that has a selector. */
export const createEndpointSliceController: ControllerFactory = (deps) => {
  const { client, informers } = deps;
  const selection = createServiceSelection(deps);
  const nodes = informers.informer(Node);
  const slices = informers.informer(EndpointSlice, { indexers: { [byService.name]: byService.values } });
  const events = endpointSliceEvents(createEventRecorder(client, 'endpoint-slice-controller', deps));
  const triggerTimes = createTriggerTimes();
  const versions = createSliceVersions();
  const allotments = createAllotments();
  const metrics = endpointSliceMetrics(deps.metrics);

  async function reconcile(key: string): Promise<ReconcileResult | void> {
    let result: 'success' | 'stale' | 'error' = 'error';
    try {
      const wanted = await sync(key);
      result = wanted?.requeue === true ? 'stale' : 'success';
      return wanted;
    } finally {
      metrics.synced(result);
    }
  }

  async function sync(key: string): Promise<ReconcileResult | void> {
    const service = selection.services.get(key);
    if (!service) {
      // The slices go with their owner.
      triggerTimes.forget(key);
      allotments.forget(key);
      metrics.forget(key);
      return versions.forget(key);
    }
    if (!isSelecting(service)) return;
    const present = slices.byIndex(byService.name, key);
    // The event of what the cache lacks brings the Service again as well.
    if (!versions.isCurrent(key, present)) return { requeue: true };
    const pods = selection.podsOf(service);
    const since = triggerTimes.since(service, pods);
    const kept = present.filter((slice) => !slice.metadata.deletionTimestamp);
    // Those of a Service of the same name that is gone wait to be collected: they are not ours to fill.
    const { uid } = service.metadata;
    const alive = kept.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid));
    const families = familiesOf(service);
    try {
      for (const slice of kept) if (!alive.includes(slice)) await remove(key, slice);
      for (const slice of alive) {
        if (families.some((family) => family === slice.addressType)) continue;
        allotments.remove(key, slice.addressType);
        await remove(key, slice);
      }
      for (const family of families) {
        const groups = desiredEndpoints(service, pods, family, (name) => nodes.get(name));
        const labels = sliceLabels(service);
        const ofFamily = alive.filter((slice) => slice.addressType === family);
        const bare = planSlices(groups, ofFamily, (slice) => !deepEqual(slice.metadata.labels, labels));
        metrics.planned(key, groups, bare, ofFamily.length);
        const plan = hinted(key, service, family, bare, ofFamily);
        for (const content of plan.write) {
          // A Service that goes gets no new slices: they would race with the collection of the old ones.
          if (content.existing === undefined && service.metadata.deletionTimestamp) continue;
          await write(key, service, family, content, labels, since);
        }
        for (const slice of plan.remove) await remove(key, slice);
        metrics.carriedOut(service, plan);
      }
      metrics.distributes(key, service);
    } catch (err) {
      if (isNamespaceTerminating(err)) return;
      if (!isConflict(err)) events.updateFailed(service, err as Error);
      throw err;
    }
  }

  /** The plan with the hints that the Service asks for. */
  function hinted(
    key: string,
    service: Service,
    family: string,
    plan: SlicePlan,
    present: readonly EndpointSlice[],
  ): SlicePlan {
    const touched = new Set([...plan.write.map(({ existing }) => existing), ...plan.remove]);
    const unchanged = present.filter((slice) => !touched.has(slice));
    const mode = hintModeOf(service);
    const shares = mode === 'topology' ? zoneShares(nodes.list()) : undefined;
    const made = planHints(plan, unchanged, mode, shares);
    const before = allotments.has(key);
    if (made.allotted === undefined) allotments.remove(key, family);
    else allotments.set(key, family, made.allotted);
    if (made.failure !== undefined) events.hintsDisabled(service, family, made.failure);
    else if (made.allotted === undefined && before) events.hintsDisabled(service, family);
    else if (made.allotted !== undefined && !before) events.hintsEnabled(service, family);
    return made;
  }

  async function write(
    key: string,
    service: Service,
    family: string,
    content: SliceContent,
    labels: Record<string, string>,
    since: string | undefined,
  ): Promise<void> {
    const { existing, ports, endpoints } = content;
    const { [triggerTimeAnnotation]: _before, ...annotations } = existing?.metadata.annotations ?? {};
    if (since !== undefined) annotations[triggerTimeAnnotation] = since;
    const { name = '', namespace = '' } = service.metadata;
    const metadata = existing
      ? { ...existing.metadata, labels, annotations }
      : {
          generateName: `${name}-`,
          namespace,
          labels,
          annotations,
          ownerReferences: [controllerReference(service, Service)],
        };
    const slice: EndpointSlice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: EndpointSlice.kind,
      metadata,
      addressType: family,
      endpoints,
      ports,
    };
    const resource = client.resource(EndpointSlice);
    versions.written(key, await (existing ? resource.update(slice) : resource.create(slice)));
    metrics.wrote(existing ? 'update' : 'create');
  }

  async function remove(key: string, slice: EndpointSlice): Promise<void> {
    const { name = '', namespace = '', uid = '' } = slice.metadata;
    try {
      await client.resource(EndpointSlice).namespace(namespace).delete(name, { preconditions: { uid } });
      versions.removed(key, slice);
      metrics.wrote('delete');
    } catch (err) {
      if (!isNotFound(err)) throw err;
    }
  }

  /**
   * Services whose Pods may run on a Node that has just come, or whose zone has changed; and those whose hints have become
   * wrong by how much the zones can bear.
   */
  const nodeKeys = (node: Node, { previous, deleted }: { previous?: Node; deleted: boolean }): string[] => {
    const zone = (one: Node) => one.metadata.labels?.['topology.kubernetes.io/zone'];
    const capacityChanged = deleted || previous === undefined || zoneFacts(previous) !== zoneFacts(node);
    const touched = new Set(capacityChanged ? allotments.overloaded(zoneShares(nodes.list())) : []);
    if (deleted || (previous && zone(previous) === zone(node))) return [...touched];
    for (const key of selection.servicesOn(node.metadata.name ?? '')) touched.add(key);
    return [...touched];
  };

  return createController(
    {
      name: 'endpointslice-controller',
      sources: [
        source(Service, (service) => [objectKey(service)]),
        source(Pod, (pod, change) => selection.servicesOf(pod, change)),
        source(Node, nodeKeys),
        source(EndpointSlice, (slice) => byService.values(slice)),
      ],
      onStart: metrics.clear,
      reconcile,
    },
    deps,
  );
};

/** The Service's labels and those by which a slice is found. */
function sliceLabels(service: Service): Record<string, string> {
  const { [headlessLabel]: _headless, ...labels } = service.metadata.labels ?? {};
  if (!hasClusterIp(service)) labels[headlessLabel] = '';
  labels[serviceNameLabel] = service.metadata.name ?? '';
  labels[managedByLabel] = managedBy;
  return labels;
}
