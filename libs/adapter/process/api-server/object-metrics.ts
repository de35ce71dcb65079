import type { Metrics } from '@drydock/port/observability';
import type { ApiServerCore } from '@drydock/server/core';

/** Exposes how many objects of each resource there are, by kube-apiserver's names. */
export function exposeObjectCounts({ cache, registry }: ApiServerCore, metrics: Metrics): void {
  const stored = () =>
    registry.definitions().filter(({ storedAs, verbs }) => storedAs === undefined && verbs === undefined);
  metrics.gauge({
    name: 'apiserver_resource_objects',
    help: 'Number of stored objects, by group and resource.',
    labels: ['group', 'resource'],
    collect(gauge) {
      for (const { group, resource } of stored())
        gauge.set(cache.count({ group, resource }), [group, resource]);
    },
  });
  metrics.gauge({
    name: 'apiserver_storage_objects',
    help: 'Number of stored objects, by resource and group.',
    labels: ['resource'],
    collect(gauge) {
      for (const { group, resource } of stored())
        gauge.set(cache.count({ group, resource }), [group === '' ? resource : `${resource}.${group}`]);
    },
  });
}
