import type { EndpointSlice } from '@drydock/api/discovery/v1';
import type { Service } from '@drydock/api/core/v1';
import type { ServiceResolver } from '@drydock/port/webhook';
import type { KubeObject } from '@drydock/base/apimachinery';

/** Whoever knows the cluster's objects: the watch cache, or informers. */
export interface ObjectSource {
  peek(
    ref: { readonly group: string; readonly resource: string },
    key: string,
  ): { readonly object: KubeObject } | undefined;
  items(
    ref: { readonly group: string; readonly resource: string },
    namespace?: string,
  ): readonly { readonly object: KubeObject }[];
}

/**
 * Finds where Services are served, for webhooks: the external name, or the first ready address of an EndpointSlice.
 * A slice made by hand for a Service without a selector leads to a webhook outside the cluster, e.g. on this machine.
 */
export function createServiceResolver(cache: () => ObjectSource): ServiceResolver {
  return (namespace, name, port) => {
    const service = cache().peek({ group: '', resource: 'services' }, `${namespace}/${name}`)?.object as
      | Service
      | undefined;
    if (service?.spec === undefined) return undefined;
    if (service.spec.type === 'ExternalName') return { host: service.spec.externalName ?? '', port };
    const declared = service.spec.ports?.find((one) => one.port === port);
    if (declared === undefined) return undefined;
    for (const { object } of cache().items(
      { group: 'discovery.k8s.io', resource: 'endpointslices' },
      namespace,
    )) {
      const slice = object as EndpointSlice;
      if (slice.metadata.labels?.['kubernetes.io/service-name'] !== name) continue;
      const target = slice.ports?.find((one) => (one.name ?? '') === (declared.name ?? ''));
      const address = slice.endpoints?.find((one) => one.conditions?.ready !== false)?.addresses?.[0];
      if (target?.port !== undefined && address !== undefined) return { host: address, port: target.port };
    }
    return undefined;
  };
}
