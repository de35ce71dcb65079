import { ReplicaSet, StatefulSet } from '@drydock/api/apps/v1';
import {
  Namespace,
  PersistentVolume,
  PersistentVolumeClaim,
  ReplicationController,
  Service,
  type Pod,
} from '@drydock/api/core/v1';
import { PodDisruptionBudget } from '@drydock/api/policy/v1';
import { DeviceClass, ResourceClaim, ResourceSlice } from '@drydock/api/resource/v1';
import {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
} from '@drydock/api/storage/v1';
import {
  compileSelector,
  controllerOf,
  selectorFromLabelSelector,
  selectorFromSet,
  selectorMatchesObject,
  type KubeObject,
  type LabelMatcher,
  type ResourceType,
  type SelectorRequirement,
} from '@drydock/base/apimachinery';
import type { InformerFactory } from '@drydock/machinery/informer';
import type { ClusterEvent, EventResource } from '../framework/index.ts';
import { classNameOf, classOfResource, mayBeDevices, type Listers } from '../plugins/index.ts';

export interface ClusterListers extends Listers {
  /** Resolves when all copies are there. */
  ready(): Promise<void>;
  /** Calls back on each change that may matter to a waiting Pod. Returns the end. */
  subscribe(onEvent: (event: ClusterEvent) => void): () => void;
}

const maxSelectors = 4096;

/** The listers over informers. */
export function createListers(informers: InformerFactory): ClusterListers {
  const inNamespace = { namespace: ({ metadata }: KubeObject) => [metadata.namespace ?? ''] };
  const namespaces = informers.informer(Namespace);
  const services = informers.informer(Service, { indexers: inNamespace });
  const controllers = informers.informer(ReplicationController);
  const replicaSets = informers.informer(ReplicaSet);
  const statefulSets = informers.informer(StatefulSet);
  const claims = informers.informer(PersistentVolumeClaim);
  const volumes = informers.informer(PersistentVolume, {
    indexers: { class: (volume) => [classNameOf(volume)] },
  });
  const classes = informers.informer(StorageClass);
  const csiNodes = informers.informer(CSINode);
  const csiDrivers = informers.informer(CSIDriver);
  const capacities = informers.informer(CSIStorageCapacity);
  const attachments = informers.informer(VolumeAttachment, {
    indexers: { node: ({ spec }) => [spec.nodeName] },
  });
  const budgets = informers.informer(PodDisruptionBudget, { indexers: inNamespace });
  const resourceClaims = informers.informer(ResourceClaim);
  const deviceClasses = informers.informer(DeviceClass);
  const resourceSlices = informers.informer(ResourceSlice);
  const all = [
    namespaces,
    services,
    controllers,
    replicaSets,
    statefulSets,
    claims,
    volumes,
    classes,
    csiNodes,
    csiDrivers,
    capacities,
    attachments,
    budgets,
    resourceClaims,
    deviceClasses,
    resourceSlices,
  ];
  /** What resources stand for; forgotten when any class changes. */
  const byResource = new Map<string, DeviceClass | undefined>();
  /** Selectors of Pods by what they depend on: the likes of one owner ask thousands of times. */
  const selectors = new Map<string, LabelMatcher | undefined>();

  /** The requirements of the owner's selector; undefined where it is not known (yet). */
  function ownerRequirements(pod: Pod): readonly SelectorRequirement[] | undefined {
    const owner = controllerOf(pod);
    if (owner === undefined) return [];
    const key = `${pod.metadata.namespace ?? ''}/${owner.name}`;
    if (owner.kind === 'ReplicationController' && owner.apiVersion === 'v1') {
      const found = controllers.get(key);
      return found && selectorFromSet(found.spec?.selector ?? {}).requirements;
    }
    if (owner.apiVersion !== 'apps/v1') return [];
    const found =
      owner.kind === 'ReplicaSet'
        ? replicaSets.get(key)
        : owner.kind === 'StatefulSet'
          ? statefulSets.get(key)
          : undefined;
    if (owner.kind !== 'ReplicaSet' && owner.kind !== 'StatefulSet') return [];
    return found?.spec?.selector && selectorFromLabelSelector(found.spec.selector).requirements;
  }

  function selectorOf(pod: Pod): { selector: LabelMatcher | undefined; final: boolean } {
    const requirements = new Map<string, SelectorRequirement>();
    const add = (list: readonly SelectorRequirement[]) => {
      for (const requirement of list) requirements.set(JSON.stringify(requirement), requirement);
    };
    for (const service of services.byIndex('namespace', pod.metadata.namespace ?? '')) {
      const labels = service.spec?.selector;
      if (labels === undefined || Object.keys(labels).length === 0) continue;
      if (selectorMatchesObject(selectorFromSet(labels), pod)) add(selectorFromSet(labels).requirements);
    }
    const owner = ownerRequirements(pod);
    add(owner ?? []);
    return {
      selector: requirements.size === 0 ? undefined : compileSelector([...requirements.values()]),
      final: owner !== undefined,
    };
  }

  return {
    namespaceLabels: (name) => namespaces.get(name)?.metadata.labels,
    defaultSelector(pod) {
      const { namespace = '', labels } = pod.metadata;
      const key = `${namespace}\0${controllerOf(pod)?.uid ?? ''}\0${JSON.stringify(labels ?? {})}`;
      if (selectors.has(key)) return selectors.get(key);
      const { selector, final } = selectorOf(pod);
      if (selectors.size >= maxSelectors) selectors.clear();
      if (final) selectors.set(key, selector);
      return selector;
    },
    claim: (namespace, name) => claims.get(`${namespace}/${name}`),
    volume: (name) => volumes.get(name),
    volumesOfClass: (name) => volumes.byIndex('class', name),
    storageClass: (name) => classes.get(name),
    csiNode: (name) => csiNodes.get(name),
    csiDriver: (name) => csiDrivers.get(name),
    storageCapacities: (name) =>
      capacities.list().filter(({ storageClassName }) => storageClassName === name),
    attachments: (nodeName) => attachments.byIndex('node', nodeName),
    budgets: (namespace) => budgets.byIndex('namespace', namespace),
    resourceClaim: (namespace, name) => resourceClaims.get(`${namespace}/${name}`),
    resourceClaims: () => resourceClaims.list(),
    deviceClass: (name) => deviceClasses.get(name),
    classOfResource(resource) {
      if (!mayBeDevices(resource)) return undefined;
      if (!byResource.has(resource))
        byResource.set(resource, classOfResource(resource, deviceClasses.list()));
      return byResource.get(resource);
    },
    resourceSlices: () => resourceSlices.list(),
    async ready() {
      await Promise.all(all.map((informer) => informer.waitForSync()));
    },
    subscribe(onEvent) {
      const watched: [ResourceType, EventResource][] = [
        [Namespace, 'Namespace'],
        [PersistentVolume, 'PersistentVolume'],
        [PersistentVolumeClaim, 'PersistentVolumeClaim'],
        [StorageClass, 'StorageClass'],
        [CSINode, 'CSINode'],
        [CSIDriver, 'CSIDriver'],
        [CSIStorageCapacity, 'CSIStorageCapacity'],
        [VolumeAttachment, 'VolumeAttachment'],
        [Service, 'Service'],
        [ResourceClaim, 'ResourceClaim'],
        [DeviceClass, 'DeviceClass'],
        [ResourceSlice, 'ResourceSlice'],
      ];
      const forgetResources = () => byResource.clear();
      // Before the queue hears of it.
      const first = deviceClasses.addHandler({
        added: forgetResources,
        updated: forgetResources,
        deleted: forgetResources,
      });
      const ends = watched.map(([type, resource]) =>
        informers.informer(type).addHandler({
          added: (object) => onEvent({ resource, actions: ['Add'], object }),
          updated: (object, previous) => onEvent({ resource, actions: ['Update'], object, previous }),
          deleted: (previous) => onEvent({ resource, actions: ['Delete'], previous }),
        }),
      );
      const forget = () => selectors.clear();
      ends.push(
        services.addHandler({
          added: forget,
          deleted: forget,
          updated(service, previous) {
            if (JSON.stringify(service.spec?.selector) !== JSON.stringify(previous.spec?.selector)) forget();
          },
        }),
        controllers.addHandler({
          updated(controller, previous) {
            if (JSON.stringify(controller.spec?.selector) !== JSON.stringify(previous.spec?.selector))
              forget();
          },
        }),
      );
      return () => [first, ...ends].forEach((end) => end());
    },
  };
}
