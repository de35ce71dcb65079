import { describe, expect, it } from 'vitest';
import type { CertificateSigningRequest } from '@drydock/api/certificates/v1';
import type { CertificateReader, SigningRequestContent } from '@drydock/port/certificates';
import { endOf } from './cleaner.ts';
import { isOwnSigner, kubeletClientProblem, signerProblem } from './signers.ts';
import { validity } from './signing.ts';

// The facts of kube-controller-manager's own tables about certificates.

const nowMs = Date.parse('2026-03-01T00:00:00Z');
const kubelet: SigningRequestContent = {
  commonName: 'system:node:a',
  organizations: ['system:nodes'],
  dnsNames: [],
  emailAddresses: [],
  ipAddresses: [],
  uris: [],
};
const [client, kubeletClient, serving] = [
  'kube-apiserver-client',
  'kube-apiserver-client-kubelet',
  'kubelet-serving',
].map((name) => `kubernetes.io/${name}`) as [string, string, string];
const clientUsages = ['client auth', 'digital signature', 'key encipherment'];
const servingUsages = ['server auth', 'digital signature', 'key encipherment'];
const organization = 'subject organization is not system:nodes';
const commonName = 'subject common name does not begin with system:node:';

describe('what is signed', () => {
  it.each<[string, string, Partial<SigningRequestContent>, string[], string | undefined]>([
    ['a client', client, { commonName: 'hello-world', organizations: ['some-org'] }, clientUsages, undefined],
    ['a client by least', client, {}, ['client auth'], undefined],
    [
      'a client that serves',
      client,
      {},
      ['server auth', ...clientUsages],
      'invalid usage for client certificate: server auth',
    ],
    [
      'no client',
      client,
      {},
      ['digital signature'],
      'missing required usage for client certificate: client auth',
    ],
    ['a kubelet', kubeletClient, {}, clientUsages, undefined],
    ['a kubelet without RSA', kubeletClient, {}, ['client auth', 'digital signature'], undefined],
    [
      'a kubelet of another organization',
      kubeletClient,
      { organizations: ['other'] },
      clientUsages,
      organization,
    ],
    [
      'a kubelet of two organizations',
      kubeletClient,
      { organizations: ['system:nodes', 'other'] },
      clientUsages,
      organization,
    ],
    ['a kubelet of none', kubeletClient, { organizations: [] }, clientUsages, organization],
    ['a kubelet of another name', kubeletClient, { commonName: 'a' }, clientUsages, commonName],
    [
      'a kubelet with a DNS name',
      kubeletClient,
      { dnsNames: ['a'] },
      clientUsages,
      'DNS subjectAltNames are not allowed',
    ],
    [
      'a kubelet with an address',
      kubeletClient,
      { ipAddresses: ['10.0.0.1'] },
      clientUsages,
      'IP subjectAltNames are not allowed',
    ],
    [
      'a kubelet with a mail address',
      kubeletClient,
      { emailAddresses: ['a@b'], ipAddresses: ['10.0.0.1'] },
      clientUsages,
      'Email subjectAltNames are not allowed',
    ],
    [
      'a kubelet with a URI',
      kubeletClient,
      { uris: ['x:y'] },
      clientUsages,
      'URI subjectAltNames are not allowed',
    ],
    [
      'a kubelet with a DNS name and another name',
      kubeletClient,
      { dnsNames: ['a'], commonName: 'a' },
      clientUsages,
      'DNS subjectAltNames are not allowed',
    ],
    [
      'a kubelet that serves',
      kubeletClient,
      {},
      servingUsages,
      'usages did not match [client auth digital signature key encipherment]',
    ],
    [
      'a kubelet that does more',
      kubeletClient,
      {},
      [...clientUsages, 'server auth'],
      'usages did not match [client auth digital signature key encipherment]',
    ],
    [
      'a kubelet that cannot sign',
      kubeletClient,
      {},
      ['client auth', 'key encipherment'],
      'usages did not match [client auth digital signature key encipherment]',
    ],
    ['a server', serving, { dnsNames: ['a'] }, servingUsages, undefined],
    [
      'a server without RSA',
      serving,
      { ipAddresses: ['10.0.0.1'] },
      ['server auth', 'digital signature'],
      undefined,
    ],
    [
      'a server of another organization',
      serving,
      { dnsNames: ['a'], organizations: [] },
      servingUsages,
      organization,
    ],
    ['a server of another name', serving, { dnsNames: ['a'], commonName: 'a' }, servingUsages, commonName],
    ['a server without a name', serving, {}, servingUsages, 'DNS or IP subjectAltName is required'],
    [
      'a server with a mail address',
      serving,
      { dnsNames: ['a'], emailAddresses: ['a@b'] },
      servingUsages,
      'Email subjectAltNames are not allowed',
    ],
    [
      'a server with a URI',
      serving,
      { dnsNames: ['a'], uris: ['x:y'] },
      servingUsages,
      'URI subjectAltNames are not allowed',
    ],
    [
      'a server that is a client',
      serving,
      { dnsNames: ['a'], commonName: 'a' },
      clientUsages,
      'usages did not match [digital signature key encipherment server auth]',
    ],
  ])('%s', (_title, signer, content, usages, expected) => {
    expect(signerProblem(signer, { ...kubelet, ...content }, usages)).toBe(expected);
    if (signer === kubeletClient)
      expect(kubeletClientProblem({ ...kubelet, ...content }, usages)).toBe(expected);
  });

  it.each([
    [client, true],
    [kubeletClient, true],
    [serving, true],
    ['kubernetes.io/not-recognised', false],
    ['example.com/sample-name', false],
  ])('%s is ours: %s', (signer, expected) => expect(isOwnSigner(signer)).toBe(expected));

  const minute = 60_000;
  const year = 365 * 24 * 60;
  it.each<[asked: number | undefined, minutes: number]>([
    [undefined, year - 5],
    [(year + 1) * 60, year - 5],
    [7200 * 60, 7200 - 5],
    [481 * 60, 481 - 5],
    [480 * 60, 480],
    [60 * 60, 60],
    [10 * 60, 10],
    [599, 10],
    [1, 10],
  ])('%s seconds asked for end in %d minutes', (asked, minutes) => {
    expect(validity(nowMs, asked)).toEqual({
      notBeforeMs: nowMs - 5 * minute,
      notAfterMs: nowMs + minutes * minute,
    });
  });
});

/** Certificates of which only the end is there. */
const certificates: CertificateReader = {
  endMs(text) {
    const ms = Date.parse(text);
    if (Number.isNaN(ms)) throw new Error('unreadable');
    return ms;
  },
};

describe('when requests go', () => {
  const at = (minutesAgo: number) => new Date(nowMs - minutesAgo * 60_000).toISOString();
  const request = (
    createdAgo: number,
    conditions: [type: string, minutesAgo: number | undefined][],
    issued = '',
  ) =>
    ({
      metadata: { name: 'r', creationTimestamp: at(createdAgo) },
      status: {
        certificate: btoa(issued),
        conditions: conditions.map(([type, ago]) => ({
          type,
          status: 'True',
          ...(ago === undefined ? {} : { lastUpdateTime: at(ago) }),
        })),
      },
    }) as CertificateSigningRequest;
  const [valid, ended, endsSoon] = ['2117-09-10T20:45:24Z', '2026-02-28T00:00:00Z', '2026-03-01T00:10:00Z'];
  it.each<[string, CertificateSigningRequest, leftMinutes: number]>([
    ['nobody looked at it', request(60, []), 23 * 60],
    ['nobody looked at it for a day', request(24 * 60, []), 0],
    ['it was denied', request(90, [['Denied', 30]]), 30],
    ['it was denied an hour ago', request(90, [['Denied', 60]]), 0],
    [
      'it failed',
      request(90, [
        ['Approved', 45],
        ['Failed', 40],
      ]),
      20,
    ],
    ['it was approved and issued', request(90, [['Approved', 59]], valid), 1],
    ['it was approved and issued long ago', request(1, [['Approved', 120]], valid), -60],
    ['its certificate ended', request(1, [['Approved', 50]], ended), -60 * 24 + 1 / 60_000],
    ['its certificate ends soon', request(1, [['Approved', 5]], endsSoon), 10 + 1 / 60_000],
    ['its certificate ended and it was not approved', request(1, [['Mine', 50]], ended), Infinity],
    ['it was approved and waits to be signed', request(9000, [['Approved', 8000]]), Infinity],
    ['it has a condition of somebody else', request(9000, [['Mine', 8000]]), Infinity],
    ['nobody knows when it was denied', request(9000, [['Denied', undefined]]), Infinity],
  ])('%s', (_title, given, left) => {
    expect((endOf(given, certificates) - nowMs) / 60_000).toBe(left);
  });

  it('never, where its certificate cannot be read', () => {
    expect(() => endOf(request(9000, [['Approved', 8000]], 'cert'), certificates)).toThrow('unreadable');
  });
});
