import { beforeAll, describe, expect, it } from 'vitest';
import { certificateReader } from './certificate-reader.ts';
import { createCertificateSigner } from './certificate-signer.ts';
import { loadCertificateMaker } from './index.ts';

describe('the end of a certificate', () => {
  let made: (notAfter: string) => Promise<string>;
  beforeAll(async () => {
    const make = await loadCertificateMaker();
    const authority = await make.createCertificateAuthority('ca', Date.parse('2026-01-01T00:00:00Z'));
    const { request } = await make.createSigningRequest({ commonName: 'jane' });
    made = (notAfter) =>
      createCertificateSigner(authority).sign(request, {
        usages: ['client auth'],
        notBeforeMs: Date.parse('2026-01-01T00:00:00Z'),
        notAfterMs: Date.parse(notAfter),
      });
  });

  it.each(['2026-03-01T00:00:00.000Z', '2027-12-31T23:59:59.000Z'])('%s', async (end) => {
    expect(new Date(certificateReader.endMs(await made(end))).toISOString()).toBe(end);
  });

  it('is that of the first of several', async () => {
    const [one, other] = [await made('2026-03-01T00:00:00Z'), await made('2026-04-01T00:00:00Z')];
    expect(certificateReader.endMs(`${one}${other}`)).toBe(Date.parse('2026-03-01T00:00:00Z'));
  });

  const pem = (text: string) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
  const unreadable = 'unable to parse certificate data: x509: malformed certificate';
  it.each([
    ['', 'expected the certificate associated with the CSR to be PEM encoded'],
    ['cert', 'expected the certificate associated with the CSR to be PEM encoded'],
    [pem(btoa('nothing')), unreadable],
    [pem(btoa('\x30\x84\x7f\xff\xff\xff')), unreadable],
    [pem(''), unreadable],
  ])('%j cannot be read', (text, message) => {
    expect(() => certificateReader.endMs(text)).toThrow(message);
  });
});
