import type { KubeObject } from '@drydock/base/apimachinery';
import { apiVersionOf, badRequest, methodNotSupported, pathNotFound } from '@drydock/base/apimachinery';
import { findKind } from '@drydock/api/scheme';
import type { DeleteOptions, GetOptions, Patch, ResourceRef } from '@drydock/port/transport';
import type { StoredObject } from '../watch-cache/index.ts';
import { looseObject } from '../watch-cache/index.ts';
import { enterAdmission } from './admit.ts';
import type { BodyType } from './body.ts';
import { decodeBody, decodePatched } from './body.ts';
import { deleteObject } from './delete.ts';
import { draftOf } from './draft.ts';
import type { Environment, Scope } from './environment.ts';
import { applyPatch } from './patch.ts';
import type { Body, WriteResult } from './registry.ts';
import type { Served } from './served.ts';
import type { SubresourceHandler, SubresourceRequest } from './types.ts';
import type { UpdatePlan } from './update.ts';

/** What subresources borrow from the registry. */
export interface SubresourceEnvironment {
  readonly env: Environment;
  find(group: string, version: string, resource: string): Served | undefined;
  getMain(served: Served, ref: ResourceRef, options: GetOptions): StoredObject | Promise<StoredObject>;
  keyOf(served: Served, ref: ResourceRef): string;
  nameOf(ref: ResourceRef): string;
  runUpdate(
    served: Served,
    ref: ResourceRef,
    scope: Scope,
    plan: Pick<UpdatePlan, 'mode' | 'make' | 'attempts' | 'retry' | 'unadmitted'>,
  ): Promise<WriteResult>;
}

const rawAttempts = 100;

function handlerOf(served: Served, subresource: string): SubresourceHandler {
  const handlers = served.definition.subresources;
  const handler =
    handlers !== undefined && Object.hasOwn(handlers, subresource) ? handlers[subresource] : undefined;
  if (handler === undefined) throw pathNotFound();
  return handler;
}

function typeOf(served: Served, handler: SubresourceHandler): BodyType {
  const { definition } = served;
  const group = handler.group ?? definition.group;
  const version = handler.version ?? definition.version;
  const own = handler.kind === definition.kind && group === definition.group;
  const schema =
    handler.schema ?? (own ? definition.schema : (findKind(group, version, handler.kind)?.schema ?? ''));
  return { apiVersion: apiVersionOf(group, version), kind: handler.kind, schema };
}

function requestOf(
  borrowed: SubresourceEnvironment,
  served: Served,
  ref: ResourceRef,
  scope: Scope,
  handler: SubresourceHandler,
): SubresourceRequest {
  const { env } = borrowed;
  const main: ResourceRef = { ...ref };
  delete main.subresource;
  return {
    namespace: served.definition.namespaced ? ref.namespace : undefined,
    name: borrowed.nameOf(ref),
    context: scope,
    parent: async () => (await borrowed.getMain(served, main, {})).object,
    async updateParent(change) {
      const { stored } = await borrowed.runUpdate(served, ref, scope, {
        mode: 'raw',
        unadmitted: handler.update === undefined,
        make(current) {
          const draft = draftOf(current.object);
          change(draft);
          return draft;
        },
        attempts: rawAttempts,
        retry: () => true,
      });
      return stored.object;
    },
    async updateOther({ group, version, resource }, name, change) {
      const other = borrowed.find(group, version, resource);
      if (other === undefined) throw pathNotFound();
      const namespace = other.definition.namespaced ? ref.namespace : undefined;
      const where: ResourceRef = {
        ...{ group, version, resource, name },
        ...(namespace === undefined ? {} : { namespace }),
      };
      const { stored } = await borrowed.runUpdate(other, where, scope, {
        mode: 'raw',
        unadmitted: true,
        make(current) {
          const draft = draftOf(current.object);
          change(draft);
          return draft;
        },
        attempts: rawAttempts,
        retry: () => true,
      });
      return stored.object;
    },
    async deleteParent(options: DeleteOptions) {
      const before = (await borrowed.getMain(served, main, {})).object;
      const { stored } = await deleteObject(
        env,
        served.stored,
        borrowed.keyOf(served, ref),
        borrowed.nameOf(ref),
        options,
        scope,
      );
      return stored?.object ?? before;
    },
  };
}

export async function getSubresource(
  borrowed: SubresourceEnvironment,
  served: Served,
  ref: ResourceRef,
  subresource: string,
  scope: Scope,
): Promise<StoredObject> {
  const handler = handlerOf(served, subresource);
  if (handler.get === undefined) throw methodNotSupported(served.groupResource, 'get');
  return looseObject(await handler.get(requestOf(borrowed, served, ref, scope, handler)));
}

function decodeFor(
  served: Served,
  handler: SubresourceHandler,
  ref: ResourceRef,
  body: Body,
  scope: Scope,
): KubeObject {
  const object = decodeBody(body, typeOf(served, handler), scope);
  const { metadata } = object;
  if (served.definition.namespaced) {
    if (!metadata.namespace) metadata.namespace = ref.namespace;
    else if (metadata.namespace !== ref.namespace) {
      throw badRequest(
        'the namespace of the provided object does not match the namespace sent on the request',
      );
    }
  }
  return object;
}

export async function createSubresource(
  borrowed: SubresourceEnvironment,
  served: Served,
  ref: ResourceRef,
  subresource: string,
  body: Body,
  scope: Scope,
): Promise<StoredObject> {
  const handler = handlerOf(served, subresource);
  if (handler.create === undefined) throw methodNotSupported(served.groupResource, 'create');
  const object = decodeFor(served, handler, ref, body, scope);
  const { group = served.definition.group, version = served.definition.version, kind } = handler;
  const passage = enterAdmission(borrowed.env, served, subresource, 'CREATE', object, undefined, scope, {
    kind: { group, version, kind },
    name: borrowed.nameOf(ref),
  });
  let done = false;
  try {
    if (passage !== undefined) {
      await passage.chain.admit(passage.request);
      await passage.chain.validate(passage.request);
    }
    const answer = await handler.create(requestOf(borrowed, served, ref, scope, handler), object);
    done = true;
    return looseObject(answer);
  } finally {
    passage?.settle(done);
  }
}

export async function updateSubresource(
  borrowed: SubresourceEnvironment,
  served: Served,
  ref: ResourceRef,
  subresource: string,
  body: Body,
  scope: Scope,
): Promise<WriteResult> {
  const handler = handlerOf(served, subresource);
  if (handler.update === undefined) throw methodNotSupported(served.groupResource, 'update');
  const object = decodeFor(served, handler, ref, body, scope);
  const name = borrowed.nameOf(ref);
  if (object.metadata.name && object.metadata.name !== name) {
    throw badRequest(
      `the name of the object (${object.metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  const answer = await handler.update(requestOf(borrowed, served, ref, scope, handler), object);
  return { stored: looseObject(answer), created: false };
}

/** A patch of a subresource that can be read and updated. */
export async function patchSubresource(
  borrowed: SubresourceEnvironment,
  served: Served,
  ref: ResourceRef,
  subresource: string,
  patch: Patch,
  scope: Scope,
): Promise<WriteResult> {
  const handler = handlerOf(served, subresource);
  const { update } = handler;
  if (update === undefined || !handler.verbs.includes('patch'))
    throw methodNotSupported(served.groupResource, 'patch');
  const request = requestOf(borrowed, served, ref, scope, handler);
  const type = typeOf(served, handler);
  const present = handler.get === undefined ? await request.parent() : await handler.get(request);
  const object = decodePatched(applyPatch(present, patch, type.schema), type, patch, scope);
  return { stored: looseObject(await update.call(handler, request, object)), created: false };
}
