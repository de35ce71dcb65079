import * as k8s from '@kubernetes/client-node';
import { etcdInstalled, startEtcd, type EtcdServer } from '@drydock/store-etcd/etcd-server';
import { openEtcdStore } from '@drydock/store-etcd';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, newDataDir, removeDataDir, startClusterProcess } from '../support/index.ts';

const namespace = 'default';
const deployment = (name: string, replicas: number) => ({
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
  },
});

describe.skipIf(!etcdInstalled())('a cluster on etcd', () => {
  let etcd: EtcdServer;
  const dataDir = newDataDir();
  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(async () => {
    await etcd?.dispose();
    removeDataDir(dataDir);
  });
  const start = () =>
    startClusterProcess({ dataDir, args: ['--store', 'etcd', '--etcd-servers', `http://${etcd.endpoint}`] });
  function clients(kubeconfig: string) {
    const config = new k8s.KubeConfig();
    config.loadFromFile(kubeconfig);
    return { core: config.makeApiClient(k8s.CoreV1Api), apps: config.makeApiClient(k8s.AppsV1Api) };
  }

  it('runs Pods, keeps them under Kubernetes’ keys, and outlives kill -9 of etcd and of itself', async () => {
    let cluster = await start();
    const { core, apps } = clients(cluster.kubeconfig);
    await apps.createNamespacedDeployment({ namespace, body: deployment('web', 3) });
    const available = (which: ReturnType<typeof clients>, count: number) =>
      eventually(
        async () =>
          (await which.apps.readNamespacedDeployment({ namespace, name: 'web' })).status
            ?.availableReplicas === count,
        { timeoutMs: 60_000, what: `${count} replicas` },
      );
    await available({ core, apps }, 3);

    const store = await openEtcdStore({ endpoints: [etcd.endpoint] });
    const { entries } = await store.list('/registry/');
    await store.close();
    const keys = entries.map(({ key }) => key);
    expect(keys).toContain('/registry/apps/deployments/default/web');
    expect(keys.filter((key) => key.startsWith('/registry/core/pods/default/web-'))).toHaveLength(3);

    await etcd.kill();
    await etcd.start();
    await eventually(
      async () => {
        await apps.patchNamespacedDeploymentScale({
          namespace,
          name: 'web',
          body: [{ op: 'replace', path: '/spec/replicas', value: 5 }],
        });
        return true;
      },
      { timeoutMs: 60_000 },
    );
    await available({ core, apps }, 5);

    await cluster.kill();
    cluster = await start();
    const after = clients(cluster.kubeconfig);
    await after.core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'later' } } });
    await available(after, 5);
    const pods = await after.core.listNamespacedPod({ namespace });
    expect(pods.items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined)).toHaveLength(5);
    await cluster.stop();
  });
});
