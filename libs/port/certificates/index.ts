export type {
  CertificateReader,
  CertificateSigner,
  SigningOptions,
  SigningRequestContent,
} from './certificates.ts';
