import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

  it('get componentstatuses shows the parts of the control plane', async () => {
    const shown = await kubectl('get cs');
    for (const name of ['controller-manager', 'scheduler', 'etcd-0'])
      expect(shown).toMatch(new RegExp(`^${name}\\s+Healthy\\s+ok`, 'm'));
  });
});
