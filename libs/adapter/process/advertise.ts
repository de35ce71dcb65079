import { networkInterfaces } from 'node:os';

/** The address under which others reach what listens on `bindAddress`: itself, or the machine's first one for the wildcards. */
export function advertisedHost(bindAddress: string): string {
  if (bindAddress !== '0.0.0.0' && bindAddress !== '::') return bindAddress;
  const found = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && (family === 'IPv4' || bindAddress === '::'));
  return (found.find(({ family }) => family === 'IPv4') ?? found[0])?.address ?? '127.0.0.1';
}

/**
 * Stands for this machine in the addresses of Services: Kubernetes allows no loopback address there. The simulated nodes'
 * network has its gateway here.
 */
export const gatewayIp = '172.18.0.1';

const loopback = /^(127\.|::1$|localhost$)/;

/** The address of what listens on `bindAddress`, as an EndpointSlice may name it. */
export function endpointAddress(bindAddress: string): string {
  return loopback.test(bindAddress) ? gatewayIp : advertisedHost(bindAddress);
}

/** What `endpointAddress` means to a process of the same machine; nothing where processes have machines of their own. */
export function hostAliases(bindAddress: string): Readonly<Record<string, string>> {
  return loopback.test(bindAddress) ? { [gatewayIp]: '127.0.0.1' } : {};
}
