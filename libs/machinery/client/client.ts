import {
  apiVersionOf,
  type KubeList,
  type KubeObject,
  type ResourceType,
  type Status,
} from '@drydock/base/apimachinery';
import type { ResourceRef, Transport, WatchEvent } from '@drydock/port/transport';
import type { Client, ResourceClient } from './types.ts';

export interface ClientOptions {
  /** Sent as `fieldManager` with every write that names none. Default: none. */
  fieldManager?: string;
}

/** Typed verbs over a transport. Holds no state: make as many as you like. */
export function createClient(transport: Transport, options: ClientOptions = {}): Client {
  return {
    resource: <T extends KubeObject>(type: ResourceType<T>) =>
      resourceClient(transport, options, type, undefined),
  };
}

function resourceClient<T extends KubeObject>(
  transport: Transport,
  clientOptions: ClientOptions,
  type: ResourceType<T>,
  namespace: string | undefined,
): ResourceClient<T> {
  const ref = (name?: string, subresource?: string, inNamespace = namespace): ResourceRef => {
    const made: ResourceRef = { group: type.group, version: type.version, resource: type.resource };
    if (type.namespaced && inNamespace) made.namespace = inNamespace;
    if (name !== undefined) made.name = name;
    if (subresource !== undefined) made.subresource = subresource;
    return made;
  };
  const refOf = (object: KubeObject, subresource?: string) =>
    ref(object.metadata.name ?? '', subresource, namespace ?? object.metadata.namespace);
  const managed = <O extends { fieldManager?: string }>(given: O | undefined): O | undefined =>
    clientOptions.fieldManager === undefined || given?.fieldManager !== undefined
      ? given
      : ({ ...given, fieldManager: clientOptions.fieldManager } as O);
  const typed = (object: T): T =>
    object.kind && object.apiVersion
      ? object
      : { ...object, apiVersion: apiVersionOf(type.group, type.version), kind: type.kind };

  return {
    namespace: (inNamespace) => resourceClient(transport, clientOptions, type, inNamespace),
    get: (name, options) => transport.get(ref(name), options) as Promise<T>,
    list: (options) => transport.list(ref(), options) as Promise<KubeList<T>>,
    create: (object, options) =>
      transport.create(
        ref(undefined, undefined, namespace ?? object.metadata.namespace),
        typed(object),
        managed(options),
      ) as Promise<T>,
    update: (object, options) =>
      transport.update(refOf(object), typed(object), managed(options)) as Promise<T>,
    updateStatus: (object, options) =>
      transport.update(refOf(object, 'status'), typed(object), managed(options)) as Promise<T>,
    patch: (name, patch, options = {}) => {
      const { subresource, ...rest } = options;
      return transport.patch(ref(name, subresource), patch, managed(rest)) as Promise<T>;
    },
    delete: (name, options) => transport.delete(ref(name), options) as Promise<T | Status>,
    deleteCollection: (options, list) =>
      transport.deleteCollection(ref(), options, list) as Promise<KubeList<T> | Status>,
    watch: (options, signal) =>
      transport.watch(ref(), options, signal) as AsyncIterable<readonly WatchEvent<T>[]>,
    createSubresource: (name, subresource, object, options) =>
      transport.create(ref(name, subresource), object, managed(options)),
    getSubresource: (name, subresource, options) => transport.get(ref(name, subresource), options),
    updateSubresource: (name, subresource, object, options) =>
      transport.update(ref(name, subresource), object, managed(options)),
  };
}
