import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKubectl,
  kubectlsToTest,
  removeDataDir,
  startClusterProcess,
  type ClusterProcess,
  type Kubectl,
} from '../support/index.ts';

const manifest = (name: string, fields: { replicas?: number; image?: string; env?: boolean } = {}) =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      ...(fields.replicas === undefined ? {} : { replicas: fields.replicas }),
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [
            {
              name: 'c',
              image: fields.image ?? 'nginx:1.25',
              ...(fields.env === true ? { env: [{ name: 'A', value: '1' }] } : {}),
            },
          ],
        },
      },
    },
  });

describe.each(kubectlsToTest())('server-side apply with kubectl $version', (binary) => {
  let cluster: ClusterProcess;
  let kubectl: Kubectl;

  beforeAll(async () => {
    cluster = await startClusterProcess({ args: ['--store', 'memory'] });
    kubectl = createKubectl(binary, cluster.kubeconfig);
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
  });
  const apply = (args: string, stdin: string) => kubectl.try(`apply --server-side ${args} -f -`, { stdin });
  const managers = async (name: string) =>
    (
      await kubectl(
        `get deployment ${name} --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}`,
      )
    ).split(' ');

  it('creates, changes, and takes away what is no longer wanted', async () => {
    expect((await apply('', manifest('web', { replicas: 2, env: true }))).stdout).toBe(
      'deployment.apps/web serverside-applied\n',
    );
    await kubectl('rollout status deployment/web --timeout=15s');
    await apply('', manifest('web', { replicas: 3 }));
    expect(await kubectl('get deployment web -o jsonpath={.spec.replicas},{..containers[0].env}')).toBe('3,');
    expect(await managers('web')).toContain('kubectl');
    expect(await kubectl('get deployment web -o yaml')).not.toContain('managedFields');
  });

  it('tells of conflicts in Kubernetes’ words, and takes over by force', async () => {
    await apply('', manifest('shared', { replicas: 2 }));
    await kubectl('scale deployment shared --replicas=1');
    const refused = await apply(
      '--field-manager=other',
      manifest('shared', { replicas: 4, image: 'nginx:2' }),
    );
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('Apply failed with 2 conflicts: conflicts with "kubectl"');
    expect(refused.stderr).toContain('- .spec.replicas');
    expect(refused.stderr).toContain('- .spec.template.spec.containers[name="c"].image');
    const forced = await apply(
      '--field-manager=other --force-conflicts',
      manifest('shared', { replicas: 4, image: 'nginx:2' }),
    );
    expect(forced.stdout).toBe('deployment.apps/shared serverside-applied\n');
    expect(await kubectl('get deployment shared -o jsonpath={.spec.replicas}')).toBe('4');
    expect(await managers('shared')).toEqual(expect.arrayContaining(['kubectl', 'other']));
  });

  it('takes over from client-side apply', async () => {
    await kubectl('apply -f -', { stdin: manifest('moved', { replicas: 1, env: true }) });
    expect(await managers('moved')).toContain('kubectl-client-side-apply');
    expect((await apply('', manifest('moved', { replicas: 2 }))).stdout).toContain('serverside-applied');
    expect(await managers('moved')).not.toContain('kubectl-client-side-apply');
    expect(await kubectl('get deployment moved -o jsonpath={.spec.replicas},{..containers[0].env}')).toBe(
      '2,',
    );
  });

  it('shows beforehand what would change', async () => {
    await apply('', manifest('seen', { replicas: 1 }));
    const diff = await kubectl.try('diff --server-side -f -', { stdin: manifest('seen', { replicas: 5 }) });
    expect(diff.code).toBe(1);
    expect(diff.stdout).toMatch(/^-\s+replicas: 1$/m);
    expect(diff.stdout).toMatch(/^\+\s+replicas: 5$/m);
    expect(
      (await kubectl.try('diff --server-side -f -', { stdin: manifest('seen', { replicas: 1 }) })).code,
    ).toBe(0);
    expect((await apply('--dry-run=server', manifest('seen', { replicas: 7 }))).stdout).toBe(
      'deployment.apps/seen serverside-applied (server dry run)\n',
    );
    expect(await kubectl('get deployment seen -o jsonpath={.spec.replicas}')).toBe('1');
  });

  it('names the manager that each command says', async () => {
    await kubectl('create configmap named --from-literal=a=1 --field-manager=maker');
    await kubectl('label configmap named b=c --field-manager=labeller');
    await kubectl(['patch', 'configmap', 'named', '-p', '{"data":{"b":"2"}}', '--field-manager=patcher']);
    const entries = JSON.parse(
      await kubectl('get configmap named --show-managed-fields -o jsonpath={.metadata.managedFields}'),
    ) as { manager: string; operation: string }[];
    expect(entries.map(({ manager, operation }) => `${manager} ${operation}`).toSorted()).toEqual([
      'labeller Update',
      'maker Update',
      'patcher Update',
    ]);
  });

  it('refuses fields that are not declared', async () => {
    const refused = await apply(
      '--validate=false',
      manifest('web').replace('"replicas"', '"x"').replace('"selector"', '"foo":1,"selector"'),
    );
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('.spec.foo: field not declared in schema');
  });
});
