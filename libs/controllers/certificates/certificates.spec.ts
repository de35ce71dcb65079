import { X509Certificate } from 'node:crypto';
import { CertificateSigningRequest } from '@drydock/api/certificates/v1';
import { isNotFound } from '@drydock/base/apimachinery';
import {
  certificateReader,
  createCertificateSigner,
  loadCertificateMaker,
  type CertificatePair,
} from '@drydock/http';
import type { CertificateSigner } from '@drydock/port/certificates';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import {
  createCsrApprovingController,
  createCsrCleaner,
  createCsrSigningController,
  signerProblem,
  validity,
} from './index.ts';

let cluster: TestCluster;
let authority: CertificatePair;
let signer: CertificateSigner;
let make: Awaited<ReturnType<typeof loadCertificateMaker>>;
const client = 'kubernetes.io/kube-apiserver-client';
const kubelet = 'kubernetes.io/kube-apiserver-client-kubelet';
const usages = ['digital signature', 'client auth'];

beforeAll(async () => {
  make = await loadCertificateMaker();
  authority = await make.createCertificateAuthority('ca', Date.parse('2026-01-01T00:00:00Z'));
  signer = createCertificateSigner(authority);
});
beforeEach(async () => {
  cluster = await startCluster();
  cluster.run((deps) => createCsrSigningController(signer, deps));
});
afterEach(() => cluster.stop());

const requests = () => cluster.client.resource(CertificateSigningRequest);
const get = () => requests().get('one');

async function ask(
  signerName: string,
  wanted: Parameters<typeof make.createSigningRequest>[0],
  more: object = {},
): Promise<void> {
  const { request } = await make.createSigningRequest(wanted);
  await requests().create({
    metadata: { name: 'one' },
    spec: { request: btoa(request), signerName, usages, ...more },
  } as CertificateSigningRequest);
}
async function approve(): Promise<void> {
  const request = await get();
  const conditions = [{ type: 'Approved', status: 'True', reason: 'Test', message: '' }];
  await requests().updateSubresource('one', 'approval', { ...request, status: { conditions } } as never);
}
/** Signatures are made in real time, which the cluster's own clock knows nothing of. */
const until = (condition: () => Promise<boolean>) =>
  vi.waitFor(
    async () => {
      await cluster.settle();
      expect(await condition()).toBe(true);
    },
    { timeout: 20_000, interval: 5 },
  );
const certificate = async () => new X509Certificate(atob((await get()).status?.certificate ?? ''));
const conditions = async () =>
  ((await get()).status?.conditions ?? []).map(
    ({ type, reason, message }) => `${type} ${reason}: ${message}`,
  );

describe('certificatesigningrequest-signing-controller', () => {
  it('signs an approved request, and none before that', async () => {
    await ask(client, { commonName: 'jane', organizations: ['devs'] }, { expirationSeconds: 3_600 });
    await cluster.settle();
    expect((await get()).status?.certificate).toBeUndefined();
    await approve();
    await until(async () => (await get()).status?.certificate !== undefined);
    const issued = await certificate();
    expect(issued.subject).toBe('O=devs\nCN=jane');
    expect(issued.verify(new X509Certificate(authority.cert).publicKey)).toBe(true);
    expect(issued.ca).toBe(false);
    expect(issued.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(Date.parse(issued.validTo) - cluster.clock.now()).toBe(3_600_000);
  });

  it('fails what its signer does not sign', async () => {
    await ask(client, { commonName: 'jane' }, { usages: ['server auth'] });
    await approve();
    await until(async () => (await conditions()).length > 1);
    expect(await conditions()).toEqual([
      'Approved Test: ',
      'Failed SignerValidationFailure: invalid usage for client certificate: server auth',
    ]);
  });

  it('leaves the signers of others alone', async () => {
    await ask('example.org/mine', { commonName: 'jane' });
    await approve();
    await cluster.settle();
    expect((await get()).status?.certificate).toBeUndefined();
  });
});

describe('certificatesigningrequest-approving-controller', () => {
  const start = () => cluster.run((deps) => createCsrApprovingController(signer, deps));

  it('does not approve what it cannot recognize', async () => {
    start();
    await ask(client, { commonName: 'system:node:n', organizations: ['system:nodes'] });
    await cluster.settle();
    expect(await conditions()).toEqual([]);
  });

  it('asks whether a kubelet may', async () => {
    start();
    await ask(kubelet, { commonName: 'system:node:n', organizations: ['system:nodes'] });
    await until(async () => (await get()).status?.certificate !== undefined);
    expect(await conditions()).toEqual([
      'Approved AutoApproved: Auto approving kubelet client certificate after SubjectAccessReview.',
    ]);
  });
});

describe('certificatesigningrequest-cleaner-controller', () => {
  it('removes a request that nobody decided after a day', async () => {
    cluster.run((deps) => createCsrCleaner(certificateReader, deps));
    await ask('example.org/mine', { commonName: 'jane' });
    await cluster.clock.advance(23 * 3_600_000);
    expect((await get()).metadata.name).toBe('one');
    await cluster.clock.advance(3_600_000);
    await until(() => get().then(() => false, isNotFound));
  });

  it('removes a signed one after an hour', async () => {
    cluster.run((deps) => createCsrCleaner(certificateReader, deps));
    await ask(client, { commonName: 'jane' });
    await approve();
    await until(async () => (await get()).status?.certificate !== undefined);
    await cluster.clock.advance(3_600_000);
    await until(() => get().then(() => false, isNotFound));
  });
});

describe('the end of a certificate', () => {
  it('takes its request along', async () => {
    cluster.run((deps) => createCsrCleaner(certificateReader, deps));
    await ask(client, { commonName: 'jane' }, { expirationSeconds: 600 });
    await approve();
    await until(async () => (await get()).status?.certificate !== undefined);
    await cluster.clock.advance(590_000);
    expect(certificateReader.endMs(atob((await get()).status?.certificate ?? ''))).toBeGreaterThan(
      cluster.clock.now(),
    );
    await cluster.clock.advance(20_000);
    await until(() => get().then(() => false, isNotFound));
  });
});

describe('the rules of the signers', () => {
  const node = {
    commonName: 'system:node:n',
    organizations: ['system:nodes'],
    dnsNames: [],
    ipAddresses: [],
    emailAddresses: [],
    uris: [],
  };
  const serving = 'kubernetes.io/kubelet-serving';
  it.each([
    [kubelet, node, usages, undefined],
    [kubelet, node, [...usages, 'key encipherment'], undefined],
    [kubelet, { ...node, organizations: ['x'] }, usages, 'subject organization is not system:nodes'],
    [kubelet, { ...node, commonName: 'n' }, usages, 'subject common name does not begin with system:node:'],
    [kubelet, { ...node, dnsNames: ['n'] }, usages, 'DNS subjectAltNames are not allowed'],
    [kubelet, node, ['server auth'], 'usages did not match [client auth digital signature key encipherment]'],
    [serving, node, ['server auth'], 'DNS or IP subjectAltName is required'],
    [serving, { ...node, uris: ['u:n'], dnsNames: ['n'] }, [], 'URI subjectAltNames are not allowed'],
    [serving, { ...node, dnsNames: ['n'] }, ['digital signature', 'server auth'], undefined],
    [client, node, ['digital signature'], 'missing required usage for client certificate: client auth'],
  ])('%s', (name, content, given, problem) => {
    expect(signerProblem(name, content, given)).toBe(problem);
  });

  it('keep certificates within ten minutes and a year, and let them begin a little earlier', () => {
    const minute = 60_000;
    expect(validity(0, 1)).toEqual({ notBeforeMs: -5 * minute, notAfterMs: 10 * minute });
    expect(validity(0, undefined)).toEqual({
      notBeforeMs: -5 * minute,
      notAfterMs: 365 * 1440 * minute - 5 * minute,
    });
  });
});
