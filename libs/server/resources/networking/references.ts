import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import { required, validateDns1123Subdomain, validatePathSegment } from '@drydock/base/apimachinery';
import { textErrors } from '../common/index.ts';

/** A part of a reference that must be there and may stand in a path. */
export function pathPartErrors(value: string | undefined, where: FieldPath, detail = ''): FieldError[] {
  if (value === undefined || value === '') return [required(where, detail)];
  return textErrors(validatePathSegment(value), value, where);
}

interface TypedReference {
  readonly apiGroup?: string;
  readonly kind?: string;
  readonly name?: string;
}

/** A reference to an object of any kind. */
export function typedReferenceErrors(
  { apiGroup, kind, name }: TypedReference,
  where: FieldPath,
): FieldError[] {
  return [
    ...(apiGroup === undefined
      ? []
      : textErrors(validateDns1123Subdomain(apiGroup), apiGroup, where.child('apiGroup'))),
    ...pathPartErrors(kind, where.child('kind'), 'kind is required'),
    ...pathPartErrors(name, where.child('name'), 'name is required'),
  ];
}
