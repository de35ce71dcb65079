import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import * as k8s from '@kubernetes/client-node';
import { etcdctl, etcdInstalled, startEtcd } from '@drydock/store-etcd/etcd-server';
import { afterEach, describe, expect, it } from 'vitest';
import {
  eventually,
  hasProgram,
  newDataDir,
  removeDataDir,
  startClusterProcess,
  type ClusterProcess,
} from '../support/index.ts';

const namespace = 'default';
const mebibyte = 1024 * 1024;

/** Objects of a server, and what it has acknowledged of them. */
function writerOf(cluster: ClusterProcess) {
  const config = new k8s.KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  const core = config.makeApiClient(k8s.CoreV1Api);
  const create = (name: string, size: number) =>
    core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name, labels: { disk: 'full' } }, data: { text: 'x'.repeat(size) } },
    });
  return {
    core,
    create,
    /** Writes until a write is refused; answers what was acknowledged, and the refusal. */
    async fill(): Promise<{ acknowledged: Map<string, string>; refusal: k8s.V1Status }> {
      const acknowledged = new Map<string, string>();
      for (;;) {
        const name = `big-${acknowledged.size}`;
        try {
          acknowledged.set(name, (await create(name, mebibyte / 2)).metadata?.resourceVersion ?? '');
        } catch (error) {
          return {
            acknowledged,
            refusal: JSON.parse((error as k8s.ApiException<string>).body) as k8s.V1Status,
          };
        }
      }
    },
    async found(): Promise<Map<string, string>> {
      const { items } = await core.listNamespacedConfigMap({ namespace, labelSelector: 'disk=full' });
      return new Map(items.map(({ metadata }) => [metadata?.name ?? '', metadata?.resourceVersion ?? '']));
    },
  };
}

describe('a cluster whose store has no room left', () => {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  async function start(dataDir: string, ...args: readonly string[]): Promise<ClusterProcess> {
    const cluster = await startClusterProcess({ dataDir, args: ['--components', 'apiserver', ...args] });
    ends.push(() => cluster.stop());
    return cluster;
  }
  function folder(): string {
    const dataDir = newDataDir();
    ends.push(() => Promise.resolve(removeDataDir(dataDir)));
    return dataDir;
  }

  it.skipIf(!etcdInstalled() || !hasProgram('etcdctl'))(
    'on etcd: refuses writes in etcd’s words, reads and deletes, and goes on when there is room',
    async () => {
      const etcd = await startEtcd(['--quota-backend-bytes', String(12 * mebibyte)]);
      ends.push(() => etcd.dispose());
      const cluster = await start(folder(), '--store', 'etcd', '--etcd-servers', `http://${etcd.endpoint}`);
      const { core, create, fill, found } = writerOf(cluster);
      const { acknowledged, refusal } = await fill();
      expect(refusal).toMatchObject({ code: 500, message: 'etcdserver: mvcc: database space exceeded' });
      // The write that reached the bound is refused, and may be there; it is the only one.
      const there = await found();
      there.delete(`big-${acknowledged.size}`);
      expect(there).toEqual(acknowledged);
      const tooBig = core.createNamespacedSecret({
        namespace,
        body: { metadata: { name: 'two' }, stringData: { a: 'x'.repeat(800_000), b: 'x'.repeat(800_000) } },
      });
      await expect(tooBig).rejects.toThrow(/Too long: may not be more than 1048576 bytes/);

      await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'disk=full' });
      const { metadata } = await core.listNamespacedConfigMap({ namespace });
      etcdctl(etcd.endpoint, 'compaction', metadata?.resourceVersion ?? '');
      etcdctl(etcd.endpoint, 'defrag');
      etcdctl(etcd.endpoint, 'alarm', 'disarm');
      await eventually(() => create('later', mebibyte / 2), { timeoutMs: 30_000 });
      expect([...(await found()).keys()]).toEqual(['later']);
    },
  );

  /** Another size for a file system of its own at `path`, made where there is none; false where this machine allows none. */
  function diskOf(path: string, size: string): boolean {
    const mounted = spawnSync('mountpoint', ['-q', path]).status === 0;
    const options = ['-t', 'tmpfs', '-o', `${mounted ? 'remount,' : ''}size=${size}`, 'tmpfs', path];
    if (spawnSync('mount', options).status !== 0) return false;
    if (!mounted) ends.push(() => Promise.resolve(spawnSync('umount', ['--lazy', path])));
    return true;
  }

  it('embedded: refuses writes with the reason, reads on, goes on when there is room, and has lost nothing after kill -9', async ({
    skip,
  }) => {
    const dataDir = folder();
    mkdirSync(join(dataDir, 'store'));
    if (!diskOf(join(dataDir, 'store'), '12m')) skip('this machine allows no file system of its own');
    const cluster = await start(dataDir);
    const { create, fill, found } = writerOf(cluster);
    const { acknowledged, refusal } = await fill();
    expect(refusal).toMatchObject({
      code: 503,
      reason: 'ServiceUnavailable',
      message: 'the store of configmaps is not available: cannot write to the store: no space left on device',
    });
    expect(await found()).toEqual(acknowledged);
    diskOf(join(dataDir, 'store'), '24m');
    const later = await eventually(() => create('later', mebibyte / 2), { timeoutMs: 30_000 });
    acknowledged.set('later', later.metadata?.resourceVersion ?? '');
    await cluster.kill();
    expect(await writerOf(await start(dataDir)).found()).toEqual(acknowledged);
  });
});
