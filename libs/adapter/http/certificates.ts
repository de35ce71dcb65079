// The library's container wants the polyfill first.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** A certificate and its private key, PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateRequest {
  readonly commonName: string;
  /** Become the user's groups in a client certificate. */
  readonly organizations?: readonly string[];
  /** DNS names and IP addresses of a serving certificate. */
  readonly hosts?: readonly string[];
  /** `both`: a process that is called and calls others shows one certificate. */
  readonly usage: 'server' | 'client' | 'both';
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;
const caDays = 3650;
const leafDays = 365;

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

function name(commonName: string, organizations: readonly string[] = []): { [key: string]: string[] }[] {
  return [...organizations.map((organization) => ({ O: [organization] })), { CN: [commonName] }];
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}/g, '$&\n').trimEnd()}\n-----END PRIVATE KEY-----\n`;
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
}

function generate() {
  return webcrypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ]) as Promise<webcrypto.CryptoKeyPair>;
}

function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(15));
  return `01${Buffer.from(bytes).toString('hex')}`;
}

function alternativeNames(hosts: readonly string[] = []) {
  return hosts.map((host) => ({
    type: /^[\d.]+$|:/.test(host) ? ('ip' as const) : ('dns' as const),
    value: host,
  }));
}

/** Makes a certificate authority of its own (ECDSA P-256, ten years from `nowMs`). */
export async function createCertificateAuthority(
  commonName: string,
  nowMs: number,
): Promise<CertificatePair> {
  const keys = await generate();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: name(commonName),
    notBefore: new Date(nowMs - dayMs),
    notAfter: new Date(nowMs + caDays * dayMs),
    signingAlgorithm: algorithm,
    keys: keys as never,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
        true,
      ),
    ],
  });
  return { cert: `${certificate.toString('pem')}\n`, key: await exportKey(keys.privateKey) };
}

/** Issues a serving or client certificate (one year from `nowMs`). */
export async function issueCertificate(
  authority: CertificatePair,
  request: CertificateRequest,
  nowMs: number,
): Promise<CertificatePair> {
  const [keys, signingKey] = await Promise.all([generate(), importKey(authority.key)]);
  const issuer = new x509.X509Certificate(authority.cert);
  const names = alternativeNames(request.hosts);
  const usages = [
    ...(request.usage === 'client' ? [] : [x509.ExtendedKeyUsage.serverAuth]),
    ...(request.usage === 'server' ? [] : [x509.ExtendedKeyUsage.clientAuth]),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: name(request.commonName, request.organizations),
    issuer: issuer.subject,
    notBefore: new Date(nowMs - dayMs),
    notAfter: new Date(nowMs + leafDays * dayMs),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey as never,
    signingKey: signingKey as never,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(usages),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return { cert: `${certificate.toString('pem')}\n`, key: await exportKey(keys.privateKey) };
}

const keyUsages: Readonly<Record<string, x509.KeyUsageFlags>> = {
  'digital signature': x509.KeyUsageFlags.digitalSignature,
  'content commitment': x509.KeyUsageFlags.nonRepudiation,
  'key encipherment': x509.KeyUsageFlags.keyEncipherment,
  'data encipherment': x509.KeyUsageFlags.dataEncipherment,
  'key agreement': x509.KeyUsageFlags.keyAgreement,
  'encipher only': x509.KeyUsageFlags.encipherOnly,
  'decipher only': x509.KeyUsageFlags.decipherOnly,
  signing: x509.KeyUsageFlags.digitalSignature,
};
const extendedUsages: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  's/mime': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
  'netscape sgc': '2.16.840.1.113730.4.1',
};

async function parseRequest(pem: string): Promise<x509.Pkcs10CertificateRequest> {
  const request = new x509.Pkcs10CertificateRequest(pem);
  if (!(await request.verify())) throw new Error('the signature of the certificate request is wrong');
  return request;
}

function alternativesOf(request: x509.Pkcs10CertificateRequest) {
  return request.extensions.find((one) => one instanceof x509.SubjectAlternativeNameExtension);
}

/** A new key and a request (PEM) to sign a certificate for it. */
export async function createSigningRequest(
  wanted: Pick<CertificateRequest, 'commonName' | 'organizations' | 'hosts'>,
): Promise<{ readonly request: string; readonly key: string }> {
  const keys = await generate();
  const names = alternativeNames(wanted.hosts);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: name(wanted.commonName, wanted.organizations),
    keys: keys as never,
    signingAlgorithm: algorithm,
    extensions: names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : [],
  });
  return { request: `${request.toString('pem')}\n`, key: await exportKey(keys.privateKey) };
}

/** What a signing request (PEM) asks for. @throws Error when it cannot be read or its signature is wrong */
export async function readSigningRequest(pem: string) {
  const request = await parseRequest(pem);
  const names = alternativesOf(request)?.names.items ?? [];
  const ofType = (type: string) => names.filter((one) => one.type === type).map(({ value }) => value);
  return {
    commonName: request.subjectName.getField('CN').at(-1) ?? '',
    organizations: request.subjectName.getField('O'),
    dnsNames: ofType('dns'),
    ipAddresses: ofType('ip'),
    emailAddresses: ofType('email'),
    uris: ofType('url'),
  };
}

/** Signs a request (PEM) with these usages, for as long as is said and the authority lasts. */
export async function signRequest(
  authority: CertificatePair,
  pem: string,
  options: { readonly usages: readonly string[]; readonly notBeforeMs: number; readonly notAfterMs: number },
): Promise<string> {
  const [request, signingKey] = await Promise.all([parseRequest(pem), importKey(authority.key)]);
  const issuer = new x509.X509Certificate(authority.cert);
  const flags = options.usages.reduce((all, usage) => all | (keyUsages[usage] ?? 0), 0);
  const extended = options.usages.flatMap((usage) => extendedUsages[usage] ?? []);
  const names = alternativesOf(request);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: request.subject,
    issuer: issuer.subject,
    notBefore: new Date(Math.max(options.notBeforeMs, issuer.notBefore.getTime())),
    notAfter: new Date(Math.min(options.notAfterMs, issuer.notAfter.getTime())),
    signingAlgorithm: algorithm,
    publicKey: request.publicKey,
    signingKey: signingKey as never,
    extensions: [
      ...(flags === 0 ? [] : [new x509.KeyUsagesExtension(flags, true)]),
      ...(extended.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension([...new Set(extended)])]),
      new x509.BasicConstraintsExtension(false, undefined, true),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(names === undefined ? [] : [names]),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}
