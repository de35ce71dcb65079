import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import { invalidValue, required, validateDns1035Label } from '@drydock/base/apimachinery';
import type { CustomResourceDefinitionNames } from '@drydock/api/apiextensions/v1';

function joined(messages: readonly string[], value: unknown, where: FieldPath, prefix = ''): FieldError[] {
  return messages.length === 0 ? [] : [invalidValue(where, value, `${prefix}${messages.join(',')}`)];
}

/** The names that clients use, checked but for presence. */
export function namesErrors(names: Partial<CustomResourceDefinitionNames>, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ['plural', 'singular'] as const) {
    const value = names[name] ?? '';
    if (value !== '') errors.push(...joined(validateDns1035Label(value), value, where.child(name)));
  }
  const mixed = 'may have mixed case, but should otherwise match: ';
  for (const name of ['kind', 'listKind'] as const) {
    const value = names[name] ?? '';
    if (value !== '') {
      errors.push(...joined(validateDns1035Label(value.toLowerCase()), value, where.child(name), mixed));
    }
  }
  const lists = ['shortNames', 'categories'] as const;
  for (const name of lists) {
    (names[name] ?? []).forEach((value, index) => {
      errors.push(...joined(validateDns1035Label(value), value, where.child(name).index(index)));
    });
  }
  const kind = names.kind ?? '';
  if (kind !== '' && kind === names.listKind) {
    errors.push(
      invalidValue(where.child('listKind'), names.listKind, 'kind and listKind may not be the same'),
    );
  }
  return errors;
}

/** The names that a definition must have, defaults filled in. */
export function requiredNamesErrors(
  names: Partial<CustomResourceDefinitionNames>,
  where: FieldPath,
): FieldError[] {
  return (['plural', 'singular', 'kind', 'listKind'] as const)
    .filter((name) => (names[name] ?? '') === '')
    .map((name) => required(where.child(name)));
}
