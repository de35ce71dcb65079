import { loadCertificateMaker } from '@drydock/http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UserInfo } from '../registry/index.ts';
import { startRest, type RestServer } from '../rest/rest.spec-support.ts';

const admin: UserInfo = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
const jane: UserInfo = { name: 'jane', groups: ['system:authenticated'] };
const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
let server: RestServer;
let user: UserInfo;

beforeEach(async () => {
  user = admin;
  server = await startRest({ core: { authorizationMode: 'RBAC' }, user: () => user });
});
afterEach(() => server.stop());

async function ask(organizations: string[], signerName = 'kubernetes.io/kube-apiserver-client') {
  const { createSigningRequest } = await loadCertificateMaker();
  const { request } = await createSigningRequest({ commonName: 'x', organizations });
  return server.call('POST', path, {
    body: {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: 'one' },
      spec: { request: btoa(request), signerName, usages: ['client auth'] },
    },
  });
}
const grant = async (...rules: object[]) => {
  const group = 'rbac.authorization.k8s.io';
  const base = `/apis/${group}/v1`;
  const metadata = { generateName: 'jane-' };
  const { json } = await server.call('POST', `${base}/clusterroles`, {
    body: { apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata, rules },
  });
  await server.call('POST', `${base}/clusterrolebindings`, {
    body: {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: json.metadata.name },
      subjects: [{ apiGroup: group, kind: 'User', name: 'jane' }],
    },
  });
};
const approve = () =>
  server.call('PATCH', `${path}/one/approval`, {
    type: 'application/merge-patch+json',
    body: { status: { conditions: [{ type: 'Approved', status: 'True', reason: 'Ok', message: '' }] } },
  });
const rule = (resources: string[], verbs: string[], resourceNames?: string[]) => ({
  ...{ apiGroups: ['certificates.k8s.io'], resources, verbs, resourceNames },
});

describe('certificate signing requests', () => {
  it('of superusers are refused', async () => {
    const { status, json } = await ask(['devs', 'system:masters']);
    expect([status, json.message]).toEqual([
      403,
      'certificatesigningrequests.certificates.k8s.io "one" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
    ]);
    expect((await ask(['devs'])).status).toBe(201);
  });

  it('are decided by those who may for their signer', async () => {
    await ask(['devs']);
    await grant(rule(['certificatesigningrequests/approval'], ['update', 'patch']));
    user = jane;
    expect((await approve()).json.message).toBe(
      'certificatesigningrequests.certificates.k8s.io "one" is forbidden: user not permitted to approve requests with signerName "kubernetes.io/kube-apiserver-client"',
    );
    user = admin;
    await grant(rule(['signers'], ['approve'], ['kubernetes.io/*']));
    user = jane;
    expect((await approve()).status).toBe(200);
  });

  it('take labels and annotations along with their decision', async () => {
    await ask(['devs']);
    const { json } = await server.call('PATCH', `${path}/one/approval`, {
      type: 'application/merge-patch+json',
      body: {
        metadata: { annotations: { decided: 'by hand' }, labels: { a: 'b' } },
        spec: { signerName: 'example.com/other' },
        status: { certificate: 'bm9uZQ==', conditions: [{ type: 'Approved', status: 'True', reason: 'Ok' }] },
      },
    });
    expect(json).toMatchObject({
      metadata: { name: 'one', annotations: { decided: 'by hand' }, labels: { a: 'b' } },
      spec: { signerName: 'kubernetes.io/kube-apiserver-client' },
      status: { conditions: [{ type: 'Approved' }] },
    });
    expect(json.status).not.toHaveProperty('certificate');
    expect((await server.call('GET', `${path}/one`)).json.metadata.annotations).toEqual({
      decided: 'by hand',
    });
  });

  it('are signed by those who may sign', async () => {
    await ask(['devs']);
    await grant(rule(['certificatesigningrequests/status'], ['patch']));
    user = jane;
    const fail = () =>
      server.call('PATCH', `${path}/one/status`, {
        type: 'application/merge-patch+json',
        body: { status: { conditions: [{ type: 'Failed', status: 'True', reason: 'No', message: '' }] } },
      });
    expect((await fail()).json.message).toContain('user not permitted to sign requests with signerName');
    user = admin;
    expect((await fail()).status).toBe(200);
  });
});
