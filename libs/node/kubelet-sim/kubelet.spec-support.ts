import type { Pod } from '@drydock/api/core/v1';
import { startCluster, type TestCluster } from '../../controllers/shared/cluster.spec-support.ts';
import { createKubeletSim, type KubeletSim } from './index.ts';
import { loadContainers } from './node-agent.ts';

/** A cluster on a clock of its own, with simulated nodes whose containers start at once. */
export interface TestKubelet {
  readonly cluster: TestCluster;
  readonly sim: KubeletSim;
  stop(): Promise<void>;
}

export async function startKubelet(nodes: number): Promise<TestKubelet> {
  const cluster = await startCluster();
  // Loading takes time that is not the clock's.
  await loadContainers();
  const sim = createKubeletSim({ nodes, startDelayMs: 0 }, cluster.deps);
  const starting = sim.start();
  await cluster.settle();
  await starting;
  return {
    cluster,
    sim,
    async stop() {
      await sim.stop();
      await cluster.stop();
    },
  };
}

/** A Pod of one container `c` on the first node. */
export function podOnNode(
  name: string,
  container: object,
  spec: object = {},
  annotations: Record<string, string> = {},
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, annotations },
    spec: {
      nodeName: 'node-0',
      serviceAccountName: 'default',
      containers: [{ name: 'c', image: 'nginx:1', ...container }],
      ...spec,
    },
  } as Pod;
}
