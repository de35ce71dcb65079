import type { FieldError, FieldPath, ObjectMeta, OwnerReference } from '@drydock/base/apimachinery';
import {
  fieldPath,
  forbiddenField,
  goQuote,
  invalidValue,
  maskTrailingDash,
  parseApiVersion,
  required,
  validateAnnotations,
  validateDns1035Label,
  validateDns1123Label,
  validateDns1123Subdomain,
  validateLabels,
  validatePathSegment,
  validateQualifiedName,
} from '@drydock/base/apimachinery';
import type { Served } from './served.ts';
import type { Strategy } from './types.ts';

const metadata = fieldPath('metadata');
export const orphanFinalizer = 'orphan';
export const foregroundFinalizer = 'foregroundDeletion';

type NameFormat = NonNullable<Strategy['nameFormat']>;

const nameChecks: Readonly<Record<NameFormat, (name: string) => string[]>> = {
  dns1123subdomain: validateDns1123Subdomain,
  dns1123label: validateDns1123Label,
  dns1035label: validateDns1035Label,
  path: validatePathSegment,
};

/**
 * The metadata as it is stored: Kubernetes' order of fields, nothing absent, selfLink dropped. The resourceVersion is
 * first and keeps its place when it is set after the write.
 */
export function orderedMeta(meta: ObjectMeta): ObjectMeta {
  const ordered: ObjectMeta = { resourceVersion: meta.resourceVersion };
  if (meta.name) ordered.name = meta.name;
  if (meta.generateName) ordered.generateName = meta.generateName;
  if (meta.namespace) ordered.namespace = meta.namespace;
  if (meta.uid) ordered.uid = meta.uid;
  if (meta.generation) ordered.generation = meta.generation;
  if (meta.creationTimestamp) ordered.creationTimestamp = meta.creationTimestamp;
  if (meta.deletionTimestamp) ordered.deletionTimestamp = meta.deletionTimestamp;
  if (meta.deletionGracePeriodSeconds !== undefined && meta.deletionGracePeriodSeconds !== null) {
    ordered.deletionGracePeriodSeconds = meta.deletionGracePeriodSeconds;
  }
  if (hasKeys(meta.labels)) ordered.labels = meta.labels;
  if (hasKeys(meta.annotations)) ordered.annotations = meta.annotations;
  if (meta.ownerReferences?.length) ordered.ownerReferences = meta.ownerReferences;
  if (meta.finalizers?.length) ordered.finalizers = meta.finalizers;
  if (meta.managedFields?.length) ordered.managedFields = meta.managedFields;
  return ordered;
}

function hasKeys(map: Record<string, string> | null | undefined): boolean {
  if (map === undefined || map === null) return false;
  for (const _key in map) return true;
  return false;
}

/** The generic checks of ObjectMeta. */
export function validateMeta(meta: ObjectMeta, namespaced: boolean, nameFormat: NameFormat): FieldError[] {
  const errors: FieldError[] = [];
  const checkName = nameChecks[nameFormat];
  if (meta.generateName) {
    for (const message of checkName(maskTrailingDash(meta.generateName))) {
      errors.push(invalidValue(metadata.child('generateName'), meta.generateName, message));
    }
  }
  if (!meta.name) errors.push(required(metadata.child('name'), 'name or generateName is required'));
  else
    for (const message of checkName(meta.name))
      errors.push(invalidValue(metadata.child('name'), meta.name, message));
  if (namespaced) {
    if (!meta.namespace) errors.push(required(metadata.child('namespace')));
    else {
      for (const message of validateDns1123Label(meta.namespace)) {
        errors.push(invalidValue(metadata.child('namespace'), meta.namespace, message));
      }
    }
  } else if (meta.namespace)
    errors.push(forbiddenField(metadata.child('namespace'), 'not allowed on this type'));
  if (meta.generation !== undefined && meta.generation < 0) {
    errors.push(
      invalidValue(metadata.child('generation'), meta.generation, 'must be greater than or equal to 0'),
    );
  }
  if (meta.labels !== undefined) errors.push(...validateLabels(meta.labels, metadata.child('labels')));
  if (meta.annotations !== undefined)
    errors.push(...validateAnnotations(meta.annotations, metadata.child('annotations')));
  if (meta.ownerReferences !== undefined) {
    errors.push(...validateOwnerReferences(meta.ownerReferences, metadata.child('ownerReferences')));
  }
  if (meta.finalizers !== undefined)
    errors.push(...validateFinalizers(meta.finalizers, metadata.child('finalizers')));
  return errors;
}

/** What may not change from one version of an object to the next. */
export function validateMetaUpdate(meta: ObjectMeta, old: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  if (old.deletionTimestamp) {
    const extra = (meta.finalizers ?? []).filter((finalizer) => !old.finalizers?.includes(finalizer)).sort();
    if (extra.length > 0) {
      errors.push(
        forbiddenField(
          metadata.child('finalizers'),
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${extra.map(goQuote).join(', ')}}`,
        ),
      );
    }
  }
  if ((meta.generation ?? 0) < (old.generation ?? 0)) {
    errors.push(invalidValue(metadata.child('generation'), meta.generation ?? 0, 'must not be decremented'));
  }
  for (const field of immutableFields) {
    if ((meta[field] ?? undefined) !== (old[field] ?? undefined)) {
      errors.push(invalidValue(metadata.child(field), meta[field] ?? null, 'field is immutable'));
    }
  }
  return errors;
}

const immutableFields = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

function validateOwnerReferences(owners: readonly OwnerReference[], where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  let controller: string | undefined;
  for (const owner of owners) {
    const { apiVersion = '', kind = '', name = '', uid = '' } = owner;
    const version = versionOf(apiVersion);
    if (version === '')
      errors.push(invalidValue(where.child('apiVersion'), apiVersion, 'version must not be empty'));
    if (kind === '') errors.push(invalidValue(where.child('kind'), kind, 'must not be empty'));
    if (name === '') errors.push(invalidValue(where.child('name'), name, 'must not be empty'));
    if (uid === '') errors.push(invalidValue(where.child('uid'), uid, 'must not be empty'));
    if (apiVersion === 'v1' && kind === 'Event') {
      errors.push(invalidValue(where, owner, '/v1, Kind=Event is disallowed from being an owner'));
    }
    if (owner.controller !== true) continue;
    const current = `${kind}/${name}`;
    if (controller === undefined) controller = current;
    else {
      errors.push(
        invalidValue(
          where,
          owners,
          `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${current}`,
        ),
      );
    }
  }
  return errors;
}

function versionOf(apiVersion: string): string {
  try {
    return parseApiVersion(apiVersion).version;
  } catch {
    return '';
  }
}

const standardFinalizers: ReadonlySet<string> = new Set([orphanFinalizer, foregroundFinalizer, 'kubernetes']);
/** Groups whose kinds are checked by the generic rules alone. */
const genericGroups: ReadonlySet<string> = new Set(['apiextensions.k8s.io', 'apiregistration.k8s.io']);

/** A finalizer's name has a domain, or is one of Kubernetes' own. */
export function finalizerDomainErrors(finalizer: string, where: FieldPath): FieldError[] {
  const detail = 'name is neither a standard finalizer name nor is it fully qualified';
  return finalizer.includes('/') || standardFinalizers.has(finalizer)
    ? []
    : [invalidValue(where, finalizer, detail)];
}

/** Built-in kinds take standard finalizers and those with a domain; custom resources are only advised so. */
export function validateFinalizerDomains({ definition }: Served, { finalizers }: ObjectMeta): FieldError[] {
  if (finalizers === undefined || definition.custom !== undefined || genericGroups.has(definition.group))
    return [];
  return finalizers.flatMap((finalizer, index) =>
    finalizerDomainErrors(finalizer, metadata.child('finalizers').index(index)),
  );
}

function validateFinalizers(finalizers: readonly string[], where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const finalizer of finalizers) {
    for (const message of validateQualifiedName(finalizer))
      errors.push(invalidValue(where, finalizer, message));
  }
  if (finalizers.includes(orphanFinalizer) && finalizers.includes(foregroundFinalizer)) {
    errors.push(
      invalidValue(
        where,
        finalizers,
        `finalizers ${orphanFinalizer} and ${foregroundFinalizer} cannot be both set`,
      ),
    );
  }
  return errors;
}

/** The generic checks of the ObjectMeta of an object that is embedded in another one, at `where`. */
export function validateEmbeddedMeta(meta: ObjectMeta, where: FieldPath): FieldError[] {
  const named = meta.name ? meta : { ...meta, name: 'fakename' };
  const prefix = String(where);
  return validateMeta(named, Boolean(meta.namespace), 'path').map((error) => ({
    ...error,
    field: error.field.replace(/^metadata/, prefix),
  }));
}
