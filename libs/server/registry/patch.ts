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
