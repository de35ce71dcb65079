import { forbidden } from '@drydock/base/apimachinery';
import {
  createExtensionCaller,
  createHttpsServer,
  createWebhookCaller,
  type HttpServer,
  type TlsMaterial,
} from '@drydock/http';
import type { Component } from '@drydock/port/component';
import type { HealthCheck } from '@drydock/port/health';
import type { KubeletConnector } from '@drydock/port/kubelet';
import type { Store } from '@drydock/port/store';
import type { TokenKeys } from '@drydock/port/tokens';
import {
  createRpcServer,
  createSnapshotService,
  type RpcCaller,
  type RpcServer,
  type RpcServerOptions,
} from '@drydock/rpc';
import {
  createAuthenticator,
  createFrontProxyAuthenticator,
  parseTokenFile,
  type FrontProxyOptions,
} from '@drydock/server/authn';
import {
  createApiServerCore,
  createServiceResolver,
  type ApiServerCore,
  type ExtensionAuthentication,
} from '@drydock/server/core';
import type { UserInfo } from '@drydock/server/registry';
import { definitionsWith } from '@drydock/server/resources';
import { createRestHandler } from '@drydock/server/rest';
import type { ApiOptions } from '../api-flags.ts';
import { readPem } from '../pem.ts';
import { apiServerChecks } from './health-checks.ts';
import { exposeObjectCounts } from './object-metrics.ts';
import { rpcUser } from './rpc-users.ts';
import type { ProcessDeps } from '../run.ts';
import type { StoreOptions } from '../store-flags.ts';

export interface ApiServerDeps extends ProcessDeps {
  /** Opened and closed by the caller. */
  readonly store: Store;
  readonly tokenKeys: TokenKeys;
  /** Certificate with which extension API servers are spoken to. */
  readonly frontProxyClient?: { readonly cert: string; readonly key: string } | undefined;
  /** What extension API servers are told about whom to believe. */
  readonly extensionAuthentication?: ExtensionAuthentication | undefined;
  /** Addresses that mean another one from here. */
  readonly hostAliases?: Readonly<Record<string, string>>;
  /** What `componentstatuses` tells of. Default: the store alone. */
  readonly components?: () => readonly { readonly name: string; readonly healthy: boolean }[];
}

/** How an API server is reached. */
export interface DoorOptions {
  readonly bindAddress: string;
  readonly securePort: number;
  readonly grpcPort: number;
  readonly tls: TlsMaterial;
  /** Who is believed about users; absent: nobody but the users themselves. */
  readonly frontProxy?: FrontProxyOptions | undefined;
  /** `host:port` that clients use, for `/api`. */
  readonly serverAddress: string;
  readonly kubelet?: KubeletConnector | undefined;
  /** Beside the store and the cache. */
  readonly checks?: readonly HealthCheck[];
  readonly rpc: Pick<RpcServerOptions, 'tls' | 'services' | 'cursor'> & Pick<RpcServerOptions, 'transport'>;
  /** Answers under way may take this long to end. */
  readonly drainMs?: number;
}

/** An API server's two doors: REST over HTTPS, gRPC. */
export interface Doors {
  readonly https: HttpServer;
  readonly rpc: RpcServer;
  /** Begins early with what the start needs. */
  prepare(): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface ApiServer extends Component {
  readonly core: ApiServerCore;
  doors(options: DoorOptions): Doors;
}

/** Who is what in the process itself: may do everything. */
export const systemUserNamed = (name: string): UserInfo => ({
  name,
  groups: ['system:masters', 'system:authenticated'],
});

/** An API server over a store, the same in one process with everything else and in its own. */
export function createApiServer(
  options: ApiOptions & Pick<StoreOptions, 'store'>,
  deps: ApiServerDeps,
): ApiServer {
  const { clock, random, logger, metrics, store, tokenKeys } = deps;
  const { tokenAuthFile } = options;
  const staticTokens =
    tokenAuthFile === undefined
      ? new Map<string, UserInfo>()
      : parseTokenFile(readPem(tokenAuthFile, '--token-auth-file'));
  const core: ApiServerCore = createApiServerCore(
    {
      serviceCidr: options.serviceClusterIpRange,
      authorizationMode: options.authorizationMode,
      bootstrapTokenAuth: options.bootstrapTokenAuth,
      eventTtlMs: options.eventTtlMs,
      maxRequestsInFlight: options.maxRequestsInFlight,
      maxMutatingRequestsInFlight: options.maxMutatingRequestsInFlight,
      disableAdmission: options.disableAdmissionPlugins,
      extensionAuthentication: deps.extensionAuthentication,
      // Others may write to etcd too: what they have written is waited for before a consistent read.
      cache: { defer: (run) => void setImmediate(run), exclusiveStore: options.store !== 'etcd' },
    },
    {
      definitions: definitionsWith(options.featureGates),
      ...{ store, clock, random, staticTokens, tokenKeys, logger },
      ...(deps.components === undefined ? {} : { components: deps.components }),
      extensions: createExtensionCaller({
        resolve: createServiceResolver(() => core.cache),
        ...(deps.hostAliases === undefined ? {} : { hostAliases: deps.hostAliases }),
        ...(deps.frontProxyClient === undefined ? {} : { client: deps.frontProxyClient }),
      }),
      webhooks: createWebhookCaller({ resolve: createServiceResolver(() => core.cache) }),
    },
  );

  exposeObjectCounts(core, metrics);

  function doors(given: DoorOptions): Doors {
    const direct = createAuthenticator(core.tokens);
    const drain = given.drainMs === undefined ? {} : { drainMs: given.drainMs };
    const handler = createRestHandler({
      registry: core.registry,
      ...(core.aggregation && { aggregation: core.aggregation }),
      authenticator:
        given.frontProxy === undefined ? direct : createFrontProxyAuthenticator(given.frontProxy, direct),
      authorizer: core.authorizer,
      classifier: core.classifier,
      limiter: core.limiter,
      tokenIssuer: core.serviceAccountTokens,
      ...(given.kubelet === undefined ? {} : { kubelet: given.kubelet }),
      ...{ clock, random, metrics },
      logger: logger.child({ component: 'rest' }),
      checks: [...apiServerChecks(() => core.ready()), ...(given.checks ?? [])],
      // Port 0 is whichever is free; which, is known once it listens.
      serverAddress: () => given.serverAddress.replace(/:0$/, `:${https.port}`),
    });
    const https: HttpServer = createHttpsServer({
      handler,
      host: given.bindAddress,
      port: given.securePort,
      tls: given.tls,
      threads: options.httpThreads,
      logger: logger.child({ component: 'https' }),
      ...drain,
    });
    // The whole store is for those who may do everything; without certificates, that is everybody on this machine.
    const allowAll = (caller: RpcCaller): void => {
      if (typeof given.rpc.transport !== 'function') return;
      const user = rpcUser(core)(caller);
      if (!user.groups.includes('system:masters'))
        throw forbidden(
          { group: '', resource: 'snapshots' },
          '',
          `User "${user.name}" is not in the group system:masters`,
        );
    };
    const rpc = createRpcServer({
      ...given.rpc,
      services: [...(given.rpc.services ?? []), createSnapshotService(() => store.list(''), allowAll)],
      address: given.bindAddress,
      port: given.grpcPort,
      logger: logger.child({ component: 'grpc' }),
      metrics,
      bytesOf: (object) => core.bytesOf(object),
      ...drain,
    });
    return {
      https,
      rpc,
      prepare: () => https.prepare?.(),
      async start() {
        await Promise.all([https.start(), rpc.start()]);
      },
      async stop() {
        await Promise.allSettled([https.stop(), rpc.stop()]);
      },
    };
  }

  return {
    name: 'apiserver',
    core,
    doors,
    ready: () => core.ready(),
    start: () => core.start(),
    stop: () => core.stop(),
  };
}
