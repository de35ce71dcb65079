import { lookup } from 'node:dns/promises';
import { experimental, Metadata, status as Code } from '@grpc/grpc-js';

type Listener = experimental.ResolverListener;
type Endpoints = experimental.Endpoint[];

const scheme = 'drydock-hosts';
/** Names are looked up at most this often, however fast the connections fail. */
const MIN_LOOKUP_MS = 500;

async function addressesOf(hostPort: string): Promise<Endpoints> {
  const parsed = experimental.splitHostPort(hostPort);
  if (parsed?.port === undefined) throw new Error(`${hostPort} is not host:port`);
  const { port } = parsed;
  const found = await lookup(parsed.host, { all: true });
  return found.map(({ address }) => ({ addresses: [{ host: address, port }] }));
}

/**
 * Several servers of the same service, each by its name or address: looked up anew whenever the connection is lost, since a
 * server that was started again may have another address. Each client begins at another one, and keeps the one it has.
 */
class HostsResolver implements experimental.Resolver {
  readonly #hosts: readonly string[];
  readonly #listener: Listener;
  readonly #first: number;
  #timer: NodeJS.Timeout | undefined;
  #lookedUpAt = -Infinity;

  constructor(target: experimental.GrpcUri, listener: Listener) {
    this.#hosts = target.path.split(',');
    this.#listener = listener;
    this.#first = Math.floor(Math.random() * this.#hosts.length);
  }

  updateResolution(): void {
    if (this.#timer !== undefined) return;
    const waitMs = Math.max(0, this.#lookedUpAt + MIN_LOOKUP_MS - performance.now());
    this.#timer = setTimeout(() => void this.#lookUp(), waitMs);
  }

  async #lookUp(): Promise<void> {
    const timer = this.#timer;
    this.#lookedUpAt = performance.now();
    const order = [...this.#hosts.slice(this.#first), ...this.#hosts.slice(0, this.#first)];
    const found = await Promise.allSettled(order.map(addressesOf));
    // Destroyed meanwhile, or begun anew.
    if (this.#timer !== timer) return;
    this.#timer = undefined;
    const endpoints = found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    const failure = found.find((one) => one.status === 'rejected');
    const result =
      endpoints.length > 0
        ? experimental.statusOrFromValue(endpoints)
        : experimental.statusOrFromError<Endpoints>({
            code: Code.UNAVAILABLE,
            details: `none of ${this.#hosts.join(', ')} has an address: ${String(failure?.reason)}`,
            metadata: new Metadata(),
          });
    this.#listener(result, {}, null, '');
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  static getDefaultAuthority(target: experimental.GrpcUri): string {
    return target.path.split(',')[0] ?? '';
  }
}

let registered = false;

/** The gRPC target of these servers (`host:port` each, or one gRPC name). */
export function targetOf(address: string | readonly string[]): string {
  if (typeof address === 'string') return address;
  const [only] = address;
  if (address.length === 1 && only !== undefined) return only;
  if (!registered) experimental.registerResolver(scheme, HostsResolver);
  registered = true;
  return `${scheme}:${address.join(',')}`;
}
