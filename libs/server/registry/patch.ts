import type { KubeObject } from '@drydock/base/apimachinery';
import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  badRequest,
  cloneJson,
  isJsonObject,
  unsupportedMediaType,
} from '@drydock/base/apimachinery';
import { lookupSchema } from '@drydock/api/scheme';
import type { Patch } from '@drydock/port/transport';
import type { BodyType } from './body.ts';
import { decodePatched } from './body.ts';
import type { Scope } from './environment.ts';

const jsonPatch = 'application/json-patch+json';
const mergePatch = 'application/merge-patch+json';
const strategicPatch = 'application/strategic-merge-patch+json';

/** Lost races that a patch is applied again for. Kubernetes does not count them; this bound is for what nobody expects. */
export const patchAttempts = 100;

/**
 * The patched object, private to the caller.
 * @param schema the object's message; kinds without one know no strategic merge
 * @throws ApiError in Kubernetes' words and codes
 */
export function applyPatch(object: KubeObject, patch: Patch, schema: string): unknown {
  const known = lookupSchema(schema) !== undefined;
  let patched: unknown;
  switch (patch.type) {
    case 'json':
      patched = applyJsonPatch<unknown>(object, patch.body);
      break;
    case 'merge':
      patched = applyMergePatch<unknown>(object, requireObject(patch.body, 'error decoding patch: '));
      break;
    case 'strategic':
      if (!known) throw unsupportedMediaType([jsonPatch, mergePatch]);
      patched = applyStrategicMergePatch<unknown>(
        object,
        requireObject(patch.body, ''),
        lookupSchema,
        schema,
      );
      break;
    case 'apply':
      throw unsupportedMediaType(known ? [jsonPatch, mergePatch, strategicPatch] : [jsonPatch, mergePatch]);
  }
  // The strategic merge copies; the others share what they leave alone.
  return patch.type === 'strategic' ? patched : cloneJson(patched);
}

/**
 * The patched object as a private draft of `type`, but for what the patch leaves alone and nobody changes in place: the
 * managedFields, and where only the `status` is written, all other fields. The draft shares these with `object`.
 * @throws ApiError in Kubernetes' words and codes
 */
export function patchedDraft(
  object: KubeObject,
  patch: Patch,
  type: BodyType,
  scope: Scope,
  mode: 'main' | 'status',
): KubeObject {
  const whole = () => decodePatched(applyPatch(object, patch, type.schema), type, patch, scope);
  const body = patch.type === 'json' || !isJsonObject(patch.body) ? undefined : patch.body;
  if (body === undefined || !leavesManagers(body)) return whole();
  const { managedFields, ...metadata } = object.metadata;
  const rest: Fields & KubeObject = { ...object, metadata };
  const kept: Fields = {};
  if (mode === 'status' && type.custom === undefined) {
    for (const key of Object.keys(object)) {
      if (ofStatus.has(key) || Object.hasOwn(body, key)) continue;
      kept[key] = rest[key];
      delete rest[key];
    }
  }
  let draft: KubeObject;
  try {
    draft = decodePatched(applyPatch(rest, patch, type.schema), type, patch, scope);
  } catch {
    // What is wrong is told with the whole object.
    return whole();
  }
  if (managedFields !== undefined) draft.metadata.managedFields = managedFields;
  return inOrderOf(object, draft as Fields & KubeObject, kept);
}

type Fields = Record<string, unknown>;

/** What a write of the status changes, and what every object begins with. */
const ofStatus: ReadonlySet<string> = new Set(['kind', 'apiVersion', 'metadata', 'status']);

/** Whether a merge neither names the managedFields nor has directives where they are. */
function leavesManagers(body: Fields): boolean {
  const { metadata = {} } = body;
  if (!isJsonObject(metadata) || Object.hasOwn(metadata, 'managedFields')) return false;
  const plain = (key: string): boolean => !key.startsWith('$');
  return Object.keys(body).every(plain) && Object.keys(metadata).every(plain);
}

/** The draft with the fields that were kept from it, in the object's order. */
function inOrderOf(object: KubeObject, draft: Fields & KubeObject, kept: Fields): KubeObject {
  const names = Object.keys(kept);
  if (names.length === 0) return draft;
  const ordered: Fields = {};
  for (const key of Object.keys(object)) {
    if (Object.hasOwn(kept, key)) ordered[key] = kept[key];
    else if (Object.hasOwn(draft, key)) ordered[key] = draft[key];
  }
  return Object.assign(ordered, draft, kept) as Fields & KubeObject;
}

function requireObject(body: unknown, prefix: string): Record<string, unknown> {
  if (isJsonObject(body)) return body;
  if (body === null) {
    // Go takes null for a map; only the merge patch minds.
    if (prefix === '') return {};
    throw badRequest('Invalid JSON Patch');
  }
  const type = Array.isArray(body) ? 'array' : typeof body === 'boolean' ? 'bool' : typeof body;
  throw badRequest(`${prefix}json: cannot unmarshal ${type} into Go value of type map[string]interface {}`);
}
