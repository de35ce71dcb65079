import { X509Certificate } from 'node:crypto';
import type { CertificateReader } from '@drydock/port/certificates';

export const certificateReader: CertificateReader = {
  endMs(pem) {
    if (!/-----BEGIN [^-]+-----/.test(pem))
      throw new Error('expected the certificate associated with the CSR to be PEM encoded');
    try {
      return new X509Certificate(pem).validToDate.getTime();
    } catch (cause) {
      throw new Error('unable to parse certificate data: x509: malformed certificate', { cause });
    }
  },
};
