import { isNotFound, type KubeObject, type ResourceType } from '@drydock/base/apimachinery';
import type { Client } from '@drydock/machinery/client';

/** Adds or takes away one finalizer. Rejects with a conflict when somebody changed the object meanwhile. */
export async function setFinalizer<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  object: T,
  finalizer: string,
  present: boolean,
): Promise<void> {
  const { namespace, name = '', resourceVersion, finalizers: before = [] } = object.metadata;
  if (before.includes(finalizer) === present) return;
  const finalizers = present ? [...before, finalizer] : before.filter((one) => one !== finalizer);
  const resource = client.resource(type);
  try {
    await (namespace === undefined ? resource : resource.namespace(namespace)).patch(name, {
      type: 'merge',
      body: { metadata: { finalizers, resourceVersion } },
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
