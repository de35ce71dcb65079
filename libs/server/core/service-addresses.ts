import type { Service } from '@drydock/api/core/v1';
import type { IPAddress } from '@drydock/api/networking/v1';
import { isAlreadyExists, isNotFound, type KubeObject } from '@drydock/base/apimachinery';
import type { Logger } from '@drydock/port/observability';
import type { Transport } from '@drydock/port/transport';
import type { WatchCache } from '../watch-cache/index.ts';

const services = { group: '', resource: 'services' };
const addresses = { group: 'networking.k8s.io', version: 'v1', resource: 'ipaddresses' };
const managedBy = 'ipaddress.kubernetes.io/managed-by';
const allocator = 'ipallocator.k8s.io';

export interface ServiceAddressesDeps {
  readonly cache: WatchCache;
  readonly transport: Transport;
  readonly logger: Logger;
}

function addressesOf(service: Service | undefined): string[] {
  const { type, clusterIPs, clusterIP } = service?.spec ?? {};
  if (type === 'ExternalName') return [];
  return (clusterIPs ?? [clusterIP ?? '']).filter((one) => one !== '' && one !== 'None');
}

function addressObject(address: string, { metadata }: Service): KubeObject {
  const { name, namespace } = metadata;
  return {
    kind: 'IPAddress',
    apiVersion: 'networking.k8s.io/v1',
    metadata: {
      name: address,
      labels: {
        'ipaddress.kubernetes.io/ip-family': address.includes(':') ? 'IPv6' : 'IPv4',
        [managedBy]: allocator,
      },
    },
    spec: { parentRef: { resource: 'services', namespace, name } },
  } as KubeObject;
}

/** Keeps an IPAddress for each address that a Service has (KEP-1880). Returns its end. */
export function followServiceAddresses({
  cache,
  transport,
  logger,
}: ServiceAddressesDeps): () => Promise<void> {
  /** One after the other for each address: it may go from one Service to another. */
  const queues = new Map<string, Promise<void>>();

  const wanted = new Map<string, Service>();

  async function find(address: string): Promise<IPAddress | undefined> {
    try {
      return (await transport.get({ ...addresses, name: address })) as unknown as IPAddress;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async function settle(address: string): Promise<void> {
    const service = wanted.get(address);
    const present = await find(address);
    const { name, namespace } = present?.spec?.parentRef ?? {};
    const right = name === service?.metadata.name && namespace === service?.metadata.namespace;
    if (service !== undefined && present !== undefined && right) return;
    if (present !== undefined) {
      // What others noted down is theirs.
      if (present.metadata.labels?.[managedBy] !== allocator) return;
      await transport.delete({ ...addresses, name: address }, {});
    }
    if (service !== undefined) await transport.create(addresses, addressObject(address, service));
  }

  function enqueue(address: string): void {
    const before = queues.get(address) ?? Promise.resolve();
    const mine = before
      .then(() => settle(address))
      .catch((err: unknown) => {
        if (!isNotFound(err) && !isAlreadyExists(err))
          logger.warn('the address of a service could not be noted', { address, err });
      })
      .finally(() => {
        if (queues.get(address) === mine) queues.delete(address);
      });
    queues.set(address, mine);
  }

  for (const { object } of cache.items(services))
    for (const address of addressesOf(object as Service)) wanted.set(address, object as Service);
  for (const address of wanted.keys()) enqueue(address);
  for (const { object } of cache.items(addresses)) {
    const { name = '' } = object.metadata;
    if (!wanted.has(name)) enqueue(name);
  }
  const unfollow = cache.onChange(services, ({ current, previous }) => {
    const now = addressesOf(current?.object as Service | undefined);
    const before = addressesOf(previous?.object as Service | undefined);
    for (const address of now) {
      if (before.includes(address)) continue;
      wanted.set(address, current!.object as Service);
      enqueue(address);
    }
    for (const address of before) {
      if (now.includes(address)) continue;
      wanted.delete(address);
      enqueue(address);
    }
  });
  return async () => {
    unfollow();
    await Promise.all(queues.values());
  };
}
