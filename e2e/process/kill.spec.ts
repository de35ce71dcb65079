import * as k8s from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { eventually, newDataDir, removeDataDir, startClusterProcess } from '../support/index.ts';

function clients(kubeconfig: string) {
  const config = new k8s.KubeConfig();
  config.loadFromFile(kubeconfig);
  return { core: config.makeApiClient(k8s.CoreV1Api), apps: config.makeApiClient(k8s.AppsV1Api) };
}

describe('kill -9 under load', () => {
  it('loses nothing that was acknowledged, and the controllers converge after the next start', async () => {
    const dataDir = newDataDir();
    const namespace = 'default';
    const acknowledged = new Map<string, string>();
    const first = await startClusterProcess({ dataDir });
    const { core, apps } = clients(first.kubeconfig);
    const labels = { app: 'survivor' };
    await apps.createNamespacedDeployment({
      namespace,
      body: {
        metadata: { name: 'survivor' },
        spec: {
          replicas: 20,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
        },
      },
    });
    let running = true;
    let highest = 0;
    const writers = Array.from({ length: 8 }, async (_, lane) => {
      for (let index = 0; running; index++) {
        const name = `load-${lane}-${index}`;
        try {
          const made = await core.createNamespacedConfigMap({
            namespace,
            body: { metadata: { name }, data: { lane: String(lane) } },
          });
          acknowledged.set(name, made.metadata?.uid ?? '');
          highest = Math.max(highest, Number(made.metadata?.resourceVersion));
        } catch {
          // The server is gone: what was not answered may or may not be there.
          return;
        }
      }
    });
    await eventually(() => acknowledged.size >= 300, { timeoutMs: 60_000 });
    await first.kill();
    running = false;
    await Promise.all(writers);

    const second = await startClusterProcess({ dataDir });
    try {
      const after = clients(second.kubeconfig);
      const list = await after.core.listNamespacedConfigMap({ namespace });
      const found = new Map(list.items.map((item) => [item.metadata?.name ?? '', item.metadata?.uid]));
      for (const [name, uid] of acknowledged) expect(found.get(name), name).toBe(uid);
      expect(Number(list.metadata?.resourceVersion)).toBeGreaterThanOrEqual(highest);
      await eventually(
        async () =>
          (await after.apps.readNamespacedDeployment({ namespace, name: 'survivor' })).status
            ?.availableReplicas === 20,
        { timeoutMs: 60_000 },
      );
      const pods = await after.core.listNamespacedPod({ namespace, labelSelector: 'app=survivor' });
      expect(pods.items.filter((pod) => pod.metadata?.deletionTimestamp === undefined)).toHaveLength(20);
      expect(new Set(pods.items.map((pod) => pod.status?.podIP)).size).toBe(20);
    } finally {
      await second.stop();
      removeDataDir(dataDir);
    }
  });
});
