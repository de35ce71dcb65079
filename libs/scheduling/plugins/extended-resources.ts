import type { Container, ContainerExtendedResourceRequest, Pod } from '@drydock/api/core/v1';
import type { DeviceClass, DeviceRequest, ResourceClaim } from '@drydock/api/resource/v1';
import type { DeviceSelectorCompiler } from '@drydock/port/device-selector';
import { allocatedDevices, deviceTotals, indexSlices, type DeviceTotals } from '../allocation/index.ts';
import type { NodeInfo } from '../framework/index.ts';
import type { ClaimTracker } from './claim-tracker.ts';
import { remembering } from './compiled-selectors.ts';
import type { Listers } from './listers.ts';

/** Every class can be asked for by this and its name, too. */
export const classResourcePrefix = 'deviceclass.resource.kubernetes.io/';
/** On the claim that stands for the extended resources of a Pod. */
const annotation = 'resource.kubernetes.io/extended-resource-claim';
/** Its name until it is written. */
const unwritten = '<extended-resources>';

/** Whether a resource is none of Kubernetes' own. */
export function isExtended(resource: string): boolean {
  const end = resource.indexOf('/');
  return end > 0 && !resource.slice(0, end).endsWith('kubernetes.io') && !resource.startsWith('requests.');
}

/** Whether a resource may stand for devices of a class (KEP-5004). */
export const mayBeDevices = (resource: string): boolean =>
  resource.startsWith(classResourcePrefix) || isExtended(resource);

/** The class that has the devices which a resource stands for: of several the newest, of those the first by name. */
export function classOfResource(resource: string, classes: Iterable<DeviceClass>): DeviceClass | undefined {
  let best: DeviceClass | undefined;
  const made = ({ metadata }: DeviceClass) => metadata.creationTimestamp ?? '';
  const name = ({ metadata }: DeviceClass) => metadata.name ?? '';
  for (const one of classes) {
    if (one.spec?.extendedResourceName !== resource && `${classResourcePrefix}${name(one)}` !== resource)
      continue;
    const later = best === undefined || made(one) > made(best);
    if (best === undefined || later || (made(one) === made(best) && name(one) < name(best))) best = one;
  }
  return best;
}

const isOf = (pod: Pod, { metadata }: ResourceClaim) =>
  metadata.annotations?.[annotation] === 'true' &&
  metadata.ownerReferences?.some(
    ({ name, uid, controller }) =>
      controller === true && name === pod.metadata.name && uid === pod.metadata.uid,
  ) === true;

/** The claim that stands for a Pod's extended resources: the one that there is, or what it will be made from. */
export function extendedClaimOf(pod: Pod, claims: Iterable<ResourceClaim>, uid: () => string): ResourceClaim {
  for (const claim of claims) if (isOf(pod, claim)) return claim;
  const { name = '', namespace = '' } = pod.metadata;
  return {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaim',
    metadata: {
      namespace,
      name: unwritten,
      uid: uid(),
      generateName: `${name}-extended-resources-`,
      annotations: { [annotation]: 'true' },
      ownerReferences: [
        { apiVersion: 'v1', kind: 'Pod', name, uid: pod.metadata.uid ?? '', controller: true },
      ],
    },
    spec: {},
  } as ResourceClaim;
}

export const isWritten = ({ metadata }: ResourceClaim): boolean => metadata.name !== unwritten;

/** As it is to be created. */
export function toWrite({ metadata, ...claim }: ResourceClaim): ResourceClaim {
  const { name: _, uid: __, ...rest } = metadata;
  const { status: ___, ...body } = claim;
  return { ...body, metadata: rest } as ResourceClaim;
}

/** What a claim asks for in place of extended resources, and which container has what of it. */
export interface DevicesOfResources {
  readonly requests: DeviceRequest[];
  readonly mappings: ContainerExtendedResourceRequest[];
}

interface Asked {
  readonly request: DeviceRequest | undefined;
  readonly mappings: readonly ContainerExtendedResourceRequest[];
}

const countOf = (request: DeviceRequest | undefined) => request?.exactly?.count ?? 0;

/** What one container asks for of a resource, beside what it can have of others that start after it has ended. */
function ask(
  container: Container,
  index: number,
  resource: string,
  className: string,
  reusable: readonly (DeviceRequest | undefined)[],
): Asked {
  const asked = container.resources?.requests ?? {};
  const wanted = Number(asked[resource] ?? 0);
  const mappings: ContainerExtendedResourceRequest[] = [];
  if (!Number.isInteger(wanted) || wanted === 0) return { request: undefined, mappings };
  const has = (requestName: string) =>
    mappings.push({ containerName: container.name, resourceName: resource, requestName });
  let found = 0;
  for (const request of reusable) {
    if (request === undefined) continue;
    found += countOf(request);
    has(request.name);
    if (found >= wanted) return { request: undefined, mappings };
  }
  const name = `container-${index}-request-${Object.keys(asked).sort().indexOf(resource)}`;
  has(name);
  const exactly = { deviceClassName: className, allocationMode: 'ExactCount', count: wanted - found };
  return { request: { name, exactly }, mappings };
}

/**
 * Asks for the devices of extended resources. Containers that run on have devices of their own; those that end before the
 * others start share theirs, and have those of containers that come after them.
 */
export function devicesOf(
  pod: Pod,
  resources: Iterable<string>,
  classOf: (resource: string) => DeviceClass | undefined,
): DevicesOfResources {
  const inits = pod.spec?.initContainers ?? [];
  const containers = [...inits, ...(pod.spec?.containers ?? [])];
  const endsEarly = (index: number) => index < inits.length && containers[index]?.restartPolicy !== 'Always';
  const requests: DeviceRequest[] = [];
  const mappings: ContainerExtendedResourceRequest[] = [];
  for (const resource of [...resources].sort()) {
    const className = classOf(resource)?.metadata.name;
    if (className === undefined) continue;
    const lasting: (DeviceRequest | undefined)[] = containers.map((container, index) => {
      if (endsEarly(index)) return undefined;
      const { request, mappings: own } = ask(container, index, resource, className, []);
      mappings.push(...own);
      return request;
    });
    const early = containers.flatMap((container, index) =>
      endsEarly(index) ? [ask(container, index, resource, className, lasting.slice(index))] : [],
    );
    let greatest: DeviceRequest | undefined;
    for (const { request } of early) if (countOf(request) > countOf(greatest)) greatest = request;
    const own = new Set(early.flatMap(({ request }) => request?.name ?? []));
    for (const { mappings: of } of early)
      for (const mapping of of)
        mappings.push(
          greatest !== undefined && own.has(mapping.requestName)
            ? { ...mapping, requestName: greatest.name }
            : mapping,
        );
    for (const request of [greatest, ...lasting]) if (request !== undefined) requests.push(request);
  }
  requests.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return { requests, mappings };
}

/** What of a node's devices a resource stands for, as one attempt sees them. */
export type DeviceRating = (resource: string, node: NodeInfo) => DeviceTotals | undefined;

/** Devices as plugins see them that count resources. */
export interface DevicesAsResources {
  /** Whether a resource stands for devices of a class. */
  isDevices(resource: string): boolean;
  /** A look at the devices of all nodes. */
  rating(): DeviceRating;
}

export const noDevices: DevicesAsResources = { isDevices: () => false, rating: () => () => undefined };

export function devicesAsResources(
  listers: Pick<Listers, 'classOfResource' | 'resourceSlices'>,
  tracker: Pick<ClaimTracker, 'all'>,
  compileOnce: DeviceSelectorCompiler,
): DevicesAsResources {
  const compile = remembering(compileOnce);
  return {
    isDevices: (resource) => listers.classOfResource(resource) !== undefined,
    rating() {
      const slices = indexSlices(listers.resourceSlices());
      const held = allocatedDevices(tracker.all());
      return (resource, { node }) => {
        const found = listers.classOfResource(resource);
        return found && deviceTotals(node, found, slices, held, compile);
      };
    },
  };
}
