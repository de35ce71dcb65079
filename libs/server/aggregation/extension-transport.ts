import { methodNotAllowed, type KubeList, type KubeObject, type Status } from '@drydock/base/apimachinery';
import type { APIService } from '@drydock/api/apiregistration/v1';
import type { ExtensionCaller } from '@drydock/port/extension';
import type { ResourceRef, Transport } from '@drydock/port/transport';
import type { UserInfo } from '../registry/index.ts';
import { askJson, pathOf, targetOf } from './forward.ts';

const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

function queryOf(options: object | undefined): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options ?? {})) {
    if (value === undefined) continue;
    if (name === 'query')
      for (const [key, text] of Object.entries(value as object)) query.set(key, String(text));
    else query.set(name, String(value));
  }
  return query.toString();
}

/** A transport that sends on what extension API servers answer for, and leaves the rest to `inner`. */
export function createExtensionTransport(
  inner: Transport,
  user: UserInfo,
  caller: ExtensionCaller,
  remote: (group: string, version: string) => APIService | undefined,
): Transport {
  /** Undefined where the request is for `inner`. */
  function ask(
    ref: ResourceRef,
    method: string,
    options?: object,
    body?: unknown,
    type?: string,
  ): Promise<unknown> | undefined {
    const service = remote(ref.group, ref.version);
    const target = service && targetOf(service);
    if (target === undefined) return undefined;
    return askJson(caller, target, user, {
      method,
      path: pathOf(ref),
      query: queryOf(options),
      ...(body === undefined ? {} : { body }),
      ...(type === undefined ? {} : { type }),
    });
  }
  return {
    get: (ref, options) =>
      (ask(ref, 'GET', options) as Promise<KubeObject> | undefined) ?? inner.get(ref, options),
    list: (ref, options) =>
      (ask(ref, 'GET', options) as Promise<KubeList> | undefined) ?? inner.list(ref, options),
    create: (ref, object, options) =>
      (ask(ref, 'POST', options, object) as Promise<KubeObject> | undefined) ??
      inner.create(ref, object, options),
    update: (ref, object, options) =>
      (ask(ref, 'PUT', options, object) as Promise<KubeObject> | undefined) ??
      inner.update(ref, object, options),
    patch: (ref, patch, options) =>
      (ask(ref, 'PATCH', options, patch.body, patchTypes[patch.type]) as Promise<KubeObject> | undefined) ??
      inner.patch(ref, patch, options),
    delete: (ref, options) =>
      (ask(ref, 'DELETE', undefined, options && { kind: 'DeleteOptions', apiVersion: 'v1', ...options }) as
        | Promise<KubeObject | Status>
        | undefined) ?? inner.delete(ref, options),
    deleteCollection: (ref, options, list) =>
      (ask(ref, 'DELETE', list, options && { kind: 'DeleteOptions', apiVersion: 'v1', ...options }) as
        | Promise<KubeList | Status>
        | undefined) ?? inner.deleteCollection(ref, options, list),
    watch(ref, options, signal) {
      // Loops of this process watch what is stored here; others' watches go through REST.
      if (remote(ref.group, ref.version) !== undefined) throw methodNotAllowed();
      return inner.watch(ref, options, signal);
    },
    close: () => inner.close(),
  };
}
