import type { KubeObject } from '@drydock/base/apimachinery';
import { badRequest } from '@drydock/base/apimachinery';
import type { Transport } from '@drydock/port/transport';
import { deleteOptionsFromWire, patchTypeFromWire, refFromWire, writeOptionsFromWire } from './convert.ts';
import type { CreateRequest, DeleteRequest, PatchRequest, UpdateRequest } from './gen/drydock/v1/resource.ts';
import { decodeBody } from './json.ts';

/** A write as it is to be done: what it is about, and the doing. */
export interface Operation {
  /** Writes of one key are done in order; undefined where the name is yet to be generated. */
  readonly key: string | undefined;
  run(transport: Transport): Promise<object>;
}

type Ref = ReturnType<typeof refFromWire>;

/** Versions and subresources are faces of one object, so they do not part the key. */
function keyOf({ group, resource, namespace, name }: Ref, object?: KubeObject): string | undefined {
  const ownName = name ?? object?.metadata?.name;
  return ownName === undefined ? undefined : `${group}/${resource}/${namespace ?? ''}/${ownName}`;
}

export function createOperation(request: CreateRequest): Operation {
  const ref = refFromWire(request.ref);
  const object = decodeBody(request.object) as KubeObject;
  const options = writeOptionsFromWire(request.options);
  return { key: keyOf(ref, object), run: (transport) => transport.create(ref, object, options) };
}

export function updateOperation(request: UpdateRequest): Operation {
  const ref = refFromWire(request.ref);
  const object = decodeBody(request.object) as KubeObject;
  const options = writeOptionsFromWire(request.options);
  return { key: keyOf(ref, object), run: (transport) => transport.update(ref, object, options) };
}

export function patchOperation(request: PatchRequest): Operation {
  const ref = refFromWire(request.ref);
  const type = patchTypeFromWire(request.type);
  if (type === undefined) throw badRequest(`unknown patch type ${request.type}`);
  const patch = { type, body: decodeBody(request.body) };
  const options = writeOptionsFromWire(request.options);
  return { key: keyOf(ref), run: (transport) => transport.patch(ref, patch, options) };
}

export function deleteOperation(request: DeleteRequest): Operation {
  const ref = refFromWire(request.ref);
  const options = deleteOptionsFromWire(request.options);
  return { key: keyOf(ref), run: (transport) => transport.delete(ref, options) };
}
