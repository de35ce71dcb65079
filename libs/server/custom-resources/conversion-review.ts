import type { KubeObject, ObjectMeta } from '@drydock/base/apimachinery';
import { cloneJson, getOwn, isJsonObject } from '@drydock/base/apimachinery';
import { inStoredOrder } from '../watch-cache/index.ts';

const group = 'apiextensions.k8s.io';

/** The request to a conversion webhook: the first review version of the list that is known here. */
export function reviewOf(
  versions: readonly string[],
  uid: string,
  desiredAPIVersion: string,
  objects: readonly KubeObject[],
): Record<string, unknown> {
  const version = versions.find((one) => one === 'v1' || one === 'v1beta1');
  if (version === undefined) throw new Error('no supported conversion review versions');
  return {
    kind: 'ConversionReview',
    apiVersion: `${group}/${version}`,
    request: { uid, desiredAPIVersion, objects },
  };
}

function convertedObjects(answer: unknown, uid: string): unknown[] {
  if (!isJsonObject(answer)) throw new Error('the answer is no ConversionReview');
  const { kind, apiVersion, response } = answer;
  const v1 = apiVersion !== `${group}/v1beta1`;
  if (kind !== 'ConversionReview' || (v1 && apiVersion !== `${group}/v1`)) {
    throw new Error(
      `expected webhook response of ${group}/v1, Kind=ConversionReview, got ${String(apiVersion)}, Kind=${String(kind)}`,
    );
  }
  if (!isJsonObject(response)) throw new Error('no response provided');
  if (v1 && response['uid'] !== uid)
    throw new Error(`expected response.uid="${uid}", got "${String(response['uid'] ?? '')}"`);
  const result = isJsonObject(response['result']) ? response['result'] : {};
  if (result['status'] !== 'Success') {
    const { message } = result;
    throw new Error(
      typeof message === 'string' && message !== ''
        ? message
        : `response.result.status was '${String(result['status'] ?? '')}', not 'Success'`,
    );
  }
  return Array.isArray(response['convertedObjects']) ? response['convertedObjects'] : [];
}

/** Labels and annotations may be changed by a conversion, all other metadata is the original's. */
function restoredMeta(original: KubeObject, converted: Record<string, unknown>): ObjectMeta {
  const { metadata } = converted;
  if (metadata === undefined) throw new Error('missing metadata in converted object');
  if (!isJsonObject(metadata)) throw new Error('invalid metadata in converted object');
  const meta = cloneJson(original.metadata);
  for (const field of ['labels', 'annotations'] as const) {
    const value = metadata[field];
    if (value === undefined || value === null) {
      delete meta[field];
      continue;
    }
    if (!isJsonObject(value)) throw new Error(`invalid metadata.${field} in converted object`);
    for (const [key, one] of Object.entries(value)) {
      if (typeof one !== 'string')
        throw new Error(
          `metadata.${field}[${key}] must be a string, but is ${typeof one} in converted object`,
        );
    }
    meta[field] = value as Record<string, string>;
  }
  return meta;
}

function check(original: KubeObject, converted: unknown, apiVersion: string): KubeObject {
  if (!isJsonObject(converted)) throw new Error('not an object');
  const got = { kind: converted['kind'], apiVersion: converted['apiVersion'] };
  if (got.apiVersion !== apiVersion)
    throw new Error(`invalid groupVersion (expected ${apiVersion}, received ${String(got.apiVersion)})`);
  if (got.kind !== original.kind)
    throw new Error(`invalid kind (expected ${original.kind}, received ${String(got.kind)})`);
  const meta = isJsonObject(converted['metadata']) ? converted['metadata'] : {};
  for (const [field, label] of [
    ['name', 'name'],
    ['namespace', 'namespace'],
    ['uid', 'UID'],
  ] as const) {
    const [expected, actual] = [original.metadata[field] ?? '', getOwn(meta, field) ?? ''];
    if (expected !== actual) throw new Error(`must have the same ${label}: ${expected} != ${String(actual)}`);
  }
  const restored = { ...converted, metadata: restoredMeta(original, converted) } as unknown as KubeObject;
  return inStoredOrder(restored, apiVersion, original.kind ?? '');
}

/** The objects of a webhook's answer, each checked against what was sent. Throws what is wrong with it. */
export function readReview(
  answer: unknown,
  uid: string,
  objects: readonly KubeObject[],
  apiVersion: string,
): KubeObject[] {
  const converted = convertedObjects(answer, uid);
  if (converted.length !== objects.length)
    throw new Error(`returned ${converted.length} objects, expected ${objects.length}`);
  return objects.map((original, index) => {
    try {
      return check(original, converted[index], apiVersion);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`returned invalid converted object at index ${index}: ${why}`, { cause: error });
    }
  });
}
