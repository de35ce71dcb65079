export {
  createApiServer,
  systemUserNamed,
  type ApiServer,
  type ApiServerDeps,
  type DoorOptions,
  type Doors,
} from './api-server.ts';
export { addKubeletFlags, createKubelets, kubeletFlags, type KubeletFlags } from './kubelets.ts';
export { openStore } from './open-store.ts';
export { rpcUsers } from './rpc-users.ts';
