import type { Service, ServiceSpec } from '@drydock/api/core/v1';
import type { ServiceCIDR } from '@drydock/api/networking/v1';
import type { Cidr, FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  apiVersionOf,
  fieldPath,
  formatCidr,
  formatIp,
  internalError,
  invalid,
  invalidValue,
  ipAt,
  parseCidr,
  validateIp,
} from '@drydock/base/apimachinery';
import type { Random } from '@drydock/base/clock';
import type { WatchCache } from '../watch-cache/index.ts';
import type { NumberClaims } from './number-claims.ts';
import { NumberPool } from './number-pool.ts';
import { offeredRanges, ServiceAddressPool } from './service-addresses.ts';
import type { AdmissionPlugin, AdmissionRequest } from './types.ts';

export interface ServiceIpOptions {
  /** Addresses of Services, IPv4. Default 10.96.0.0/12. */
  readonly serviceCidr?: string;
  /** Default 30000–32767. */
  readonly nodePorts?: { readonly first: number; readonly last: number };
  readonly random: Random;
  /** Of servers that share a store. Default: this one is alone. */
  readonly claims?: NumberClaims | undefined;
}

export interface ServiceIp extends AdmissionPlugin {
  /** The first address of the range: that of the `kubernetes` Service. */
  readonly firstIp: string;
  /** The whole range, as a CIDR. */
  readonly range: string;
  /** Takes the books from the cache and keeps them up to date. To be called once the cache has started. */
  follow(cache: WatchCache): () => void;
}

const services = { group: '', resource: 'services' };
const serviceKind = { group: '', kind: 'Service' };
const specPath = fieldPath('spec');
const ranges = { group: 'networking.k8s.io', resource: 'servicecidrs' };

/** What is handed out once: node ports and addresses. */
interface Pool<T> {
  isHeld(item: T): boolean;
  reserve(item: T): boolean;
  reserveAny(): T | undefined;
  release(item: T): void;
}

/** Gives Services their cluster IPs and node ports, each to one Service only, and takes them back. */
export function serviceIp(options: ServiceIpOptions): ServiceIp {
  const { first: firstPort, last: lastPort } = options.nodePorts ?? { first: 30_000, last: 32_767 };
  const cidr = requireCidr(options.serviceCidr ?? '10.96.0.0/12');
  const ips = new ServiceAddressPool(cidr, options.random);
  const portCount = lastPort - firstPort + 1;
  const ports = new NumberPool(
    firstPort,
    portCount,
    Math.min(Math.max(16, Math.floor(portCount / 32)), 128),
    options.random,
  );

  function book(service: Service | undefined, enter: boolean): void {
    for (const address of addressesOf(service?.spec)) ips[enter ? 'hold' : 'drop'](address);
    for (const port of nodePortsOf(service?.spec)) ports[enter ? 'hold' : 'drop'](port);
  }

  function refuse(request: AdmissionRequest, error: FieldError): never {
    throw invalid(serviceKind, request.object.metadata.name ?? '', [error]);
  }

  /** Reserves this very one, here and beside other servers; false when it is taken. */
  async function take<T extends number | string>(
    request: AdmissionRequest,
    pool: Pool<T>,
    kind: string,
    item: T,
  ): Promise<boolean> {
    if (!pool.reserve(item)) return false;
    return settle(request, pool, kind, item, true);
  }

  /** Reserves any that is free; undefined when there is none. */
  async function give<T extends number | string>(
    request: AdmissionRequest,
    pool: Pool<T>,
    kind: string,
  ): Promise<T | undefined> {
    for (;;) {
      const item = pool.reserveAny();
      if (item === undefined || (await settle(request, pool, kind, item, false))) return item;
    }
  }

  async function settle<T extends number | string>(
    request: AdmissionRequest,
    pool: Pool<T>,
    kind: string,
    item: T,
    wait: boolean,
  ): Promise<boolean> {
    const { claims } = options;
    const name = `${kind}-${item}`;
    try {
      if (claims !== undefined && !(await claims.claim(name, wait, () => pool.isHeld(item)))) {
        pool.release(item);
        return false;
      }
    } catch (error) {
      pool.release(item);
      throw error;
    }
    request.onSettled((committed) => {
      pool.release(item);
      claims?.release(name, committed);
    });
    // Another server's write may have become known while this one asked.
    return !pool.isHeld(item);
  }

  async function takeIp(request: AdmissionRequest, address: string): Promise<void> {
    const bad = (why: string): never =>
      refuse(
        request,
        invalidValue(specPath.child('clusterIPs'), [address], `failed to allocate IP ${address}: ${why}`),
      );
    if (!ips.contains(address)) {
      return bad(
        `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${formatCidr(cidr)}`,
      );
    }
    if (!(await take(request, ips, 'service-ip', address))) bad('provided IP is already allocated');
  }

  async function giveIp(request: AdmissionRequest): Promise<string> {
    const address = await give(request, ips, 'service-ip');
    if (address === undefined) {
      throw internalError(new Error('failed to allocate a serviceIP: range is full'));
    }
    return address;
  }

  async function takePort(request: AdmissionRequest, port: number, where: FieldPath): Promise<void> {
    if (!ports.contains(port)) {
      refuse(
        request,
        invalidValue(
          where,
          port,
          `provided port is not in the valid range. The range of valid ports is ${firstPort}-${lastPort}`,
        ),
      );
    }
    if (!(await take(request, ports, 'node-port', port)))
      refuse(request, invalidValue(where, port, 'provided port is already allocated'));
  }

  async function givePort(request: AdmissionRequest): Promise<number> {
    const port = await give(request, ports, 'node-port');
    if (port === undefined) throw internalError(new Error('failed to allocate a nodePort: range is full'));
    return port;
  }

  async function admitIps(
    request: AdmissionRequest,
    spec: ServiceSpec,
    old: ServiceSpec | undefined,
  ): Promise<void> {
    if (spec.type === 'ExternalName') {
      dropAddresses(spec, old);
      return;
    }
    const asked = spec.clusterIP || spec.clusterIPs?.[0] || '';
    if (asked === 'None') {
      spec.clusterIP = 'None';
      spec.clusterIPs ??= ['None'];
    } else if (asked !== '') {
      spec.clusterIP = asked;
      if (spec.clusterIPs === undefined || spec.clusterIPs.length === 0) spec.clusterIPs = [asked];
      if (!addressesOf(old).includes(asked)) {
        for (const message of validateIp(asked))
          refuse(request, invalidValue(specPath.child('clusterIPs').index(0), asked, message));
        await takeIp(request, asked);
      }
    } else {
      const given = await giveIp(request);
      spec.clusterIP = given;
      spec.clusterIPs = [given];
    }
    const wild = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
    spec.ipFamilyPolicy ??= wild ? 'RequireDualStack' : 'SingleStack';
    if (spec.ipFamilies === undefined || spec.ipFamilies.length === 0) {
      spec.ipFamilies = wild && spec.ipFamilyPolicy === 'RequireDualStack' ? ['IPv4', 'IPv6'] : ['IPv4'];
    }
  }

  async function admitPorts(
    request: AdmissionRequest,
    spec: ServiceSpec,
    old: ServiceSpec | undefined,
  ): Promise<void> {
    const before = new Set(nodePortsOf(old));
    const wants = wantsNodePorts(spec);
    /** Taken for this Service in this request: one number may serve several protocols. */
    const mine = new Set<number>();
    for (const [index, port] of (spec.ports ?? []).entries()) {
      const asked = port.nodePort ?? 0;
      if (asked === 0 || before.has(asked) || mine.has(asked)) continue;
      await takePort(request, asked, specPath.child('ports').index(index).child('nodePort'));
      mine.add(asked);
    }
    if (wants) {
      for (const port of spec.ports ?? []) {
        if (port.nodePort) continue;
        const sibling = spec.ports!.find(
          (other) => other !== port && other.port === port.port && other.nodePort,
        );
        port.nodePort = sibling?.nodePort ?? (await givePort(request));
      }
    }
    if (!needsHealthCheckPort(spec)) return;
    if (!spec.healthCheckNodePort)
      spec.healthCheckNodePort = old?.healthCheckNodePort || (await givePort(request));
    else if (!before.has(spec.healthCheckNodePort)) {
      await takePort(request, spec.healthCheckNodePort, specPath.child('healthCheckNodePort'));
    }
  }

  return {
    name: 'ServiceIP',
    settles: true,
    firstIp: formatIp(ipAt(cidr, 1)!),
    range: formatCidr(cidr),
    handles: (definition, subresource, operation) =>
      apiVersionOf(definition.group, definition.version) === 'v1' &&
      definition.resource === 'services' &&
      subresource === '' &&
      operation !== 'DELETE',
    async admit(request) {
      const { spec } = request.object as Service;
      if (spec === undefined) return;
      const old = (request.old as Service | undefined)?.spec;
      await admitIps(request, spec, old);
      await admitPorts(request, spec, old);
    },
    follow(cache) {
      for (const item of cache.items(services)) book(item.object as Service, true);
      const offer = () =>
        ips.setMore(
          [...cache.items(ranges)].flatMap(({ object }) => offeredRanges(object as ServiceCIDR, cidr.family)),
        );
      offer();
      const stops = [
        cache.onChange(services, ({ current, previous }) => {
          book(current?.object as Service | undefined, true);
          book(previous?.object as Service | undefined, false);
        }),
        cache.onChange(ranges, offer),
      ];
      return () => stops.forEach((stop) => stop());
    },
  };
}

function requireCidr(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new TypeError(`service CIDR ${JSON.stringify(text)} is not an address range`);
  return cidr;
}

function addressesOf(spec: ServiceSpec | undefined): string[] {
  if (spec === undefined || spec.type === 'ExternalName') return [];
  const all = spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP ?? ''];
  return all.filter((address) => address !== '' && address !== 'None');
}

function nodePortsOf(spec: ServiceSpec | undefined): number[] {
  const all = (spec?.ports ?? []).map((port) => port.nodePort ?? 0);
  all.push(spec?.healthCheckNodePort ?? 0);
  return [...new Set(all.filter((port) => port !== 0))];
}

function wantsNodePorts({ type, allocateLoadBalancerNodePorts }: ServiceSpec): boolean {
  return type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false);
}

function needsHealthCheckPort({ type, externalTrafficPolicy }: ServiceSpec): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local';
}

/** A Service that becomes an ExternalName gives up the addresses it was given, unless its author insists. */
function dropAddresses(spec: ServiceSpec, old: ServiceSpec | undefined): void {
  if (old === undefined || old.type === 'ExternalName') return;
  if (spec.clusterIP === old.clusterIP) delete spec.clusterIP;
  delete spec.clusterIPs;
  delete spec.ipFamilies;
  delete spec.ipFamilyPolicy;
}
