import type { ResourceRef, Transport } from '@drydock/port/transport';
import type { UserInfo } from '../registry/types.ts';
import type { Authorizer } from './authorizer.ts';
import { requireAllowed, resourceRequest } from './request.ts';

/** `inner` for what the user may do; the rest rejects with 403 as over REST. */
export function createAuthorizedTransport(
  inner: Transport,
  user: UserInfo,
  authorizer: Authorizer,
): Transport {
  const may = (method: string, ref: ResourceRef, watching = false): void | Promise<void> =>
    requireAllowed(authorizer, resourceRequest(user, method, ref, watching));
  return {
    async get(ref, options) {
      await may('GET', ref);
      return inner.get(ref, options);
    },
    async list(ref, options) {
      await may('GET', ref);
      return inner.list(ref, options);
    },
    async create(ref, object, options) {
      await may('POST', ref);
      return inner.create(ref, object, options);
    },
    async update(ref, object, options) {
      await may('PUT', ref);
      return inner.update(ref, object, options);
    },
    async patch(ref, patch, options) {
      await may('PATCH', ref);
      return inner.patch(ref, patch, options);
    },
    async delete(ref, options) {
      await may('DELETE', ref);
      return inner.delete(ref, options);
    },
    async deleteCollection(ref, options, list) {
      await may('DELETE', ref);
      return inner.deleteCollection(ref, options, list);
    },
    async *watch(ref, options, signal) {
      await may('GET', ref, true);
      yield* inner.watch(ref, options, signal);
    },
    close: () => inner.close(),
  };
}
