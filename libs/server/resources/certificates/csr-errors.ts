import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  byteLength,
  duplicate,
  fieldPath,
  forbiddenField,
  goQuote,
  invalidValue,
  notSupported,
  required,
  semanticEqual,
  tooLong,
  validateDns1123Label,
  validateDns1123Subdomain,
} from '@drydock/base/apimachinery';
import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
} from '@drydock/api/certificates/v1';
import { certificateProblem, signingRequestProblem } from './pem.ts';

const usages = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];
const legacySigner = 'kubernetes.io/legacy-unknown';
const minExpirationSeconds = 600;
const maxDomainBytes = 253;
const maxSignerBytes = maxDomainBytes + 1 + 253 + 63 + 1;
const decisions = ['Approved', 'Denied'];
const finalTypes = [...decisions, 'Failed'];
const spec = fieldPath('spec');
const atConditions = fieldPath('status', 'conditions');

function labelErrors(
  text: string,
  labels: readonly string[],
  check: (label: string) => string[],
  where: FieldPath,
): FieldError[] {
  for (const label of labels) {
    const messages = check(label);
    if (messages.length > 0) {
      return messages.map((message) =>
        invalidValue(where, text, `validating label ${goQuote(label)}: ${message}`),
      );
    }
  }
  return [];
}

function signerErrors(signer: string, where: FieldPath): FieldError[] {
  if (signer === '') return [required(where, 'signerName must be provided')];
  if (signer === legacySigner) {
    return [invalidValue(where, signer, 'the legacy signerName is not allowed via this API version')];
  }
  const [domain = '', path, ...more] = signer.split('/');
  if (path === undefined || more.length > 0) {
    const detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
    return [invalidValue(where, signer, detail)];
  }
  const errors = byteLength(domain) > maxDomainBytes ? [tooLong(where, maxDomainBytes)] : [];
  const labels = domain.split('.');
  errors.push(...labelErrors(domain, labels, validateDns1123Label, where));
  if (labels.length < 2) {
    errors.push(
      invalidValue(where, domain, 'should be a domain with at least two segments separated by dots'),
    );
  }
  errors.push(...labelErrors(path, path.split('.'), validateDns1123Subdomain, where));
  if (byteLength(signer) > maxSignerBytes) errors.push(tooLong(where, maxSignerBytes));
  return errors;
}

function conditionErrors(conditions: readonly CertificateSigningRequestCondition[]): FieldError[] {
  const seen = new Set<string>();
  return conditions.flatMap((condition, index) => {
    const at = atConditions.index(index);
    const type = condition.type ?? '';
    const errors = type === '' ? [required(at.child('type'))] : [];
    const statuses = finalTypes.includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
    if ((condition.status ?? '') === '') errors.push(required(at.child('status')));
    else if (!statuses.includes(condition.status)) {
      errors.push(notSupported(at.child('status'), condition.status, statuses));
    }
    const other = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined;
    if (other !== undefined && seen.has(other)) {
      errors.push(
        invalidValue(at.child('type'), type, 'Approved and Denied conditions are mutually exclusive'),
      );
    }
    if (seen.has(type)) errors.push(duplicate(at.child('type'), type));
    seen.add(type);
    return errors;
  });
}

/** Checks a CertificateSigningRequest as it is. */
export function signingRequestErrors({ spec: value, status }: CertificateSigningRequest): FieldError[] {
  const errors: FieldError[] = [];
  const problem = signingRequestProblem(value?.request);
  if (problem !== undefined)
    errors.push(invalidValue(spec.child('request'), value?.request ?? null, problem));
  const atUsages = spec.child('usages');
  const wanted = value?.usages ?? [];
  if (wanted.length === 0) errors.push(required(atUsages, 'usages must be provided'));
  wanted.forEach((usage, index) => {
    if (!usages.includes(usage)) errors.push(notSupported(atUsages.index(index), usage, usages));
  });
  wanted.forEach((usage, index) => {
    if (wanted.indexOf(usage) < index) errors.push(duplicate(atUsages.index(index), usage));
  });
  errors.push(...signerErrors(value?.signerName ?? '', spec.child('signerName')));
  const seconds = value?.expirationSeconds;
  if (seconds !== undefined && seconds < minExpirationSeconds) {
    const detail = `may not specify a duration less than ${minExpirationSeconds} seconds (10 minutes)`;
    errors.push(invalidValue(spec.child('expirationSeconds'), seconds, detail));
  }
  errors.push(...conditionErrors(status?.conditions ?? []));
  const broken = certificateProblem(status?.certificate);
  if (broken !== undefined) {
    errors.push(invalidValue(fieldPath('status', 'certificate'), '<certificate data>', broken));
  }
  return errors;
}

/** Which parts a write may set: the decision belongs to `approval`, the certificate to `status`. */
export type CsrWrite = 'main' | 'approval' | 'status';

/** What a write through one of the three doors may not change. */
export function signingRequestChangeErrors(
  request: CertificateSigningRequest,
  old: CertificateSigningRequest,
  write: CsrWrite,
): FieldError[] {
  const errors: FieldError[] = [];
  const ofType = (object: CertificateSigningRequest, type: string): CertificateSigningRequestCondition[] =>
    (object.status?.conditions ?? []).filter((condition) => condition.type === type);
  for (const type of finalTypes) {
    if (ofType(request, type).length < ofType(old, type).length) {
      errors.push(
        forbiddenField(atConditions, `updates may not remove a condition of type ${goQuote(type)}`),
      );
    }
  }
  for (const type of write === 'approval' ? [] : decisions) {
    const before = ofType(old, type);
    const now = ofType(request, type);
    if (now.length > before.length) {
      errors.push(forbiddenField(atConditions, `updates may not add a condition of type ${goQuote(type)}`));
    } else if (now.length === before.length && !semanticEqual(now, before)) {
      errors.push(
        forbiddenField(atConditions, `updates may not modify a condition of type ${goQuote(type)}`),
      );
    }
  }
  const known = old.status?.certificate ?? '';
  if ((request.status?.certificate ?? '') === known) return errors;
  const atCertificate = fieldPath('status', 'certificate');
  if (write !== 'status')
    errors.push(forbiddenField(atCertificate, 'updates may not set certificate content'));
  else if (known !== '') {
    errors.push(forbiddenField(atCertificate, 'updates may not modify existing certificate content'));
  }
  return errors;
}
