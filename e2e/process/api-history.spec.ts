import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  freePort,
  hasProgram,
  newDataDir,
  removeDataDir,
  startClusterProcess,
  startProcessCluster,
  startRecorder,
  type ClusterProcess,
  type ProcessCluster,
} from '../support/index.ts';

const wanted = process.env['CI'] === 'true';
const outside = hasProgram('nats-server') && hasProgram('etcd');
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
}, 60_000);

async function sound(recorder: Awaited<ReturnType<typeof startRecorder>>, least: number): Promise<void> {
  const { complaints, operations } = await recorder.judge();
  expect(complaints).toEqual([]);
  expect(operations).toBeGreaterThan(least);
}

describe('histories of concurrent clients are linearizable, and watches see each change once, in order', () => {
  it('in one process that is killed again and again', async () => {
    const dataDir = newDataDir();
    stops.push(() => Promise.resolve(removeDataDir(dataDir)));
    const port = String(await freePort());
    const args = ['--secure-port', port, '--components', 'apiserver'];
    const start = () => startClusterProcess({ dataDir, args });
    let cluster: ClusterProcess = await start();
    stops.push(() => cluster.stop());
    const recorder = await startRecorder(cluster.kubeconfig);
    for (let round = 0; round < 3; round++) {
      await recorder.more(40);
      await cluster.kill();
      cluster = await start();
    }
    await recorder.more(40);
    await sound(recorder, 200);
  });

  describe.skipIf(!outside && !wanted)('in separate processes on etcd and NATS, with two API servers', () => {
    let cluster: ProcessCluster;
    beforeAll(async () => {
      // The second server hears late of what was written through the first: all the same it must not answer with less.
      cluster = await startProcessCluster({
        ...{ store: 'etcd', eventBus: 'nats', apiservers: 2, only: [] },
        far: { 'apiserver-2': 25 },
      });
    });
    afterAll(() => cluster?.stop(), 60_000);

    it.each<[string, () => Promise<void>]>([
      [
        'whose API servers are killed in turn',
        async () => {
          for (const name of ['apiserver', 'apiserver-2']) {
            await cluster.kill(name);
            await pause(500);
            await cluster.start(name);
          }
        },
      ],
      [
        'whose etcd is killed',
        async () => {
          await cluster.kill('etcd');
          await cluster.start('etcd');
        },
      ],
      [
        'whose etcd, an API server and the aggregator stand still for a while',
        async () => {
          for (const name of ['etcd', 'apiserver', 'aggregator']) {
            cluster.part(name).signal('SIGSTOP');
            await pause(1_500);
            cluster.part(name).signal('SIGCONT');
          }
        },
      ],
      [
        'whose aggregator is killed and NATS is killed',
        async () => {
          for (const name of ['nats', 'aggregator']) {
            await cluster.kill(name);
            await cluster.start(name);
          }
        },
      ],
    ])('%s', async (_, fault) => {
      // One client in three through the aggregator, the others straight to either server.
      const servers = ['apiserver', 'apiserver-2'].map(
        (name) => `https://${cluster.part(name).addresses['https'] ?? ''}`,
      );
      const recorder = await startRecorder(cluster.kubeconfig, { seed: 7, servers, clients: 6 });
      await recorder.more(40);
      await fault();
      await recorder.more(40);
      await sound(recorder, 150);
    });
  });
});
