import { lookup } from 'node:dns/promises';
import type { UpstreamPlace } from './upstream-prober.ts';

export interface NamedPlacesOptions {
  /** Host names or addresses, and ports. */
  readonly places: readonly UpstreamPlace[];
  /** How often names are looked up. Default 1,000. */
  readonly everyMs?: number;
  /** All addresses of a name. Default: those that the system knows. */
  readonly addressesOf?: (host: string) => Promise<readonly string[]>;
}

/** Of one family: a name that stands for one machine often has an address of each. */
async function systemAddresses(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return found.filter(({ family }) => family === found[0]?.family).map(({ address }) => address);
}

/**
 * Several servers behind one name (`docker-compose up --scale`, headless Services) as places of their own, so that each is tried and
 * probed. A name of one address stays a name, looked up with each new connection.
 */
export function createNamedPlaces(options: NamedPlacesOptions) {
  const { places: named, everyMs = 1_000, addressesOf = systemAddresses } = options;
  let places = named;
  let busy = false;

  async function expand(place: UpstreamPlace): Promise<readonly UpstreamPlace[]> {
    const addresses = await addressesOf(place.host).catch(() => []);
    if (addresses.length < 2) return [place];
    // In an order that stays, whichever the name server answers in.
    return addresses.toSorted().map((host) => ({ ...place, host, serverName: place.host }));
  }
  async function refresh(): Promise<void> {
    if (busy) return;
    busy = true;
    places = (await Promise.all(named.map(expand))).flat();
    busy = false;
  }
  const timer = setInterval(() => void refresh(), everyMs).unref();
  void refresh();

  return {
    places: (): readonly UpstreamPlace[] => places,
    close: () => clearInterval(timer),
  };
}
