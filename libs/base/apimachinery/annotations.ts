import { invalidValue, tooLong, type FieldError } from './field-error.ts';
import type { FieldPath } from './field-path.ts';
import { validateQualifiedName } from './names.ts';
import { byteLength } from './go-format.ts';

const maxBytes = 256 * 1024;

/** Annotations: keys are names with or without a domain, in any case; all of them together are at most 256 KiB. */
export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  where: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const message of validateQualifiedName(key.toLowerCase()))
      errors.push(invalidValue(where, key, message));
    size += byteLength(key) + byteLength(value);
  }
  if (size > maxBytes) errors.push(tooLong(where, maxBytes));
  return errors;
}
