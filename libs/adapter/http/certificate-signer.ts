import type { CertificateSigner, SigningRequestContent } from '@drydock/port/certificates';
import type { CertificatePair } from './certificates.ts';

/** Signs for an authority. The library is loaded with the first request. */
export function createCertificateSigner(authority: CertificatePair): CertificateSigner {
  const maker = () => import('./certificates.ts');
  return {
    read: async (request): Promise<SigningRequestContent> => (await maker()).readSigningRequest(request),
    sign: async (request, options) => (await maker()).signRequest(authority, request, options),
  };
}
