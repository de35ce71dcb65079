import type { IPAddress, ServiceCIDR } from '@drydock/api/networking/v1';
import { cidrContains, cidrsOverlap, parseCidr, parseIp, type Cidr } from '@drydock/base/apimachinery';

export const managedByLabel = 'ipaddress.kubernetes.io/managed-by';
export const allocatorName = 'ipallocator.k8s.io';

export function rangesOf({ spec }: ServiceCIDR): Cidr[] {
  return (spec?.cidrs ?? []).flatMap((text) => parseCidr(text) ?? []);
}

const isWithin = (inner: Cidr, outer: Cidr) =>
  outer.prefixLength <= inner.prefixLength && cidrsOverlap(outer, inner);

/** Whether two hold addresses in common. */
export function overlaps(a: ServiceCIDR, b: ServiceCIDR): boolean {
  return rangesOf(a).some((one) => rangesOf(b).some((other) => cidrsOverlap(one, other)));
}

/** Whether an address was given to a Service out of that range. */
export function holds(serviceCidr: ServiceCIDR, address: IPAddress): boolean {
  if (address.metadata.labels?.[managedByLabel] !== allocatorName) return false;
  const ip = parseIp(address.metadata.name ?? '');
  return ip !== undefined && rangesOf(serviceCidr).some((range) => cidrContains(range, ip));
}

/** Whether no address is left in no range when this one goes. `all` may hold it, too. */
export function mayGo(
  serviceCidr: ServiceCIDR,
  all: readonly ServiceCIDR[],
  addresses: readonly IPAddress[],
): boolean {
  const others = all.filter(({ metadata }) => metadata.name !== serviceCidr.metadata.name);
  const covered = rangesOf(serviceCidr).every((range) =>
    others.some((other) => rangesOf(other).some((outer) => isWithin(range, outer))),
  );
  if (covered) return true;
  return !addresses.some(
    (address) => holds(serviceCidr, address) && !others.some((other) => holds(other, address)),
  );
}
