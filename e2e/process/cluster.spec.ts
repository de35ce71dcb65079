import { clusterBody, quickAutoscaler, removeDataDir, startClusterProcess } from '../support/index.ts';

clusterBody('a cluster in one process', async () => {
  const args = Object.entries(quickAutoscaler).flatMap(([flag, value]) => [`--${flag}`, value]);
  const cluster = await startClusterProcess({ args: ['--store', 'memory', ...args] });
  return {
    kubeconfig: cluster.kubeconfig,
    async stop() {
      await cluster.stop();
      removeDataDir(cluster.dataDir);
    },
  };
});
