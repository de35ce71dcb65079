import { createDeploymentController } from '../deployment/index.ts';
import { createReplicaSetController } from '../replicaset/index.ts';
import { createReplicationControllerController } from '../replicationcontroller/index.ts';
export function createControllerManager(_o: any, deps: any): any {
  const ac = new AbortController();
  let r = false;
  return {
    name: 'controller-manager',
    ready: () => r,
    async start() {
      r = true;
      for (const f of [
        createDeploymentController,
        createReplicaSetController,
        createReplicationControllerController,
      ])
        void f(deps).run(ac.signal);
    },
    async stop() {
      ac.abort();
    },
  };
}
