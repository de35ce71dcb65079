import type { FieldPath } from './field-path.ts';
import { goJson, goQuote } from './go-format.ts';

/** The closed set of reasons that Kubernetes gives in `status.details.causes[].reason`. */
export type FieldErrorType =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTooFew'
  | 'FieldValueTooShort'
  | 'FieldValueTypeInvalid'
  | 'InternalError';

/** One thing wrong with one field. */
export interface FieldError {
  readonly type: FieldErrorType;
  /** Printed path, e.g. `spec.replicas`. */
  readonly field: string;
  /** The value that was refused; printed only for the types that Kubernetes prints it for. `undefined` is never printed. */
  readonly badValue?: unknown;
  readonly detail: string;
}

const titles: Readonly<Record<FieldErrorType, string>> = {
  FieldValueNotFound: 'Not found',
  FieldValueRequired: 'Required value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooMany: 'Too many',
  FieldValueTooFew: 'Too few',
  FieldValueTooShort: 'Too short',
  FieldValueTypeInvalid: 'Invalid value',
  InternalError: 'Internal error',
};

const withoutValue: ReadonlySet<FieldErrorType> = new Set<FieldErrorType>([
  'FieldValueRequired',
  'FieldValueForbidden',
  'FieldValueTooLong',
  'FieldValueTooShort',
  'InternalError',
]);

type Where = FieldPath | string;

function fieldError(type: FieldErrorType, where: Where, badValue: unknown, detail: string): FieldError {
  return { type, field: where.toString(), badValue, detail };
}

/** A value that must be there is not. */
export function required(where: Where, detail = ''): FieldError {
  return fieldError('FieldValueRequired', where, '', detail);
}

/** A malformed value. */
export function invalidValue(where: Where, value: unknown, detail: string): FieldError {
  return fieldError('FieldValueInvalid', where, value, detail);
}

/** A value of the wrong JSON type. */
export function typeInvalid(where: Where, value: unknown, detail: string): FieldError {
  return fieldError('FieldValueTypeInvalid', where, value, detail);
}

/** A value outside an enumeration; `supported` is printed in the order given. */
export function notSupported(where: Where, value: unknown, supported: readonly string[]): FieldError {
  const detail = supported.length === 0 ? '' : `supported values: ${supported.map(goQuote).join(', ')}`;
  return fieldError('FieldValueNotSupported', where, value, detail);
}

/** A well-formed value that is not permitted here. */
export function forbiddenField(where: Where, detail = ''): FieldError {
  return fieldError('FieldValueForbidden', where, '', detail);
}

/** A value that must be unique is not. */
export function duplicate(where: Where, value: unknown): FieldError {
  return fieldError('FieldValueDuplicate', where, value, '');
}

/** A reference to something that does not exist. */
export function notFoundField(where: Where, value: unknown): FieldError {
  return fieldError('FieldValueNotFound', where, value, '');
}

function countOf(count: number, singular: string): string {
  return `${count} ${singular}${count === 1 ? '' : 's'}`;
}

/** Text longer than `maxBytes` bytes of UTF-8; negative: the limit is not told. */
export function tooLong(where: Where, maxBytes: number): FieldError {
  const detail = maxBytes < 0 ? 'value is too long' : `may not be more than ${countOf(maxBytes, 'byte')}`;
  return fieldError('FieldValueTooLong', where, '<value omitted>', detail);
}

/** Text shorter than `minCharacters`; negative: the limit is not told. */
export function tooShort(where: Where, value: string, minCharacters: number): FieldError {
  const detail =
    minCharacters < 0 ? 'value is too short' : `must be at least ${countOf(minCharacters, 'character')}`;
  return fieldError('FieldValueTooShort', where, value, detail);
}

/** A list of more than `maxItems`. Negative numbers are not told. */
export function tooMany(where: Where, actualItems: number, maxItems: number): FieldError {
  const detail = maxItems < 0 ? 'has too many items' : `must have at most ${countOf(maxItems, 'item')}`;
  return fieldError('FieldValueTooMany', where, actualItems < 0 ? undefined : actualItems, detail);
}

/** A list of fewer than `minItems`. Negative numbers are not told. */
export function tooFew(where: Where, actualItems: number, minItems: number): FieldError {
  const detail = minItems < 0 ? 'has too few items' : `must have at least ${countOf(minItems, 'item')}`;
  return fieldError('FieldValueTooFew', where, actualItems < 0 ? undefined : actualItems, detail);
}

/** Something went wrong that is not the caller's fault. */
export function internalField(where: Where, detail: string): FieldError {
  return fieldError('InternalError', where, undefined, detail);
}

function printValue(value: unknown): string {
  if (typeof value === 'string') return goQuote(value);
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  return goJson(value);
}

/** The message without the field's name: `Invalid value: "x": must be …`. */
export function fieldErrorBody(error: FieldError): string {
  let text = titles[error.type];
  if (!withoutValue.has(error.type) && error.badValue !== undefined)
    text += `: ${printValue(error.badValue)}`;
  return error.detail === '' ? text : `${text}: ${error.detail}`;
}

/** The message with the field's name: `spec.a: Required value`. */
export function formatFieldError(error: FieldError): string {
  return `${error.field}: ${fieldErrorBody(error)}`;
}

/** All messages as Kubernetes joins them: one stands alone, several in brackets, repeated ones once, none gives ''. */
export function formatFieldErrors(errors: readonly FieldError[]): string {
  const messages = [...new Set(errors.map(formatFieldError))];
  return messages.length === 1
    ? (messages[0] ?? '')
    : messages.length === 0
      ? ''
      : `[${messages.join(', ')}]`;
}
