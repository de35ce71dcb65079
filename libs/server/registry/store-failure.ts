import type { GroupResource } from '@drydock/base/apimachinery';
import {
  ApiError,
  badRequest,
  internalError,
  serviceUnavailable,
  timeout,
  unclassified,
} from '@drydock/base/apimachinery';
import { StoreError } from '@drydock/port/store';
import type { Environment } from './environment.ts';

/** True when somebody else's write came in between. */
export function lostRace(error: unknown): error is StoreError {
  return error instanceof StoreError && (error.code === 'RevisionMismatch' || error.code === 'KeyNotFound');
}

/** What a client is told of a store that failed; other errors pass. */
export function storeFailure(error: unknown, resource: GroupResource): unknown {
  if (!(error instanceof StoreError)) return error;
  if (error.code === 'InvalidKey') return badRequest(error.message);
  if (error.code === 'Closed') return serviceUnavailable('the server is shutting down');
  // As Kubernetes hands on what etcd says: without a reason.
  if (error.code === 'Refused') return unclassified(error.message, error);
  if (error.code === 'Unavailable') {
    return error.ambiguous
      ? timeout(`request did not complete within the allotted time: ${error.message}`)
      : serviceUnavailable(`the store of ${resource.resource} is not available: ${error.message}`);
  }
  return error instanceof ApiError ? error : internalError(error);
}

/** After a lost race: waits until the cache has seen what came in between. */
export async function catchUp(env: Environment, error: StoreError): Promise<void> {
  const revision = error.current?.revision ?? (await env.store.revision());
  await env.cache.atLeast(revision);
}
