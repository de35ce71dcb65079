import type { KubeObject } from '@drydock/base/apimachinery';
import { cloneJson, isAlreadyExists, isConflict, isInvalid, isNotFound } from '@drydock/base/apimachinery';
import type { ResourceRef, Transport } from '@drydock/port/transport';
import type { Registry } from '../registry/index.ts';
import { defaultFlowSchemas, defaultPriorityLevels } from './default-flow-control.ts';

/** Where clients inside the cluster find the API server. */
export interface ServingAddress {
  /** An IP that is not a loopback address, as Endpoints demand. */
  readonly ip: string;
  readonly port: number;
}

/** Namespaces that every cluster has. */
export const systemNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'] as const;

const priorityClasses = [
  {
    name: 'system-cluster-critical',
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
  {
    name: 'system-node-critical',
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
];

/** True when the object is there, false when it is not, undefined when its kind is not served. */
async function exists(
  registry: Registry,
  transport: Transport,
  ref: ResourceRef,
): Promise<boolean | undefined> {
  if (registry.definition(ref.group, ref.version, ref.resource) === undefined) return undefined;
  try {
    await transport.get(ref);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Creates the object where it is not there. A Service could not just be tried: its own address would be taken. */
async function ensure(
  registry: Registry,
  transport: Transport,
  ref: ResourceRef,
  object: KubeObject,
): Promise<void> {
  const name = object.metadata.name ?? '';
  if ((await exists(registry, transport, { ...ref, name })) === false)
    await createUnlessThere(transport, ref, object);
}

export async function createUnlessThere(
  transport: Transport,
  ref: ResourceRef,
  object: KubeObject,
): Promise<void> {
  try {
    await transport.create(ref, object);
  } catch (error) {
    // Another server of the same cluster was faster.
    if (!isAlreadyExists(error)) throw error;
  }
}

const bootstrapAttempts = 20;

/**
 * Servers of one cluster that start at the same time make the same objects: where one was faster, the other looks again and
 * finds what is left to do. `step` must do nothing where nothing is left.
 */
export async function besideOthers(step: () => Promise<void>): Promise<void> {
  for (let left = bootstrapAttempts; ; left--) {
    try {
      return await step();
    } catch (error) {
      // Invalid: the address of the `kubernetes` Service is taken, by the one that the other has just made.
      const others = [isConflict, isAlreadyExists, isNotFound, isInvalid].some((is) => is(error));
      if (left <= 1 || !others) throw error;
    }
  }
}

/** Makes the namespaces that every cluster has, where they are not there. */
export async function bootstrapNamespaces(registry: Registry, transport: Transport): Promise<void> {
  for (const name of systemNamespaces) {
    await ensure(
      registry,
      transport,
      { group: '', version: 'v1', resource: 'namespaces' },
      { kind: 'Namespace', apiVersion: 'v1', metadata: { name } },
    );
  }
}

/** Makes what every cluster has, where it is not there yet: namespaces, the system's priority classes. */
export async function bootstrap(registry: Registry, transport: Transport): Promise<void> {
  await bootstrapNamespaces(registry, transport);
  for (const { name, value, description } of priorityClasses) {
    const object = {
      kind: 'PriorityClass',
      apiVersion: 'scheduling.k8s.io/v1',
      metadata: { name },
      value,
      description,
      preemptionPolicy: 'PreemptLowerPriority',
    };
    await ensure(
      registry,
      transport,
      { group: 'scheduling.k8s.io', version: 'v1', resource: 'priorityclasses' },
      object,
    );
  }
}

/** Makes the default priority levels and flow schemas, where they are not there yet. */
export async function bootstrapFlowControl(registry: Registry, transport: Transport): Promise<void> {
  const group = 'flowcontrol.apiserver.k8s.io';
  const make = (resource: string, objects: readonly KubeObject[]) =>
    objects.map((object) =>
      ensure(registry, transport, { group, version: 'v1', resource }, cloneJson(object)),
    );
  await Promise.all([
    ...make('prioritylevelconfigurations', defaultPriorityLevels),
    ...make('flowschemas', defaultFlowSchemas),
  ]);
}

/** Tells the range that Services get their addresses from. */
export async function bootstrapServiceRange(
  registry: Registry,
  transport: Transport,
  cidr: string,
): Promise<void> {
  const ref = { group: 'networking.k8s.io', version: 'v1', resource: 'servicecidrs' };
  const metadata = { name: 'kubernetes' };
  const type = { kind: 'ServiceCIDR', apiVersion: 'networking.k8s.io/v1' };
  const known = await exists(registry, transport, { ...ref, ...metadata });
  if (known !== false) return;
  await ensure(registry, transport, ref, { ...type, metadata, spec: { cidrs: [cidr] } } as KubeObject);
  const made = await transport.get({ ...ref, ...metadata });
  const ready = {
    type: 'Ready',
    status: 'True',
    lastTransitionTime: made.metadata.creationTimestamp,
    reason: '',
    message: 'Kubernetes default Service CIDR is ready',
  };
  await transport.update({ ...ref, ...metadata, subresource: 'status' }, {
    ...made,
    status: { conditions: [ready] },
  } as KubeObject);
}

/** Makes the `kubernetes` Service and, where the address is known, its Endpoints and EndpointSlice point at this server. */
export async function publishKubernetesService(
  registry: Registry,
  transport: Transport,
  clusterIp: string,
  address: ServingAddress | undefined,
): Promise<void> {
  const metadata = { name: 'kubernetes', namespace: 'default' };
  const labels = { component: 'apiserver', provider: 'kubernetes' };
  const service = {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: { ...metadata, labels },
    spec: {
      type: 'ClusterIP',
      clusterIP: clusterIp,
      clusterIPs: [clusterIp],
      ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: address?.port ?? 6443 }],
      sessionAffinity: 'None',
    },
  };
  const serviceRef = { group: '', version: 'v1', resource: 'services', namespace: metadata.namespace };
  if (address === undefined) {
    await ensure(registry, transport, serviceRef, service);
    return;
  }
  await put(registry, transport, { ...serviceRef, name: metadata.name }, service);
  const ports = [{ name: 'https', port: address.port, protocol: 'TCP' }];
  const endpoints = {
    kind: 'Endpoints',
    apiVersion: 'v1',
    metadata: { ...metadata, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: [{ ip: address.ip }], ports }],
  };
  await put(registry, transport, { group: '', version: 'v1', resource: 'endpoints', ...metadata }, endpoints);
  const slice = {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: address.ip.includes(':') ? 'IPv6' : 'IPv4',
    endpoints: [{ addresses: [address.ip], conditions: { ready: true } }],
    ports,
  };
  await put(
    registry,
    transport,
    { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices', ...metadata },
    slice,
  );
}

/** Creates the object, or brings an older one up to date. */
export async function put(
  registry: Registry,
  transport: Transport,
  ref: ResourceRef,
  object: KubeObject,
): Promise<void> {
  const collection: ResourceRef = { ...ref };
  delete collection.name;
  const there = await exists(registry, transport, ref);
  if (there === true) await transport.update(ref, object);
  else if (there === false) await transport.create(collection, object);
}
