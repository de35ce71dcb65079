import { ConfigMap, Secret } from '@drydock/api/core/v1';
import { ResourceClaim } from '@drydock/api/resource/v1';
import { isNotFound } from '@drydock/base/apimachinery';
import type { Client } from '@drydock/machinery/client';
import { missingObject, type Reference } from '../pods/index.ts';

/** Looks whether the objects are there that Pods refer to. */
export interface ObjectReader {
  /** The keys of an object; undefined when it is not there. Asked at the same time by many, it is read once. */
  keys(
    namespace: string,
    reference: Pick<Reference, 'kind' | 'name'>,
  ): Promise<ReadonlySet<string> | undefined>;
  /** A resource claim as it is now; undefined when it is not there. */
  claim(namespace: string, name: string): Promise<ResourceClaim | undefined>;
  /** What the first missing object or key makes impossible, in words; undefined when all is there. */
  fault(
    namespace: string,
    references: readonly Reference[],
    missingKey: (reference: Reference, key: string) => string,
  ): Promise<string | undefined>;
}

export function createObjectReader(client: Client): ObjectReader {
  const underWay = new Map<string, Promise<ReadonlySet<string> | undefined>>();

  async function read(namespace: string, kind: Reference['kind'], name: string) {
    try {
      if (kind === 'Secret')
        return new Set(
          Object.keys((await client.resource(Secret).namespace(namespace).get(name)).data ?? {}),
        );
      const { data, binaryData } = await client.resource(ConfigMap).namespace(namespace).get(name);
      return new Set([...Object.keys(data ?? {}), ...Object.keys(binaryData ?? {})]);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  const reader: ObjectReader = {
    keys(namespace, { kind, name }) {
      const id = `${kind}/${namespace}/${name}`;
      let found = underWay.get(id);
      if (found === undefined) {
        found = read(namespace, kind, name).finally(() => underWay.delete(id));
        underWay.set(id, found);
      }
      return found;
    },
    async claim(namespace, name) {
      try {
        return await client.resource(ResourceClaim).namespace(namespace).get(name);
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    async fault(namespace, references, missingKey) {
      for (const reference of references) {
        const keys = await reader.keys(namespace, reference);
        if (keys === undefined) return missingObject(reference);
        const missing = reference.keys.find((key) => !keys.has(key));
        if (missing !== undefined) return missingKey(reference, missing);
      }
      return undefined;
    },
  };
  return reader;
}
