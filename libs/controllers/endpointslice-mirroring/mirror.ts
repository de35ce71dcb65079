import type { EndpointAddress, EndpointPort as CorePort, Endpoints, Service } from '@drydock/api/core/v1';
import type { Endpoint, EndpointPort, EndpointSlice } from '@drydock/api/discovery/v1';
import { deepEqual, isIp, isIpv6 } from '@drydock/base/apimachinery';

export const managedBy = 'endpointslicemirroring-controller.k8s.io';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const serviceNameLabel = 'kubernetes.io/service-name';
const skipLabel = 'endpointslice.kubernetes.io/skip-mirror';
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
/** Not the Endpoints' to hand on. */
const ownAnnotations = [
  'endpoints.kubernetes.io/last-change-trigger-time',
  'kubectl.kubernetes.io/last-applied-configuration',
];
/** `--mirroring-max-endpoints-per-subset` */
export const maxPerSubset = 1000;

/** Whether slices are made from an Endpoints: somebody wrote it by hand for a Service without a selector. */
export function shouldMirror(endpoints: Endpoints | undefined, service: Service | undefined): boolean {
  if (endpoints === undefined || service === undefined || endpoints.metadata.deletionTimestamp) return false;
  const { labels, annotations } = endpoints.metadata;
  if (labels?.[skipLabel] === 'true' || annotations?.[leaderAnnotation] !== undefined) return false;
  return service.spec?.selector === undefined;
}

export interface MirroredSlice {
  readonly addressType: 'IPv4' | 'IPv6';
  readonly ports: EndpointPort[];
  readonly endpoints: Endpoint[];
}

function portOf({ name, port, protocol, appProtocol }: CorePort): EndpointPort {
  return {
    name: name ?? '',
    port,
    protocol: protocol ?? 'TCP',
    ...(appProtocol === undefined ? {} : { appProtocol }),
  };
}

function endpointOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    ...(targetRef === undefined ? {} : { targetRef }),
  };
}

export interface Mirrored {
  readonly slices: readonly MirroredSlice[];
  /** Addresses that are no IPs. */
  readonly invalid: number;
  /** Addresses that are not mirrored, for whatever reason. */
  readonly skipped: number;
}

/** What tells endpoints apart: of several with the same name and address the last one counts. */
function endpointKey({ addresses, hostname, targetRef }: Endpoint): string {
  return JSON.stringify([addresses, hostname, targetRef?.namespace, targetRef?.name]);
}

/** The slices that an Endpoints stands for: one for each set of ports and address family. */
export function mirroredSlices(endpoints: Endpoints): Mirrored {
  const slices = new Map<string, Omit<MirroredSlice, 'endpoints'> & { endpoints: Map<string, Endpoint> }>();
  let [invalid, skipped] = [0, 0];
  for (const subset of endpoints.subsets ?? []) {
    const ports = (subset.ports ?? []).map(portOf);
    const key = ports
      .map((port) => JSON.stringify(port))
      .sort()
      .join();
    const all = [
      ...(subset.addresses ?? []).map((address) => ({ address, ready: true })),
      ...(subset.notReadyAddresses ?? []).map((address) => ({ address, ready: false })),
    ];
    let taken = 0;
    for (const { address, ready } of all) {
      if (taken >= maxPerSubset) break;
      if (!isIp(address.ip)) {
        invalid++;
        continue;
      }
      taken++;
      const addressType = isIpv6(address.ip) ? 'IPv6' : 'IPv4';
      const id = `${addressType} ${key}`;
      const slice = slices.get(id) ?? { addressType, ports, endpoints: new Map<string, Endpoint>() };
      slices.set(id, slice);
      const endpoint = endpointOf(address, ready);
      slice.endpoints.set(endpointKey(endpoint), endpoint);
    }
    skipped += all.length - taken;
  }
  return {
    slices: [...slices.values()].map((slice) => ({ ...slice, endpoints: [...slice.endpoints.values()] })),
    invalid,
    skipped,
  };
}

/** Labels and annotations of the slices of an Endpoints. */
export function sliceMetadata({ metadata }: Endpoints): {
  labels: Record<string, string>;
  annotations: Record<string, string>;
} {
  const annotations = Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([name]) => !ownAnnotations.includes(name)),
  );
  const labels = {
    ...metadata.labels,
    [serviceNameLabel]: metadata.name ?? '',
    [managedByLabel]: managedBy,
  };
  return { labels, annotations };
}

export interface MirrorPlan {
  readonly write: readonly { readonly existing: EndpointSlice | undefined; readonly slice: MirroredSlice }[];
  readonly remove: readonly EndpointSlice[];
}

const sorted = (list: readonly unknown[] | undefined) =>
  (list ?? []).map((one) => JSON.stringify(one)).sort();

/** How the present slices become those wanted: of the same family and ports first, else any of the family. */
export function planMirror(
  wanted: readonly MirroredSlice[],
  present: readonly EndpointSlice[],
  metadata: ReturnType<typeof sliceMetadata>,
): MirrorPlan {
  const spare = [...present];
  const take = (fits: (slice: EndpointSlice) => boolean): EndpointSlice | undefined => {
    const index = spare.findIndex(fits);
    return index < 0 ? undefined : spare.splice(index, 1)[0];
  };
  const samePorts = wanted.map((slice) =>
    take((one) => one.addressType === slice.addressType && deepEqual(sorted(one.ports), sorted(slice.ports))),
  );
  const pairs = wanted.map((slice, index) => ({
    slice,
    existing: samePorts[index] ?? take((one) => one.addressType === slice.addressType),
  }));
  const isRight = ({ slice, existing }: (typeof pairs)[number]) =>
    existing !== undefined &&
    deepEqual(sorted(existing.ports), sorted(slice.ports)) &&
    deepEqual(sorted(existing.endpoints), sorted(slice.endpoints)) &&
    deepEqual(existing.metadata.labels ?? {}, metadata.labels) &&
    deepEqual(existing.metadata.annotations ?? {}, metadata.annotations);
  return { write: pairs.filter((pair) => !isRight(pair)), remove: spare };
}
