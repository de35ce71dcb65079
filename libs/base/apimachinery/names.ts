import { byteLength } from './go-format.ts';

// The messages are Kubernetes' own: clients show them and tests compare them. Two wordings of the length rule exist
// there, one counting "characters" and one counting "bytes"; each check below uses the one Kubernetes uses for it.

const labelPattern = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomainPattern = `${labelPattern}(\\.${labelPattern})*`;
const label1035Pattern = '[a-z]([-a-z0-9]*[a-z0-9])?';
const namePartPattern = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelValuePattern = `(${namePartPattern})?`;
const wildcardPattern = `\\*\\.${subdomainPattern}`;
const identifierPattern = '[A-Za-z_][A-Za-z0-9_]*';
const envNamePattern = '[-._a-zA-Z][-._a-zA-Z0-9]*';
const configKeyPattern = '[-._a-zA-Z0-9]+';
const percentPattern = '[0-9]+%';
const headerPattern = '[-A-Za-z0-9]+';

// The regular expressions must not backtrack badly on hostile names, so lengths are checked first where they bound it;
// the patterns themselves are linear for these alphabets up to that bound.
const maxSubdomainLength = 253;
const maxLabelLength = 63;
const hopelessLength = 1024;

function whole(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`);
}

const labelRegExp = whole(labelPattern);
const subdomainRegExp = whole(subdomainPattern);
const label1035RegExp = whole(label1035Pattern);
const namePartRegExp = whole(namePartPattern);
const labelValueRegExp = whole(labelValuePattern);
const wildcardRegExp = whole(wildcardPattern);
const identifierRegExp = whole(identifierPattern);
const envNameRegExp = whole(envNamePattern);
const configKeyRegExp = whole(configKeyPattern);
const percentRegExp = whole(percentPattern);
const headerRegExp = whole(headerPattern);

function matches(regExp: RegExp, value: string): boolean {
  return value.length <= hopelessLength && regExp.test(value);
}

/** Kubernetes' text for a failed pattern, with examples. */
export function regexMessage(message: string, pattern: string, ...examples: string[]): string {
  const ending = `regex used for validation is '${pattern}')`;
  if (examples.length === 0) return `${message} (${ending}`;
  return `${message} (e.g. ${examples.map((example) => `'${example}', `).join(' or ')}${ending}`;
}

function tooManyCharacters(max: number): string {
  return `must be no more than ${max} characters`;
}

function tooManyBytes(max: number): string {
  return `must be no more than ${max} bytes`;
}

/** Kubernetes' text for a number outside a range. */
export function rangeMessage(min: number, max: number): string {
  return `must be between ${min} and ${max}, inclusive`;
}

/** RFC 1123 label: a namespace's name, a container's name. No message means valid; so for all checks here. */
export function validateDns1123Label(value: string): string[] {
  const errors = byteLength(value) > maxLabelLength ? [tooManyCharacters(maxLabelLength)] : [];
  if (!matches(labelRegExp, value)) {
    errors.push(
      matches(subdomainRegExp, value)
        ? 'must not contain dots'
        : regexMessage(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
            labelPattern,
            'my-name',
            '123-abc',
          ),
    );
  }
  return errors;
}

function subdomainErrors(value: string, lengthMessage: string): string[] {
  const errors = byteLength(value) > maxSubdomainLength ? [lengthMessage] : [];
  if (!matches(subdomainRegExp, value)) {
    errors.push(
      regexMessage(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
        subdomainPattern,
        'example.com',
      ),
    );
  }
  return errors;
}

/** RFC 1123 subdomain: the name of most objects. */
export function validateDns1123Subdomain(value: string): string[] {
  return subdomainErrors(value, tooManyCharacters(maxSubdomainLength));
}

/** RFC 1035 label: a Service's name. */
export function validateDns1035Label(value: string): string[] {
  const errors = byteLength(value) > maxLabelLength ? [tooManyCharacters(maxLabelLength)] : [];
  if (!matches(label1035RegExp, value)) {
    errors.push(
      regexMessage(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
        label1035Pattern,
        'my-name',
        'abc-123',
      ),
    );
  }
  return errors;
}

/** `*.example.com`, as hosts of an Ingress may be. */
export function validateWildcardDns1123Subdomain(value: string): string[] {
  const errors = byteLength(value) > maxSubdomainLength ? [tooManyCharacters(maxSubdomainLength)] : [];
  if (!matches(wildcardRegExp, value)) {
    errors.push(
      regexMessage(
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
        wildcardPattern,
        '*.example.com',
      ),
    );
  }
  return errors;
}

/** What may stand between two slashes of a path: the names of RBAC objects. */
export function validatePathSegment(value: string): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return ['/', '%'].filter((part) => value.includes(part)).map((part) => `may not contain '${part}'`);
}

/** A label's or annotation's key: an optional DNS subdomain and a slash, then a name. */
export function validateQualifiedName(value: string): string[] {
  const nameMessage = regexMessage(
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    namePartPattern,
    'MyName',
    'my.name',
    '123-abc',
  );
  const parts = value.split('/');
  if (parts.length > 2) {
    return [
      `a valid label key ${nameMessage} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const errors: string[] = [];
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  if (prefix === '') errors.push('prefix part must be non-empty');
  else if (prefix !== undefined) {
    for (const message of subdomainErrors(prefix, tooManyBytes(maxSubdomainLength))) {
      errors.push(`prefix part ${message}`);
    }
  }
  if (name === '') errors.push('name part must be non-empty');
  else if (byteLength(name) > maxLabelLength) errors.push(`name part ${tooManyBytes(maxLabelLength)}`);
  if (!matches(namePartRegExp, name)) errors.push(`name part ${nameMessage}`);
  return errors;
}

/** A label's value; empty is valid. */
export function validateLabelValue(value: string): string[] {
  const errors = byteLength(value) > maxLabelLength ? [tooManyBytes(maxLabelLength)] : [];
  if (!matches(labelValueRegExp, value)) {
    errors.push(
      regexMessage(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        labelValuePattern,
        'MyValue',
        'my_value',
        '12345',
      ),
    );
  }
  return errors;
}

/** The IANA service name of a port. */
export function validatePortName(value: string): string[] {
  const errors = byteLength(value) > 15 ? [tooManyCharacters(15)] : [];
  if (!/^[-a-z0-9]+$/.test(value)) {
    errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  }
  if (!/[a-z]/.test(value)) errors.push('must contain at least one letter (a-z)');
  if (value.includes('--')) errors.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) errors.push('must not begin or end with a hyphen');
  return errors;
}

/** A port's number: 1 to 65535. */
export function validatePortNumber(value: number): string[] {
  return validateInRange(value, 1, 65535);
}

export function validateInRange(value: number, min: number, max: number): string[] {
  return Number.isInteger(value) && value >= min && value <= max ? [] : [rangeMessage(min, max)];
}

/** `25%`. */
export function validatePercent(value: string): string[] {
  if (percentRegExp.test(value)) return [];
  const message = "a valid percent string must be a numeric string followed by an ending '%'";
  return [regexMessage(message, percentPattern, '1%', '93%')];
}

export function validateHttpHeaderName(value: string): string[] {
  if (headerRegExp.test(value)) return [];
  const message = "a valid HTTP header must consist of alphanumeric characters or '-'";
  return [regexMessage(message, headerPattern, 'X-Header-Name')];
}

export function validateCIdentifier(value: string): string[] {
  if (identifierRegExp.test(value)) return [];
  const message =
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'";
  return [regexMessage(message, identifierPattern, 'my_name', 'MY_NAME', 'MyName')];
}

function parentDirectoryErrors(value: string): string[] {
  if (value === '.' || value === '..') return [`must not be '${value}'`];
  return value.startsWith('..') ? ["must not start with '..'"] : [];
}

/** The strict rule for environment variables' names. */
export function validateEnvVarName(value: string): string[] {
  const errors = parentDirectoryErrors(value);
  if (envNameRegExp.test(value)) return errors;
  const message =
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit";
  return [regexMessage(message, envNamePattern, 'my.env-name', 'MY_ENV.NAME', 'MyEnvName1'), ...errors];
}

/** The relaxed rule that Kubernetes applies by default since v1.34: any printable ASCII but `=`. */
export function validateRelaxedEnvVarName(value: string): string[] {
  const errors = value === '' ? ['environment variable name must be non-empty'] : [];
  if (!/^[ -<>-~]*$/.test(value)) {
    errors.push(
      "a valid environment variable name must consist only of printable ASCII characters other than '='",
    );
  }
  return errors;
}

/** A key of a ConfigMap or Secret. */
export function validateConfigMapKey(value: string): string[] {
  const errors = byteLength(value) > maxSubdomainLength ? [tooManyCharacters(maxSubdomainLength)] : [];
  if (!configKeyRegExp.test(value)) {
    const message = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    errors.push(regexMessage(message, configKeyPattern, 'key.name', 'KEY_NAME', 'key-name'));
  }
  return [...errors, ...parentDirectoryErrors(value)];
}

/**
 * What a `generateName` is checked as: the final name must be valid whatever the suffix is, so a trailing dash is
 * taken for a letter.
 */
export function maskTrailingDash(prefix: string): string {
  return prefix.length > 1 && prefix.endsWith('-') ? `${prefix.slice(0, -2)}a` : prefix;
}

export function isDns1123Label(value: string): boolean {
  return validateDns1123Label(value).length === 0;
}

export function isDns1123Subdomain(value: string): boolean {
  return validateDns1123Subdomain(value).length === 0;
}

export function isDns1035Label(value: string): boolean {
  return validateDns1035Label(value).length === 0;
}

export function isPathSegment(value: string): boolean {
  return validatePathSegment(value).length === 0;
}

export function isQualifiedName(value: string): boolean {
  return validateQualifiedName(value).length === 0;
}

export function isLabelValue(value: string): boolean {
  return validateLabelValue(value).length === 0;
}

export function isPortName(value: string): boolean {
  return validatePortName(value).length === 0;
}
