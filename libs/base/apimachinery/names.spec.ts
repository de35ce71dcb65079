import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isDns1035Label,
  isDns1123Label,
  isDns1123Subdomain,
  isPathSegment,
  isQualifiedName,
  maskTrailingDash,
  validateConfigMapKey,
  validateDns1035Label,
  validateDns1123Label,
  validateDns1123Subdomain,
  validateEnvVarName,
  validateLabelValue,
  validatePathSegment,
  validatePercent,
  validatePortName,
  validatePortNumber,
  validateQualifiedName,
  validateRelaxedEnvVarName,
  validateWildcardDns1123Subdomain,
} from './names.ts';

const subdomainMessage =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const labelMessage =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const serviceMessage =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

describe('names', () => {
  it.each([
    [validateDns1123Subdomain, 'a.b-c.1', []],
    [validateDns1123Subdomain, 'A', [subdomainMessage]],
    [validateDns1123Subdomain, '', [subdomainMessage]],
    [validateDns1123Subdomain, 'a'.repeat(254), ['must be no more than 253 characters']],
    [validateDns1123Label, 'my-name', []],
    [validateDns1123Label, 'a.b', ['must not contain dots']],
    [validateDns1123Label, '-a', [labelMessage]],
    [validateDns1123Label, 'a\n', [labelMessage]],
    [validateDns1123Label, 'a'.repeat(64), ['must be no more than 63 characters']],
    [validateDns1035Label, '1a', [serviceMessage]],
    [validateDns1035Label, 'a1', []],
    [validateWildcardDns1123Subdomain, '*.example.com', []],
    [validatePathSegment, 'system:node', []],
    [validatePathSegment, '..', ["may not be '..'"]],
    [validatePathSegment, 'a/b%', ["may not contain '/'", "may not contain '%'"]],
    [validateQualifiedName, 'example.com/Name', []],
    [validateQualifiedName, '/a', ['prefix part must be non-empty']],
    [validateQualifiedName, `a/${'b'.repeat(64)}`, ['name part must be no more than 63 bytes']],
    [validateQualifiedName, 'A/b', [`prefix part ${subdomainMessage}`]],
    [validateLabelValue, '', []],
    [validateLabelValue, 'a'.repeat(64), ['must be no more than 63 bytes']],
    [validatePortName, 'http-alt', []],
    [validatePortName, '80', ['must contain at least one letter (a-z)']],
    [
      validatePortName,
      '-a--b',
      ['must not contain consecutive hyphens', 'must not begin or end with a hyphen'],
    ],
    [validatePortName, 'a-very-long-name', ['must be no more than 15 characters']],
    [validatePercent, '25%', []],
    [validateEnvVarName, 'MY_ENV', []],
    [validateEnvVarName, '..a', ["must not start with '..'"]],
    [validateRelaxedEnvVarName, '1 x', []],
    [validateRelaxedEnvVarName, '', ['environment variable name must be non-empty']],
    [validateConfigMapKey, 'key.name', []],
    [validateConfigMapKey, '..', ["must not be '..'"]],
  ] as const)('%# %O', (validate, value, messages) => {
    expect((validate as (text: string) => string[])(value)).toEqual(messages);
  });

  it('print the messages that clients know', () => {
    expect(validatePortNumber(0)).toEqual(['must be between 1 and 65535, inclusive']);
    expect(validateQualifiedName('a/b/c')[0]).toBe(
      "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    );
    expect(validateRelaxedEnvVarName('a=b')).toEqual([
      "a valid environment variable name must consist only of printable ASCII characters other than '='",
    ]);
  });

  it('a generateName may end in a dash', () => {
    expect(maskTrailingDash('web-')).toBe('wea');
    expect(maskTrailingDash('-')).toBe('-');
    expect(isDns1123Label(maskTrailingDash('web--'))).toBe(true);
    expect(isDns1123Label(maskTrailingDash('-web-'))).toBe(false);
  });

  it('are quick to refuse long hostile text', () => {
    for (const text of [
      'a-'.repeat(500_000),
      'a.'.repeat(500_000),
      '-'.repeat(1_000_000),
      `${'a'.repeat(1020)}!`,
    ]) {
      expect([isDns1123Subdomain(text), isDns1123Label(text), isQualifiedName(text)]).toEqual([
        false,
        false,
        false,
      ]);
    }
  });
});

const labelText = fc.string({ unit: fc.constantFrom('a', 'z', '0', '9', '-', '.', 'A', '_', '/', ' ') });

describe('laws', () => {
  it('every RFC 1035 label is an RFC 1123 label, a subdomain, a path segment and a qualified name', () => {
    fc.assert(
      fc.property(labelText, (text) => {
        if (isDns1035Label(text)) expect(isDns1123Label(text)).toBe(true);
        if (isDns1123Label(text))
          expect([isDns1123Subdomain(text), isQualifiedName(text)]).toEqual([true, true]);
        if (isDns1123Subdomain(text)) expect(isPathSegment(text)).toBe(true);
      }),
    );
  });

  it('a subdomain is labels joined by dots', () => {
    fc.assert(
      fc.property(labelText, (text) => {
        expect(isDns1123Subdomain(text)).toBe(
          text.length <= 253 && text.split('.').every((part) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(part)),
        );
      }),
    );
  });
});
