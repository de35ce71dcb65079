import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import { byteLength, required, tooLong, validateDns1123Subdomain } from '@drydock/base/apimachinery';
import { textErrors } from './checks.ts';

const maxBytes = 63;

/** The name of a CSI driver: a DNS subdomain in any case, of at most 63 bytes. An empty one is wrong in two ways. */
export function driverNameErrors(name: string | undefined, where: FieldPath): FieldError[] {
  const given = name ?? '';
  return [
    ...(given === '' ? [required(where)] : []),
    ...(byteLength(given) > maxBytes ? [tooLong(where, maxBytes)] : []),
    ...textErrors(validateDns1123Subdomain(given.toLowerCase()), given, where),
  ];
}
