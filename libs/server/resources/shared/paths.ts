import { invalidValue, required, type FieldError, type FieldPath } from '@drydock/base/apimachinery';

const modeDetail = 'must be a number between 0 and 0777 (octal), both inclusive';

/** A path must not step out of its directory. */
export function noBackstepErrors(path: string, where: FieldPath): FieldError[] {
  return path.split('/').includes('..') ? [invalidValue(where, path, "must not contain '..'")] : [];
}

/** A path below a directory: relative and without `..`. */
export function descendingPathErrors(path: string, where: FieldPath): FieldError[] {
  const errors = path.startsWith('/') ? [invalidValue(where, path, 'must be a relative path')] : [];
  return [...errors, ...noBackstepErrors(path, where)];
}

/** A descending path whose first step does not begin with `..`, which the kubelet keeps for itself. */
export function unreservedPathErrors(path: string, where: FieldPath): FieldError[] {
  const errors = descendingPathErrors(path, where);
  return path.startsWith('..') && !path.startsWith('../')
    ? [...errors, invalidValue(where, path, "must not start with '..'")]
    : errors;
}

/** The mode bits of a projected file; absent passes. */
export function fileModeErrors(mode: number | undefined | null, where: FieldPath): FieldError[] {
  return mode !== undefined && mode !== null && (mode < 0 || mode > 0o777)
    ? [invalidValue(where, mode, modeDetail)]
    : [];
}

interface KeyToPath {
  readonly key?: string;
  readonly path?: string;
  readonly mode?: number;
}

/** Keys of a ConfigMap or Secret that are shown as files. */
export function keyToPathErrors(items: readonly KeyToPath[] | undefined, where: FieldPath): FieldError[] {
  return (items ?? []).flatMap(({ key, path, mode }, index) => {
    const at = where.index(index);
    const errors = key ? [] : [required(at.child('key'))];
    if (!path) errors.push(required(at.child('path')));
    else errors.push(...unreservedPathErrors(path, at.child('path')));
    return [...errors, ...fileModeErrors(mode, at.child('mode'))];
  });
}
