import { networkInterfaces } from 'node:os';

/** The address under which others reach what listens on `bindAddress`: itself, or the machine's first one for the wildcards. */
export function advertisedHost(bindAddress: string): string {
  if (bindAddress !== '0.0.0.0' && bindAddress !== '::') return bindAddress;
  const found = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && (family === 'IPv4' || bindAddress === '::'));
  return (found.find(({ family }) => family === 'IPv4') ?? found[0])?.address ?? '127.0.0.1';
}
