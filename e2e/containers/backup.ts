import { beforeAll, describe, expect, it } from 'vitest';
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  commandsOf,
  createKubectl,
  kubectlsToTest,
  readmeBlocks,
  type ComposeCluster,
  type Kubectl,
} from '../support/index.ts';

/**
 * What docs/operators.md says of backup and restore, from one member of etcd to three: the cluster of `before` is saved and ends,
 * and goes on as that of `after`.
 */
export function backupBody(
  before: () => Promise<ComposeCluster>,
  after: () => Promise<ComposeCluster>,
): void {
  const [save = '', restore = ''] = readmeBlocks('docs/operators.md').get('Backup and restore') ?? [];

  describe.each(kubectlsToTest().slice(-1))('a cluster of docker-compose that is saved', (binary) => {
    let kubectl: Kubectl;
    let cluster: ComposeCluster;
    let file: string;
    beforeAll(async () => {
      cluster = await before();
      // The certificates stay, so the kubeconfig is good for both.
      kubectl = createKubectl(binary, cluster.kubeconfig);
      file = join(dirname(cluster.kubeconfig), 'backup');
    });
    const inOwnPlace = (line: string) =>
      line
        .replace(/ > backup$/, ` > '${file}'`)
        .replace('chmod 644 backup', `chmod 644 '${file}'`)
        .replace('$PWD/backup:', `${file}:`)
        .replaceAll('drydock_', `${cluster.project}_`);

    const threeMembers = (line: string) => line.replace(/ etcd$/, ' etcd etcd-2 etcd-3');

    it('is restored by the commands of the documentation: objects keep their UIDs, revisions go on, watches begin anew', async () => {
      await kubectl('create deployment kept --image=nginx --replicas=3');
      await kubectl('rollout status deployment/kept --timeout=60s');
      const identity =
        'get deployments,replicasets,pods,secrets -l app=kept -o jsonpath={.items[*].metadata.uid}';
      const nodes = 'get nodes node-0 node-1 node-2 -o jsonpath={.items[*].metadata.uid}';
      const known = [await kubectl(identity), await kubectl(nodes)];
      await cluster.script(inOwnPlace(save.trim()));
      expect(statSync(file).size).toBeGreaterThan(10_000);
      await kubectl('create configmap too-late');
      const revision = await kubectl('get configmap too-late -o jsonpath={.metadata.resourceVersion}');

      const [down = '', ...others] = commandsOf(restore).map(inOwnPlace).map(threeMembers);
      expect(down).toBe('docker-compose down');
      await cluster.script(down);
      const restored = await after();
      const said = await restored.script(others.join('\n'));
      expect(said).toMatch(/\d+ objects as of revision \d+ restored; revisions go on at \d+/);
      await restored.serves();

      expect([await kubectl(identity), await kubectl(nodes)]).toEqual(known);
      expect((await kubectl.try('get configmap too-late')).stderr).toContain('NotFound');
      await kubectl('create configmap later');
      expect(
        Number(await kubectl('get configmap later -o jsonpath={.metadata.resourceVersion}')),
      ).toBeGreaterThan(Number(revision));
      const resumed = `/api/v1/namespaces/default/configmaps?watch=1&timeoutSeconds=1&resourceVersion=${revision}`;
      expect(await kubectl(`get --raw ${resumed}`)).toContain('"code":410');
      await kubectl('scale deployment/kept --replicas=5');
      await kubectl('rollout status deployment/kept --timeout=60s');
    }, 300_000);
  });
}
