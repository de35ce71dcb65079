import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSeededRandom } from '@drydock/base/clock';
import { createCertificateSigner, loadCertificateMaker } from '@drydock/http';
import { createClient } from '@drydock/machinery/client';
import type { ControllerDeps } from '@drydock/machinery/controller';
import { createInformerFactory } from '@drydock/machinery/informer';
import { noMetrics, silentLogger } from '@drydock/port/observability';
import { startRest, type RestServer } from '../../server/rest/rest.spec-support.ts';
import { createCsrApprovingController, createCsrSigningController } from './index.ts';

const token = 'abcdef.0123456789abcdef';
const nodes = 'system:bootstrappers:kubeadm:default-node-token';
const rbac = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';

describe('a kubelet that joins by a bootstrap token', () => {
  let server: RestServer;
  const stopper = new AbortController();
  let loops: Promise<unknown> = Promise.resolve();
  let authority: { readonly cert: string; readonly key: string };

  async function post(path: string, body: object, by?: string) {
    return server.call('POST', path, {
      body,
      ...(by === undefined ? {} : { headers: { authorization: `Bearer ${by}` } }),
    });
  }
  const bind = (name: string, role: string) =>
    post(rbac, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: nodes }],
    });
  const asked = async (by: string) => {
    const make = await loadCertificateMaker();
    const wanted = { commonName: 'system:node:n1', organizations: ['system:nodes'] };
    const { request } = await make.createSigningRequest(wanted);
    const signerName = 'kubernetes.io/kube-apiserver-client-kubelet';
    const usages = ['digital signature', 'client auth'];
    return post(
      requests,
      { metadata: { name: 'n1' }, spec: { request: btoa(request), signerName, usages } },
      by,
    );
  };
  interface Kept {
    readonly spec: { readonly username: string; readonly groups: readonly string[] };
    readonly status?: { readonly certificate?: string; readonly conditions?: readonly { message: string }[] };
  }

  beforeEach(async () => {
    server = await startRest({
      byToken: true,
      core: { authorizationMode: 'RBAC', bootstrapTokenAuth: true },
    });
    const { clock, transport } = server;
    const make = await loadCertificateMaker();
    authority = await make.createCertificateAuthority('ca', clock.now());
    const signer = createCertificateSigner(authority);
    const client = createClient(transport);
    const random = createSeededRandom(7);
    const informers = createInformerFactory(client, { clock, random, logger: silentLogger });
    const deps: ControllerDeps = {
      client,
      informers,
      clock,
      random,
      logger: silentLogger,
      metrics: noMetrics,
    };
    informers.start();
    loops = Promise.all(
      [createCsrApprovingController(signer, deps), createCsrSigningController(signer, deps)].map((loop) =>
        loop.run(stopper.signal),
      ),
    );
    const stringData = {
      ...{ 'token-id': 'abcdef', 'token-secret': '0123456789abcdef', 'auth-extra-groups': nodes },
      'usage-bootstrap-authentication': 'true',
    };
    await post('/api/v1/namespaces/kube-system/secrets', {
      metadata: { name: 'bootstrap-token-abcdef' },
      type: 'bootstrap.kubernetes.io/token',
      stringData,
    });
  });
  afterEach(async () => {
    stopper.abort(new Error('stopped'));
    await loops;
    await server.stop();
  });

  it('has its request approved and signed, as far as it is bound to the roles for that', async () => {
    expect((await asked('abcdef.fedcba9876543210')).status).toBe(401);
    const refused = await asked(token);
    expect([refused.status, refused.json.message]).toEqual([
      403,
      'certificatesigningrequests.certificates.k8s.io is forbidden: User "system:bootstrap:abcdef" cannot create resource "certificatesigningrequests" in API group "certificates.k8s.io" at the cluster scope',
    ]);
    await bind('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper');
    await bind(
      'kubeadm:node-autoapprove-bootstrap',
      'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    );
    expect((await asked(token)).status).toBe(201);
    const kept = async () => (await server.call('GET', `${requests}/n1`)).json as unknown as Kept;
    await vi.waitFor(
      async () => {
        await server.clock.advance(50);
        expect((await kept()).status?.certificate).toBeDefined();
      },
      { timeout: 20_000, interval: 5 },
    );
    const { spec, status } = await kept();
    expect(spec).toMatchObject({
      username: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers', nodes, 'system:authenticated'],
    });
    expect(status?.conditions?.map(({ message }) => message)).toEqual([
      'Auto approving kubelet client certificate after SubjectAccessReview.',
    ]);
    const certificate = new X509Certificate(atob(status?.certificate ?? ''));
    expect(certificate.subject).toBe('O=system:nodes\nCN=system:node:n1');
    expect(certificate.verify(new X509Certificate(authority.cert).publicKey)).toBe(true);
  });
});
