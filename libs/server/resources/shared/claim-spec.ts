import {
  forbiddenField,
  invalidValue,
  parseQuantity,
  required,
  validateDns1123Label,
  validateDns1123Subdomain,
  validateLabelSelector,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type { PersistentVolumeClaimSpec } from '@drydock/api/core/v1';
import { optionalOneOf, textErrors } from '../common/index.ts';

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
/** How a volume can be shown to a container. */
export const volumeModes: readonly string[] = ['Block', 'Filesystem'];

/** Ways of access: at least one, each known, and the exclusive one alone. */
export function accessModeErrors(
  modes: readonly string[] | undefined,
  where: FieldPath,
  detail: string,
): FieldError[] {
  if ((modes ?? []).length === 0) return [required(where, detail)];
  const errors = (modes ?? []).flatMap((mode) => optionalOneOf(mode, accessModes, where));
  const alone = modes?.includes('ReadWriteOncePod') === true;
  if (alone && modes?.some((mode) => mode !== 'ReadWriteOncePod' && accessModes.includes(mode)))
    errors.push(forbiddenField(where, 'may not use ReadWriteOncePod with other access modes'));
  return errors;
}

/** An amount above zero. */
export function positiveAmount(amount: string, where: FieldPath): FieldError[] {
  return parseQuantity(amount).sign() > 0 ? [] : [invalidValue(where, amount, 'must be greater than zero')];
}

/** The name of a class; absent or empty passes. */
export function classErrors(name: string | undefined, where: FieldPath): FieldError[] {
  return name ? textErrors(validateDns1123Subdomain(name), name, where) : [];
}

type DataSource = NonNullable<PersistentVolumeClaimSpec['dataSource']>;

function dataSourceErrors(source: DataSource | undefined, where: FieldPath): FieldError[] {
  if (source === undefined) return [];
  const { name = '', kind = '', apiGroup = '' } = source;
  const errors = name === '' ? [required(where.child('name'))] : [];
  if (kind === '') errors.push(required(where.child('kind')));
  if (apiGroup === '') {
    const detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
    if (kind !== 'PersistentVolumeClaim') errors.push(invalidValue(where, kind, detail));
  } else errors.push(...textErrors(validateDns1123Subdomain(apiGroup), apiGroup, where.child('apiGroup')));
  return errors;
}

function sameSource(one: DataSource, other: DataSource): boolean {
  return one.apiGroup === other.apiGroup && one.kind === other.kind && one.name === other.name;
}

function namespaceErrors(namespace: string | undefined, where: FieldPath): FieldError[] {
  return namespace ? textErrors(validateDns1123Label(namespace), namespace, where) : [];
}

/** What is wrong with a claim's spec. */
export function claimErrors(value: PersistentVolumeClaimSpec | undefined, where: FieldPath): FieldError[] {
  const errors = accessModeErrors(
    value?.accessModes,
    where.child('accessModes'),
    'at least 1 access mode is required',
  );
  if (value?.selector) errors.unshift(...validateLabelSelector(value.selector, where.child('selector')));
  const amount = value?.resources?.requests?.['storage'];
  const at = where.child('resources').key('storage');
  errors.push(...(amount === undefined ? [required(at)] : positiveAmount(amount, at)));
  const from = value?.dataSourceRef;
  const both = value?.dataSource !== undefined && from !== undefined;
  // What is wrong with the pair is told of the path of the one.
  const pair = (detail: string) => invalidValue(where, String(where.child('dataSource')), detail);
  const strangers: FieldError[] = [];
  if (both && from.namespace)
    strangers.push(pair('may not be specified when dataSourceRef.namespace is specified'));
  else if (both && !sameSource(value.dataSource!, from)) strangers.push(pair('must match dataSourceRef'));
  return [
    ...errors,
    ...classErrors(value?.storageClassName, where.child('storageClassName')),
    ...optionalOneOf(value?.volumeMode, volumeModes, where.child('volumeMode')),
    ...dataSourceErrors(value?.dataSource, where.child('dataSource')),
    ...dataSourceErrors(from, where.child('dataSourceRef')),
    ...namespaceErrors(from?.namespace, where.child('dataSourceRef', 'namespace')),
    ...strangers,
    ...classErrors(value?.volumeAttributesClassName, where.child('volumeAttributesClassName')),
  ];
}
