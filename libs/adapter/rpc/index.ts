export { acceptTokens } from './accept-tokens.ts';
export type { Authenticate, RpcCaller, TransportSource } from './caller.ts';
export type { RateLimit } from './rate-limiter.ts';
export type { RpcServer, RpcServerOptions, RpcServerTls, RpcService } from './rpc-server.ts';
export { createRpcServer } from './rpc-server.ts';
export type { RpcClientTls } from './channel.ts';
export type { RpcTransportOptions } from './rpc-transport.ts';
export { createRemoteKubelets, type RemoteKubelets, type RemoteKubeletsOptions } from './kubelet-client.ts';
export { createKubeletService } from './kubelet-service.ts';
export { createRpcTransport } from './rpc-transport.ts';
export { fromServiceError, grpcCodeOf, STATUS_TRAILER, toGrpcStatus } from './status-mapping.ts';
export {
  createSchedulerService,
  explainPod,
  type ExplainPodResponse,
  type NodeVerdict,
} from './scheduler-service.ts';
export {
  createControllerService,
  explainAutoscaler,
  type AutoscalerDecision,
  type AutoscalerMetric,
  type ControllerDecisions,
} from './controller-service.ts';
export { createSnapshotService, readSnapshot } from './snapshot-service.ts';
export { createAggregatorService, listBackends, type ListBackendsResponse } from './aggregator-service.ts';
