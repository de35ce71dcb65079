import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import { fieldPath, forbiddenField, invalidValue, required } from '@drydock/base/apimachinery';
import type {
  NonResourceAttributes,
  ResourceAttributes,
  SubjectAccessReviewSpec,
} from '@drydock/api/authorization/v1';

const spec = fieldPath('spec');

interface Attributes {
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: NonResourceAttributes;
}

interface SelectorAttributes {
  readonly rawSelector?: string;
  readonly requirements?: readonly unknown[];
}

function selectorErrors(selector: SelectorAttributes | undefined, where: FieldPath): FieldError[] {
  if (selector === undefined) return [];
  const raw = selector.rawSelector ?? '';
  const count = selector.requirements?.length ?? 0;
  if (raw !== '' && count > 0) {
    return [
      invalidValue(where.child('rawSelector'), raw, 'may not specified at the same time as requirements'),
    ];
  }
  if (raw === '' && count === 0) {
    return [
      required(
        where.child('requirements'),
        'when fieldSelector is specified, requirements or rawSelector is required',
      ),
    ];
  }
  return [];
}

/** Exactly one of resource and path must be asked about. */
export function attributesErrors(attributes: Attributes): FieldError[] {
  const { resourceAttributes, nonResourceAttributes } = attributes;
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    const detail = 'cannot be specified in combination with resourceAttributes';
    return [invalidValue(spec.child('nonResourceAttributes'), nonResourceAttributes, detail)];
  }
  if (resourceAttributes === undefined && nonResourceAttributes === undefined) {
    const detail = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    return [invalidValue(spec.child('resourceAttributes'), null, detail)];
  }
  const where = spec.child('resourceAttributes');
  return [
    ...selectorErrors(resourceAttributes?.fieldSelector, where.child('fieldSelector')),
    ...selectorErrors(resourceAttributes?.labelSelector, where.child('labelSelector')),
  ];
}

/** Somebody must be asked about. */
export function subjectErrors(value: SubjectAccessReviewSpec): FieldError[] {
  if ((value.user ?? '') !== '' || (value.groups ?? []).length > 0) return [];
  return [
    invalidValue(spec.child('user'), value.user ?? '', 'at least one of user or group must be specified'),
  ];
}

interface ReviewMeta {
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
}

/** Reviews are not stored, so they carry no metadata of their own. */
export function metadataErrors({ metadata }: ReviewMeta, namespaced: boolean): FieldError[] {
  const { name, namespace, ...rest } = metadata ?? {};
  const extra = Object.entries(rest).filter(
    ([key, value]) =>
      value !== undefined && value !== null && key !== 'creationTimestamp' && key !== 'managedFields',
  );
  if (extra.length === 0 && (name ?? '') === '' && (namespaced || (namespace ?? '') === '')) return [];
  const detail = namespaced ? 'must be empty except for namespace' : 'must be empty';
  return [invalidValue('metadata', metadata, detail)];
}

/** A local review asks about its own namespace only. */
export function localErrors(value: SubjectAccessReviewSpec, namespace: string): FieldError[] {
  const errors: FieldError[] = [];
  const asked = value.resourceAttributes?.namespace;
  if (value.resourceAttributes !== undefined && asked !== namespace) {
    const where = spec.child('resourceAttributes', 'namespace');
    errors.push(invalidValue(where, asked ?? '', 'must match metadata.namespace'));
  }
  if (value.nonResourceAttributes !== undefined) {
    const detail = 'disallowed on this kind of request';
    errors.push(forbiddenField(spec.child('nonResourceAttributes'), detail));
  }
  return errors;
}
