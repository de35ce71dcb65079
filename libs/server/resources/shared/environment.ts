import {
  invalidValue,
  required,
  validateConfigMapKey,
  validateDns1123Subdomain,
  validateRelaxedEnvVarName,
  type FieldError,
  type FieldPath,
} from '@drydock/base/apimachinery';
import type { EnvFromSource, EnvVar, EnvVarSource } from '@drydock/api/core/v1';
import { textErrors } from '../common/index.ts';
import { fieldRefErrors, resourceFieldRefErrors, variableFields } from './downward-api.ts';
import { descendingPathErrors } from './paths.ts';

function keyErrors(reference: { name?: string; key?: string }, where: FieldPath): FieldError[] {
  const { name = '', key = '' } = reference;
  const errors = textErrors(validateDns1123Subdomain(name), name, where.child('name'));
  if (key === '') return [...errors, required(where.child('key'))];
  return [...errors, ...textErrors(validateConfigMapKey(key), key, where.child('key'))];
}

function fileErrors(reference: NonNullable<EnvVarSource['fileKeyRef']>, where: FieldPath): FieldError[] {
  const { volumeName = '', path = '', key = '' } = reference;
  const errors = volumeName === '' ? [required(where.child('volumeName'))] : [];
  if (path === '') errors.push(required(where.child('path')));
  else errors.push(...descendingPathErrors(path, where.child('path')));
  if (key === '') errors.push(required(where.child('key')));
  else errors.push(...textErrors(validateRelaxedEnvVarName(key), key, where.child('key')));
  return errors;
}

function sourceErrors(variable: EnvVar, where: FieldPath): FieldError[] {
  const source = variable.valueFrom;
  if (source === undefined || source === null) return [];
  const errors: FieldError[] = [];
  let given = 0;
  const check = <T>(value: T | undefined, errorsOf: (value: T) => FieldError[]) => {
    if (value === undefined || value === null) return;
    given++;
    errors.push(...errorsOf(value));
  };
  check(source.fieldRef, (ref) => fieldRefErrors(ref, variableFields, where.child('fieldRef')));
  check(source.resourceFieldRef, (ref) =>
    resourceFieldRefErrors(ref, where.child('resourceFieldRef'), false),
  );
  check(source.configMapKeyRef, (ref) => keyErrors(ref, where.child('configMapKeyRef')));
  check(source.secretKeyRef, (ref) => keyErrors(ref, where.child('secretKeyRef')));
  check(source.fileKeyRef, (ref) => fileErrors(ref, where.child('fileKeyRef')));
  if (given === 0) {
    const detail =
      'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`';
    errors.push(invalidValue(where, '', detail));
  } else if (variable.value) {
    errors.push(invalidValue(where, '', 'may not be specified when `value` is not empty'));
  } else if (given > 1) {
    errors.push(invalidValue(where, '', 'may not have more than one field specified at a time'));
  }
  return errors;
}

/** The variables of a container. */
export function validateEnv(env: readonly EnvVar[] | undefined, where: FieldPath): FieldError[] {
  return (env ?? []).flatMap((variable, index) => {
    const at = where.index(index);
    const name = variable.name ?? '';
    const errors =
      name === ''
        ? [required(at.child('name'))]
        : textErrors(validateRelaxedEnvVarName(name), name, at.child('name'));
    return [...errors, ...sourceErrors(variable, at.child('valueFrom'))];
  });
}

/** The ConfigMaps and Secrets whose every key becomes a variable. */
export function validateEnvFrom(list: readonly EnvFromSource[] | undefined, where: FieldPath): FieldError[] {
  return (list ?? []).flatMap(({ prefix = '', configMapRef, secretRef }, index) => {
    const at = where.index(index);
    const errors =
      prefix === '' ? [] : textErrors(validateRelaxedEnvVarName(prefix), prefix, at.child('prefix'));
    let given = 0;
    for (const [kind, reference] of [
      ['configMapRef', configMapRef],
      ['secretRef', secretRef],
    ] as const) {
      if (reference === undefined || reference === null) continue;
      given++;
      // Prefixes of names are enough here, so a trailing dash passes.
      const { name = '' } = reference;
      const of = at.child(kind, 'name');
      if (name === '') errors.push(required(of));
      else errors.push(...textErrors(validateDns1123Subdomain(name.replace(/-$/, 'a')), name, of));
    }
    if (given === 0)
      errors.push(invalidValue(where, '', 'must specify one of: `configMapRef` or `secretRef`'));
    if (given > 1)
      errors.push(invalidValue(where, '', 'may not have more than one field specified at a time'));
    return errors;
  });
}
