import { joinKey } from '@drydock/base/apimachinery';
import type { Clock, Timer } from '@drydock/base/clock';
import type { Logger } from '@drydock/port/observability';
import type { Transport } from '@drydock/port/transport';
import type { Registry } from '../registry/index.ts';
import type { WatchCache } from '../watch-cache/index.ts';
import type { ServingAddress } from './bootstrap.ts';
import {
  besideOthers,
  bootstrapFlowControl,
  bootstrapNamespaces,
  bootstrapServiceRange,
  publishKubernetesService,
  systemNamespaces,
} from './bootstrap.ts';
import { defaultFlowSchemas, defaultPriorityLevels } from './default-flow-control.ts';

/** One object that every cluster has. */
export interface StandingObject {
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name: string;
}

/** Objects that belong together: all are looked for at once, and made again at once. */
export interface StandingObjects {
  /** Time between two looks. */
  readonly everyMs: number;
  /** Those that there should be now. */
  readonly objects: () => readonly StandingObject[];
  /** Makes those that are missing. Must do nothing to the others. */
  readonly make: () => Promise<void>;
}

export interface StandingObjectsDeps {
  readonly cache: WatchCache;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly kept: readonly StandingObjects[];
}

/** Makes again, as kube-apiserver's loops do, what every cluster has and somebody deleted. Returns its end. */
export function keepStanding({ cache, clock, logger, kept }: StandingObjectsDeps): () => Promise<void> {
  const loops = kept.map((standing) => {
    let timer: Timer;
    let stopped = false;
    let busy: Promise<void> = Promise.resolve();
    // The cache answers at once: nothing is asked while nothing is missing.
    const missing = (): boolean =>
      standing
        .objects()
        .some(
          ({ group, resource, namespace, name }) =>
            cache.peek({ group, resource }, joinKey(namespace, name)) === undefined,
        );
    const look = (): void => {
      if (stopped) return;
      if (missing())
        busy = standing
          .make()
          .catch((err: unknown) => logger.warn('what every cluster has could not be made again', { err }))
          .finally(next);
      else next();
    };
    const next = (): void => {
      if (!stopped) timer = clock.setTimeout(look, standing.everyMs);
    };
    next();
    return async () => {
      stopped = true;
      timer.cancel();
      await busy;
    };
  });
  return async () => {
    await Promise.all(loops.map((end) => end()));
  };
}

export interface ClusterObjectsOptions {
  readonly registry: Registry;
  readonly transport: Transport;
  /** Addresses of Services, and the first of them. */
  readonly serviceRange: string;
  readonly firstServiceIp: string;
  /** Where the server is reached, once that is known. */
  readonly address: () => ServingAddress | undefined;
}

/** Every so often, as kube-apiserver: its own Service and range, and what the system needs to work at all. */
const serviceMs = 10_000;
const systemMs = 60_000;

/** What every cluster has, and keeps. Default roles and priority classes are made at the start alone. */
export function clusterObjects(options: ClusterObjectsOptions): StandingObjects[] {
  const { registry, transport, serviceRange, firstServiceIp, address } = options;
  const served = (objects: StandingObject[]): StandingObject[] =>
    objects.filter(({ group, resource }) => registry.definition(group, 'v1', resource) !== undefined);
  const named = (group: string, resource: string, objects: readonly { metadata: { name?: string } }[]) =>
    objects.map(({ metadata: { name = '' } }) => ({ group, resource, name }));
  const kubernetes = { namespace: 'default', name: 'kubernetes' };
  const service = served([{ group: '', resource: 'services', ...kubernetes }]);
  const reached = served([
    { group: '', resource: 'endpoints', ...kubernetes },
    { group: 'discovery.k8s.io', resource: 'endpointslices', ...kubernetes },
  ]);
  const range = served([{ group: 'networking.k8s.io', resource: 'servicecidrs', name: 'kubernetes' }]);
  const namespaces = served(systemNamespaces.map((name) => ({ group: '', resource: 'namespaces', name })));
  const flow = 'flowcontrol.apiserver.k8s.io';
  const flowControl = served([
    ...named(flow, 'prioritylevelconfigurations', defaultPriorityLevels),
    ...named(flow, 'flowschemas', defaultFlowSchemas),
  ]);
  return [
    {
      everyMs: serviceMs,
      objects: () => (address() === undefined ? service : [...service, ...reached]),
      make: () =>
        besideOthers(() => publishKubernetesService(registry, transport, firstServiceIp, address())),
    },
    {
      everyMs: serviceMs,
      objects: () => range,
      make: () => besideOthers(() => bootstrapServiceRange(registry, transport, serviceRange)),
    },
    {
      everyMs: systemMs,
      objects: () => namespaces,
      make: () => besideOthers(() => bootstrapNamespaces(registry, transport)),
    },
    {
      everyMs: systemMs,
      objects: () => flowControl,
      make: () => besideOthers(() => bootstrapFlowControl(registry, transport)),
    },
  ];
}
