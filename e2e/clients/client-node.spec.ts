import * as k8s from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, removeDataDir, startClusterProcess, type ClusterProcess } from '../support/index.ts';

describe('@kubernetes/client-node', () => {
  let cluster: ClusterProcess;
  let config: k8s.KubeConfig;
  let core: k8s.CoreV1Api;
  let apps: k8s.AppsV1Api;
  const namespace = 'default';

  beforeAll(async () => {
    cluster = await startClusterProcess({ args: ['--store', 'memory'] });
    config = new k8s.KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    core = config.makeApiClient(k8s.CoreV1Api);
    apps = config.makeApiClient(k8s.AppsV1Api);
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
  });

  it('creates, reads, replaces, patches and deletes with types', async () => {
    const body: k8s.V1ConfigMap = { metadata: { name: 'typed', labels: { a: 'b' } }, data: { x: '1' } };
    const created = await core.createNamespacedConfigMap({ namespace, body });
    expect(created.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date);
    const read = await core.readNamespacedConfigMap({ namespace, name: 'typed' });
    expect(read.data).toEqual({ x: '1' });
    const replaced = await core.replaceNamespacedConfigMap({
      namespace,
      name: 'typed',
      body: { ...read, data: { x: '2' } },
    });
    expect(Number(replaced.metadata?.resourceVersion)).toBeGreaterThan(
      Number(read.metadata?.resourceVersion),
    );
    await expect(
      core.replaceNamespacedConfigMap({ namespace, name: 'typed', body: { ...read, data: { x: '3' } } }),
    ).rejects.toMatchObject({ code: 409 });
    const patched = await core.patchNamespacedConfigMap(
      { namespace, name: 'typed', body: { data: { y: '4' } } },
      k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch),
    );
    expect(patched.data).toEqual({ x: '2', y: '4' });
    await core.deleteNamespacedConfigMap({ namespace, name: 'typed' });
    await expect(core.readNamespacedConfigMap({ namespace, name: 'typed' })).rejects.toMatchObject({
      code: 404,
    });
  });

  it('lists in pages that are consistent at one revision', async () => {
    for (let index = 0; index < 7; index++) {
      await core.createNamespacedSecret({
        namespace,
        body: { metadata: { name: `page-${index}`, labels: { page: 'yes' } }, stringData: { k: 'v' } },
      });
    }
    const names: string[] = [];
    let next: string | undefined;
    let revision: string | undefined;
    do {
      const page = await core.listNamespacedSecret({
        namespace,
        labelSelector: 'page=yes',
        limit: 3,
        _continue: next,
      });
      expect(page.items.length).toBeLessThanOrEqual(3);
      revision ??= page.metadata?.resourceVersion;
      expect(page.metadata?.resourceVersion).toBe(revision);
      // Written between the pages: not part of a list that began before.
      if (next === undefined)
        await core.createNamespacedSecret({
          namespace,
          body: { metadata: { name: 'page-9', labels: { page: 'yes' } } },
        });
      names.push(...page.items.map((item) => item.metadata?.name ?? ''));
      next = page.metadata?._continue || undefined;
    } while (next !== undefined);
    expect(names).toEqual([0, 1, 2, 3, 4, 5, 6].map((index) => `page-${index}`));
  });

  it('watches from a list', async () => {
    const list = await core.listNamespacedConfigMap({ namespace });
    const seen: [string, string][] = [];
    const watch = new k8s.Watch(config);
    const abort = await watch.watch(
      `/api/v1/namespaces/${namespace}/configmaps`,
      { resourceVersion: list.metadata?.resourceVersion },
      (type: string, object: k8s.V1ConfigMap) => seen.push([type, object.metadata?.name ?? '']),
      () => undefined,
    );
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'seen' } } });
    await core.deleteNamespacedConfigMap({ namespace, name: 'seen' });
    await eventually(() => seen.length >= 2);
    abort.abort();
    expect(seen).toEqual([
      ['ADDED', 'seen'],
      ['DELETED', 'seen'],
    ]);
  });

  it('feeds an informer', async () => {
    const informer = k8s.makeInformer(config, `/apis/apps/v1/namespaces/${namespace}/deployments`, () =>
      apps.listNamespacedDeployment({ namespace }),
    );
    const ready = new Promise<void>((resolve) => {
      informer.on('update', (deployment: k8s.V1Deployment) => {
        if (deployment.status?.availableReplicas === 2) resolve();
      });
    });
    await informer.start();
    const labels = { app: 'informed' };
    await apps.createNamespacedDeployment({
      namespace,
      body: {
        metadata: { name: 'informed' },
        spec: {
          replicas: 2,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
        },
      },
    });
    await ready;
    await informer.stop();
    await apps.deleteNamespacedDeployment({ namespace, name: 'informed' });
  });
});
