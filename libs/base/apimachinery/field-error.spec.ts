import { describe, expect, it } from 'vitest';
import {
  duplicate,
  forbiddenField,
  formatFieldError,
  formatFieldErrors,
  internalField,
  invalidValue,
  notFoundField,
  notSupported,
  required,
  tooFew,
  tooLong,
  tooMany,
  tooShort,
  typeInvalid,
} from './field-error.ts';
import { fieldPath } from './field-path.ts';

describe('field paths', () => {
  it('print as in Kubernetes', () => {
    expect(String(fieldPath('spec').child('containers').index(0).child('ports').key('x'))).toBe(
      'spec.containers[0].ports[x]',
    );
    expect(String(fieldPath('spec', 'template', 'metadata'))).toBe('spec.template.metadata');
    expect(String(fieldPath())).toBe('');
  });
});

describe('field errors', () => {
  const path = fieldPath('spec', 'x');

  it.each([
    [required(path), 'spec.x: Required value'],
    [required(path, 'must be set'), 'spec.x: Required value: must be set'],
    [invalidValue(path, 'a"b\n', 'no'), String.raw`spec.x: Invalid value: "a\"b\n": no`],
    [invalidValue(path, -1, 'must be positive'), 'spec.x: Invalid value: -1: must be positive'],
    [invalidValue(path, true, 'no'), 'spec.x: Invalid value: true: no'],
    [invalidValue(path, { b: [1], a: '<' }, 'no'), 'spec.x: Invalid value: {"a":"\\u003c","b":[1]}: no'],
    [invalidValue(path, null, 'no'), 'spec.x: Invalid value: null: no'],
    [typeInvalid(path, 'a', 'must be a number'), 'spec.x: Invalid value: "a": must be a number'],
    [notSupported(path, 'c', ['a', 'b']), 'spec.x: Unsupported value: "c": supported values: "a", "b"'],
    [notSupported(path, 'c', []), 'spec.x: Unsupported value: "c"'],
    [forbiddenField(path, 'not here'), 'spec.x: Forbidden: not here'],
    [duplicate(path, 'a'), 'spec.x: Duplicate value: "a"'],
    [notFoundField(path, 'a'), 'spec.x: Not found: "a"'],
    [tooLong(path, 63), 'spec.x: Too long: may not be more than 63 bytes'],
    [tooLong(path, 1), 'spec.x: Too long: may not be more than 1 byte'],
    [tooLong(path, -1), 'spec.x: Too long: value is too long'],
    [tooShort(path, '', 2), 'spec.x: Too short: must be at least 2 characters'],
    [tooMany(path, 5, 1), 'spec.x: Too many: 5: must have at most 1 item'],
    [tooMany(path, -1, 3), 'spec.x: Too many: must have at most 3 items'],
    [tooFew(path, 0, 2), 'spec.x: Too few: 0: must have at least 2 items'],
    [internalField(path, 'broken'), 'spec.x: Internal error: broken'],
  ])('%#', (error, text) => {
    expect(formatFieldError(error)).toBe(text);
  });

  it('join as an aggregate does', () => {
    expect(formatFieldErrors([])).toBe('');
    expect(formatFieldErrors([required('a'), required('a')])).toBe('a: Required value');
    expect(formatFieldErrors([required('a'), invalidValue('b', 1, 'no'), required('a')])).toBe(
      '[a: Required value, b: Invalid value: 1: no]',
    );
  });
});
