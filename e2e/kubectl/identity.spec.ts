import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadCertificateMaker } from '@drydock/http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKubectl,
  eventually,
  kubectlsToTest,
  removeDataDir,
  startClusterProcess,
  type ClusterProcess,
  type Kubectl,
} from '../support/index.ts';

/** Tokens, client certificates and what they may do, under RBAC. */
describe.each(kubectlsToTest())('identities with kubectl $version', (binary) => {
  let cluster: ClusterProcess;
  let kubectl: Kubectl;

  beforeAll(async () => {
    cluster = await startClusterProcess({ args: ['--store', 'memory', '--authorization-mode', 'RBAC'] });
    kubectl = createKubectl(binary, cluster.kubeconfig);
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
  });

  /** The same cluster without the administrator's certificate. */
  function stranger(name: string): Kubectl {
    const text = readFileSync(cluster.kubeconfig, 'utf8');
    const path = join(cluster.dataDir, `${name}.kubeconfig`);
    writeFileSync(path, text.replace(/^\s*client-(certificate|key)-data:.*\n/gm, ''));
    return createKubectl(binary, path);
  }

  it('create token gives a service account a token that says who it is', async () => {
    await kubectl('create serviceaccount robot');
    const token = (await kubectl('create token robot --duration=10m')).trim();
    const robot = stranger('robot');
    const reader = ['--token', token, 'get', 'configmaps'];
    expect((await robot.try(reader)).stderr).toContain(
      'User "system:serviceaccount:default:robot" cannot list resource "configmaps"',
    );
    await kubectl('create rolebinding robot-views --clusterrole=view --serviceaccount=default:robot');
    await eventually(async () => expect((await robot.try(reader)).code).toBe(0));
    expect((await robot.try(['--token', `${token}x`, 'get', 'configmaps'])).code).not.toBe(0);
    const short = await kubectl.try('create token robot --duration=1m');
    expect(short.stderr).toContain('may not specify a duration less than 10 minutes');
    const keys = await kubectl('get --raw /openid/v1/jwks');
    expect(JSON.parse(keys)).toMatchObject({ keys: [{ use: 'sig' }] });
    await kubectl('delete serviceaccount robot');
    await eventually(async () => expect((await robot.try(reader)).code).not.toBe(0));
  });

  it('certificate approve and deny decide on requests; what is approved is signed, and lets its owner in', async () => {
    const { createSigningRequest } = await loadCertificateMaker();
    const { request, key } = await createSigningRequest({ commonName: 'jane', organizations: ['devs'] });
    const csr = (name: string) => ({
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name },
      spec: {
        request: Buffer.from(request).toString('base64'),
        signerName: 'kubernetes.io/kube-apiserver-client',
        usages: ['client auth'],
        expirationSeconds: 3600,
      },
    });
    const list = { apiVersion: 'v1', kind: 'List', items: [csr('jane'), csr('mallory')] };
    await kubectl('apply -f -', { stdin: JSON.stringify(list) });
    expect(await kubectl('get csr jane')).toMatch(/kube-apiserver-client\s+kubernetes-admin\s+60m\s+Pending/);
    expect(await kubectl('certificate approve jane')).toBe(
      'certificatesigningrequest.certificates.k8s.io/jane approved\n',
    );
    await kubectl('certificate deny mallory');
    await eventually(async () => expect(await kubectl('get csr jane')).toContain('Approved,Issued'));
    expect(await kubectl('get csr mallory')).toContain('Denied');
    expect((await kubectl.try('certificate approve mallory')).code).not.toBe(0);
    const certificate = await kubectl(['get', 'csr', 'jane', '-o', 'jsonpath={.status.certificate}']);
    const folder = cluster.dataDir;
    writeFileSync(join(folder, 'jane.crt'), Buffer.from(certificate, 'base64'));
    writeFileSync(join(folder, 'jane.key'), key);
    const files = [
      '--client-certificate',
      join(folder, 'jane.crt'),
      '--client-key',
      join(folder, 'jane.key'),
    ];
    const refused = await stranger('jane').try([...files, 'get', 'nodes']);
    expect(refused.stderr).toContain('User "jane" cannot list resource "nodes"');
    await kubectl('create clusterrolebinding devs-view --clusterrole=cluster-admin --group=devs');
    await eventually(async () =>
      expect((await stranger('jane').try([...files, 'get', 'nodes'])).code).toBe(0),
    );
    await kubectl('delete csr jane mallory');
  });

  it('get componentstatuses shows the parts of the control plane', async () => {
    const shown = await kubectl('get cs');
    for (const name of ['controller-manager', 'scheduler', 'etcd-0'])
      expect(shown).toMatch(new RegExp(`^${name}\\s+Healthy\\s+ok`, 'm'));
  });
});
