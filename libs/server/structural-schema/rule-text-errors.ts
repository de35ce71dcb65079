import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import { invalidValue, notSupported, required } from '@drydock/base/apimachinery';
import { resolveFieldPath } from './field-path.ts';
import { rulesOf, type JsonSchema } from './schema.ts';

const reasons = [
  'FieldValueForbidden',
  'FieldValueInvalid',
  'FieldValueDuplicate',
  'FieldValueRequired',
].sort();
const lineBreak = /[\n\r]/;

/** What is wrong with the texts of a schema's rules; their expressions are checked elsewhere. */
export function ruleTextErrors(schema: JsonSchema, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  rulesOf(schema).forEach((rule, index) => {
    const at = where.child('x-kubernetes-validations').index(index);
    const message = rule.message ?? '';
    const said = message.trim();
    const text = (rule.rule ?? '').trim();
    if (text === '') errors.push(required(at.child('rule'), 'rule is not specified'));
    else if (message !== '' && said === '')
      errors.push(invalidValue(at.child('message'), message, 'must be non-empty if specified'));
    else if (lineBreak.test(said))
      errors.push(invalidValue(at.child('message'), message, 'must not contain line breaks'));
    else if (lineBreak.test(text) && said === '') {
      const detail = 'message must be specified if rule contains line breaks';
      errors.push(required(at.child('message'), detail));
    }
    if ((rule.messageExpression ?? '') !== '' && rule.messageExpression?.trim() === '') {
      const detail = 'messageExpression must be non-empty if specified';
      errors.push(required(at.child('messageExpression'), detail));
    }
    if (rule.reason !== undefined && !reasons.includes(rule.reason))
      errors.push(notSupported(at.child('reason'), rule.reason, reasons));
    errors.push(...pathErrors(schema, rule.fieldPath ?? '', at.child('fieldPath')));
  });
  return errors;
}

function pathErrors(schema: JsonSchema, path: string, at: FieldPath): FieldError[] {
  if (path === '') return [];
  const trimmed = path.trim();
  if (trimmed === '') return [invalidValue(at, path, 'must be non-empty if specified')];
  if (lineBreak.test(path)) return [invalidValue(at, path, 'must not contain line breaks')];
  return 'error' in resolveFieldPath(schema, path) ? [invalidValue(at, path, 'must be a valid path')] : [];
}
