import { applyScalarDefaults } from '@drydock/api/defaulting';
import { findKind } from '@drydock/api/scheme';
import { validateShape } from '@drydock/api/validation';
import type { KubeObject } from '@drydock/base/apimachinery';
import type { Equivalents } from './equivalents.ts';
import type { AdmissionRequest } from './types.ts';

/** The message of what is written; '' where it is not declared. */
export function messageOf({ definition, kind }: AdmissionRequest): string {
  if (kind === undefined) return definition.schema;
  return findKind(kind.group, kind.version, kind.kind)?.schema ?? '';
}

/** Whether the object's schema is that of a CustomResourceDefinition. */
export function customOf({ definition, kind }: AdmissionRequest): AdmissionRequest['definition']['custom'] {
  return kind === undefined ? definition.custom : undefined;
}

/** Puts what was made of an object in its place; whoever holds the draft or its metadata sees it. */
function replaceContents(target: object, source: object): void {
  for (const key of Object.keys(target))
    if (!Object.hasOwn(source, key)) delete (target as Record<string, unknown>)[key];
  Object.assign(target, source);
}

/** Fills in what a changed object leaves open. @throws Error where it is none of its kind */
function complete(seen: AdmissionRequest, object: KubeObject, strict: boolean): void {
  const custom = customOf(seen);
  if (custom !== undefined) {
    custom.shape(object);
    return;
  }
  const message = messageOf(seen);
  const { error, unknown } = validateShape(message, object);
  if (error !== undefined) throw new Error(error);
  if (strict && unknown.length > 0)
    throw new Error(`strict decoding error: ${unknown.map((one) => `unknown field "${one}"`).join(', ')}`);
  applyScalarDefaults(message, object);
  if (seen.kind === undefined) seen.definition.strategy.defaults?.(object);
}

/**
 * Makes the draft of a request what a webhook or a policy made of it.
 * @param seen the request in the version that `patched` is in
 * @param strict unknown fields are errors
 * @throws Error telling why it cannot be
 */
export async function takePatched(
  request: AdmissionRequest,
  seen: AdmissionRequest,
  patched: KubeObject,
  equivalents: Equivalents,
  strict = false,
): Promise<void> {
  complete(seen, patched, strict);
  let made = patched;
  if (seen.definition !== request.definition && request.kind === undefined) {
    made = structuredClone(await equivalents.convert(patched, seen.definition, request.definition));
    complete(request, made, false);
  }
  const { object } = request;
  const { metadata } = object;
  const { name, namespace, uid } = metadata;
  replaceContents(metadata, made.metadata);
  // What tells an object apart is not for others to change.
  Object.assign(metadata, { name, uid, resourceVersion: undefined });
  if (namespace !== undefined) metadata.namespace = namespace;
  replaceContents(object, { ...made, metadata });
}
