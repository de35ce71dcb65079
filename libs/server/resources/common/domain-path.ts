import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import { invalidValue, required, validateDns1123Subdomain } from '@drydock/base/apimachinery';

const pathPattern = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const pathRegExp = new RegExp(`^${pathPattern}$`);

/** A path with a domain in front: `example.com/controller`. */
export function domainPathErrors(text: string, where: FieldPath): FieldError[] {
  if (text === '') return [required(where)];
  const slash = text.indexOf('/');
  const host = slash < 0 ? '' : text.slice(0, slash);
  const path = text.slice(slash + 1);
  if (host === '' || path === '') {
    return [invalidValue(where, text, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  }
  const errors = validateDns1123Subdomain(host).map((message) => invalidValue(where, host, message));
  if (!pathRegExp.test(path)) {
    errors.push(invalidValue(where, path, `Invalid path (regex used for validation is '${pathPattern}')`));
  }
  return errors;
}
