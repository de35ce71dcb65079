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

/** Objects that belong together: all that are missing are made again at once. */
export interface StandingObjects {
  /** Of what resources they are. */
  readonly resources: readonly { readonly group: string; readonly resource: string }[];
  /** Time from the loss of one to its return. */
  readonly afterMs: number;
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

/**
 * Makes again, as kube-apiserver's loops do, what every cluster has and somebody deleted; nothing runs while nothing is
 * missing. Returns its end.
 */
export function keepStanding({ cache, clock, logger, kept }: StandingObjectsDeps): () => Promise<void> {
  const loops = kept.map((standing) => {
    let timer: Timer | undefined;
    let stopped = false;
    let busy: Promise<void> | undefined;
    const missing = (): boolean =>
      standing
        .objects()
        .some(
          ({ group, resource, namespace, name }) =>
            cache.peek({ group, resource }, joinKey(namespace, name)) === undefined,
        );
    const look = (): void => {
      if (stopped || timer !== undefined || busy !== undefined || !missing()) return;
      timer = clock.setTimeout(() => {
        timer = undefined;
        busy = standing
          .make()
          .catch((err: unknown) => logger.warn('what every cluster has could not be made again', { err }))
          .finally(() => {
            busy = undefined;
            look();
          });
      }, standing.afterMs);
    };
    const unfollow = standing.resources.map((resource) => cache.onChange(resource, look));
    look();
    return async () => {
      stopped = true;
      for (const end of unfollow) end();
      timer?.cancel();
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

/** How often kube-apiserver looks after its own Service and range, and after what the system needs to work at all. */
const serviceMs = 10_000;
const systemMs = 60_000;

function kindsOf(objects: readonly StandingObject[]): { group: string; resource: string }[] {
  const kinds = new Map(objects.map(({ group, resource }) => [`${group}/${resource}`, { group, resource }]));
  return [...kinds.values()];
}

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
      resources: kindsOf([...service, ...reached]),
      afterMs: serviceMs,
      objects: () => (address() === undefined ? service : [...service, ...reached]),
      make: () =>
        besideOthers(() => publishKubernetesService(registry, transport, firstServiceIp, address())),
    },
    {
      resources: kindsOf(range),
      afterMs: serviceMs,
      objects: () => range,
      make: () => besideOthers(() => bootstrapServiceRange(registry, transport, serviceRange)),
    },
    {
      resources: kindsOf(namespaces),
      afterMs: systemMs,
      objects: () => namespaces,
      make: () => besideOthers(() => bootstrapNamespaces(registry, transport)),
    },
    {
      resources: kindsOf(flowControl),
      afterMs: systemMs,
      objects: () => flowControl,
      make: () => besideOthers(() => bootstrapFlowControl(registry, transport)),
    },
  ];
}
