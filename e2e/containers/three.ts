import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKubectl,
  eventually,
  kubectlsToTest,
  startLedger,
  type ComposeCluster,
  type Kubectl,
  type Ledger,
} from '../support/index.ts';

/** `deploy/three.env`: one of each may fail, and nothing is to be seen of it. */
export function threeBody(three: () => Promise<ComposeCluster>): void {
  describe.each(kubectlsToTest().slice(-1))('three members of each', (binary) => {
    let cluster: ComposeCluster;
    let kubectl: Kubectl;
    let ledger: Ledger;

    beforeAll(async () => {
      cluster = await three();
      kubectl = createKubectl(binary, cluster.kubeconfig);
      ledger = await startLedger(cluster.kubeconfig);
    }, 60_000);
    afterAll(() => ledger?.stop(), 90_000);

    it('are members of one cluster: of etcd, of NATS, and the nodes of two kubelet-sims', async () => {
      const members = await cluster.exec('etcd', 'etcdctl', 'member', 'list');
      expect(
        members
          .trim()
          .split('\n')
          .filter((line) => line.includes('started')),
      ).toHaveLength(3);
      await eventually(
        async () => (await kubectl('get nodes --no-headers')).match(/ Ready /g)?.length === 6,
        {
          timeoutMs: 60_000,
          what: 'six nodes',
        },
      );
    });

    it('serve on when one of each is killed at once, and when an API server stands still', async () => {
      await kubectl('create deployment spread --image=nginx:1 --replicas=6');
      await kubectl('rollout status deployment/spread --timeout=90s');
      const victims = ['etcd', 'nats', 'apiserver', 'controller-manager', 'scheduler'];
      await Promise.all(victims.map((victim) => cluster.kill(victim)));
      const rollOut = async (image: string) => {
        await eventually(() => kubectl(`set image deployment/spread nginx=${image}`), { timeoutMs: 60_000 });
        await eventually(() => kubectl('rollout status deployment/spread --timeout=90s'), {
          timeoutMs: 120_000,
        });
      };
      await Promise.all([ledger.more(50, 120_000), rollOut('nginx:2')]);
      await ledger.check();
      await Promise.all(victims.map((victim) => cluster.start(victim)));
      await eventually(() => cluster.exec('apiserver', 'node', 'healthy.mjs', '7443'), {
        timeoutMs: 60_000,
        what: 'the API server to be back',
      });
      // The API server that has served and published alone stands still for longer than the other one waits for it.
      await cluster.pause('apiserver-2');
      try {
        await Promise.all([ledger.more(30, 120_000), rollOut('nginx:3')]);
      } finally {
        await cluster.unpause('apiserver-2');
      }
      await Promise.all([ledger.more(20), cluster.allHealthy()]);
      await ledger.check();
    }, 300_000);
  });
}
