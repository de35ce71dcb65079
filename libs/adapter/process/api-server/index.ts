export {
  createApiServer,
  systemUserNamed,
  type ApiServer,
  type ApiServerDeps,
  type DoorOptions,
  type Doors,
} from './api-server.ts';
export { openStore } from './open-store.ts';
export { rpcUsers } from './rpc-users.ts';
