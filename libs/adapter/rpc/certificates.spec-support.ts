import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

export interface KeyPair {
  readonly key: string;
  readonly certificate: string;
}

export interface Authority {
  readonly certificate: string;
  /** A certificate for a server at 127.0.0.1 or for a client. */
  issue(subject: string): Promise<KeyPair>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const validity = () => ({
  notBefore: new Date(Date.now() - 60_000),
  notAfter: new Date(Date.now() + 3_600_000),
});

async function pemOf(key: Awaited<ReturnType<typeof crypto.subtle.importKey>>): Promise<string> {
  const base64 = Buffer.from(await crypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${base64.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
}

/** A certificate authority for one test. */
export async function createAuthority(name: string): Promise<Authority> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
    ...validity(),
  });
  return {
    certificate: root.toString('pem'),
    async issue(subject) {
      const own = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const leaf = await x509.X509CertificateGenerator.create({
        subject,
        issuer: root.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [
          new x509.SubjectAlternativeNameExtension([
            { type: 'ip', value: '127.0.0.1' },
            { type: 'dns', value: 'apiserver' },
            { type: 'dns', value: 'localhost' },
          ]),
        ],
        ...validity(),
      });
      return { key: await pemOf(own.privateKey), certificate: leaf.toString('pem') };
    },
  };
}
