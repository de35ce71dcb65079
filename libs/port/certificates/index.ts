export type { CertificateSigner, SigningOptions, SigningRequestContent } from './certificates.ts';
