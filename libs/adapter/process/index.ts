export { advertisedHost, endpointAddress, gatewayIp, hostAliases } from './advertise.ts';
export {
  addClusterFlags,
  addNatsFlags,
  clusterOptions,
  natsFlags,
  type ClusterOptions,
  type NatsFlags,
} from './client-flags.ts';
export { writeClusterPki, type ClusterPkiOptions } from './cluster-pki.ts';
export { boolean, bytes, commaSeparated, duration, durationFrom, flag, integer } from './flags.ts';
export { addKubeletFlags, createKubelets, kubeletFlags, nodeAddress, type KubeletFlags } from './kubelets.ts';
export { openPkiFolder, type PkiFolder } from './pki-folder.ts';
export { readPem } from './pem.ts';
export { addressOf, createProcessServer, servingTls, type ProcessServerOptions } from './process-server.ts';
export { addGrpcFlag, createProcessRpcServer } from './process-rpc.ts';
export {
  parseProcessArguments,
  type Output,
  type ProcessInvocation,
  type ProcessProgram,
} from './program.ts';
export { runProcess, type ProcessDeps, type ProcessParts } from './run.ts';
export {
  addServingFlags,
  logLevels,
  pkiFile,
  servingOptions,
  type LogLevel,
  type ServingOptions,
} from './serving-flags.ts';
export { addAccessFlags, addApiFlags, apiOptions, type ApiOptions } from './api-flags.ts';
export { addStoreFlags, storeOptions, type StoreOptions } from './store-flags.ts';
