import type { CertificateSigningRequest } from '@drydock/api/certificates/v1';

/** Whether a condition of this type stands. Those of signing requests that stand are always true. */
export function stands({ status }: CertificateSigningRequest, type: string): boolean {
  return (status?.conditions ?? []).some((condition) => condition.type === type);
}

/** The request's PEM text. */
export function requestText({ spec }: CertificateSigningRequest): string {
  try {
    return atob(spec?.request ?? '');
  } catch {
    return '';
  }
}
