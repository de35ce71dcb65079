import type { KubeObject } from '@drydock/base/apimachinery';
import type { Clock, Random } from '@drydock/base/clock';
import type { Component } from '@drydock/port/component';
import type { Logger } from '@drydock/port/observability';
import type { Store } from '@drydock/port/store';
import type { Transport } from '@drydock/port/transport';
import type { AdmissionPlugin } from '../admission/index.ts';
import {
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
  claimResize,
  createAdmission,
  createEquivalents,
  createNumberClaims,
  defaultIngressClass,
  defaultStorageClass,
  defaultTolerationSeconds,
  followPolicyTypes,
  limitRanger,
  mutatingPolicies,
  mutatingWebhooks,
  namespaceLifecycle,
  podSecurity,
  priority,
  rbacEscalation,
  resourceClaimStatus,
  resourceQuota,
  runtimeClass,
  serviceAccount,
  serviceIp,
  storageObjectInUseProtection,
  validatingPolicies,
  validatingWebhooks,
} from '../admission/index.ts';
import { alwaysAllow, createRbacAuthorizer, defaultPolicy, type Authorizer } from '../authz/index.ts';
import {
  createBootstrapTokens,
  createServiceAccountTokens,
  createTokenAuthenticator,
  type ServiceAccountTokens,
  type TokenAuthenticator,
} from '../authn/index.ts';
import type { TokenKeys } from '@drydock/port/tokens';
import { createTokenReviewDefinition } from '../resources/authentication/index.ts';
import {
  createComponentStatusDefinition,
  createServiceAccountDefinition,
  type ComponentHealth,
} from '../resources/core/index.ts';
import { createAuthorizationDefinitions } from '../resources/authorization/index.ts';
import { followDefinitions, maintainDefinitions } from '../custom-resources/index.ts';
import { createClassifier, followDangling, Limiter, type Classifier } from '../flow-control/index.ts';
import { createAggregation, keepLocalServices, type Aggregation } from '../aggregation/index.ts';
import type { ExtensionCaller } from '@drydock/port/extension';
import type { WebhookCaller } from '@drydock/port/webhook';
import type { Registry, ResourceDefinition, UserInfo } from '../registry/index.ts';
import {
  createInProcessTransport,
  createKnownBytes,
  createRegistry,
  type KnownBytes,
} from '../registry/index.ts';
import type { WatchCache, WatchCacheOptions } from '../watch-cache/index.ts';
import { createWatchCache } from '../watch-cache/index.ts';
import type { ServingAddress } from './bootstrap.ts';
import { bootstrapRoles } from './bootstrap-roles.ts';
import { publishExtensionAuthentication, type ExtensionAuthentication } from './extension-authentication.ts';
import { expireEvents } from './event-expiry.ts';
import { createLegacyTokenTracking } from './legacy-token-tracking.ts';
import { followServiceAddresses } from './service-addresses.ts';
import { clusterObjects, keepStanding } from './standing-objects.ts';
import {
  besideOthers,
  bootstrap,
  bootstrapFlowControl,
  bootstrapServiceRange,
  publishKubernetesService,
} from './bootstrap.ts';

export interface ApiServerCoreOptions {
  /** Addresses of Services. Default 10.96.0.0/12. */
  readonly serviceCidr?: string;
  /** Default 30000–32767. */
  readonly nodePorts?: { readonly first: number; readonly last: number };
  /** Who may do what, as kube-apiserver's flag of this name. Default AlwaysAllow. */
  readonly authorizationMode?: 'AlwaysAllow' | 'RBAC';
  /** `iss` of the tokens of service accounts. Default `https://kubernetes.default.svc.cluster.local`. */
  readonly serviceAccountIssuer?: string;
  /** What this server is called in the tokens' `aud`. Default: the issuer. */
  readonly apiAudiences?: readonly string[];
  /** Whether bootstrap tokens, Secrets of `kube-system`, say who sends a request. Default false. */
  readonly bootstrapTokenAuth?: boolean;
  /** How long events are kept after they were last written, milliseconds. Default one hour; 0 keeps them. */
  readonly eventTtlMs?: number;
  /**
   * How many requests are served at once, both together, divided among the priority levels; 0 and 0: any number. As
   * kube-apiserver's flags of these names. Default 400 and 200.
   */
  readonly maxRequestsInFlight?: number;
  readonly maxMutatingRequestsInFlight?: number;
  /** Admission plugins that are left out, by Kubernetes' names. */
  readonly disableAdmission?: readonly string[];
  /** What extension API servers are told about whom to believe. Default: nothing. */
  readonly extensionAuthentication?: ExtensionAuthentication | undefined;
  /** Limits and wake-up of the watch cache. */
  readonly cache?: Omit<WatchCacheOptions, 'store' | 'clock' | 'logger'>;
}

export interface ApiServerCoreDeps {
  /** Opened and closed by the caller. */
  readonly store: Store;
  readonly definitions: readonly ResourceDefinition[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Run after the built-in ones. */
  readonly plugins?: readonly AdmissionPlugin[];
  /** Static bearer tokens and whose they are. */
  readonly staticTokens?: ReadonlyMap<string, UserInfo>;
  /** Signs the tokens of service accounts. Without them there are none. */
  readonly tokenKeys?: TokenKeys | undefined;
  /** The parts that `componentstatuses` tells of. Default: the store alone. */
  readonly components?: () => readonly ComponentHealth[];
  /** Calls webhooks. Without it, those of admission are not asked, and custom resources that need one answer 500. */
  readonly webhooks?: WebhookCaller;
  /** Speaks with extension API servers. Without it APIServices of other servers are stored, and not acted on. */
  readonly extensions?: ExtensionCaller;
}

/** The API server without a wire: store, watch cache, admission, registry. */
export interface ApiServerCore extends Component {
  readonly registry: Registry;
  readonly cache: WatchCache;
  /** Knows bearer tokens: static ones, those of bootstrappers, those of service accounts. */
  readonly tokens: TokenAuthenticator;
  /** Issues the tokens of service accounts, where there are keys. */
  readonly serviceAccountTokens: ServiceAccountTokens | undefined;
  /** Decides who may do what: for the doors, and for reviews. */
  readonly authorizer: Authorizer;
  /** Tells under which FlowSchema and priority level a request is served. */
  readonly classifier: Classifier;
  /** The limits of the priority levels; undefined where there are none. */
  readonly limiter: Limiter | undefined;
  /** What is sent on to extension API servers, where they can be spoken with. */
  readonly aggregation: Aggregation | undefined;
  /** The registry as one user's transport, for what runs in this process. */
  transport(user: UserInfo): Transport;
  /** The same for who speaks with others by messages: objects that go in are given away. */
  messageTransport(user: UserInfo): Transport;
  /** The JSON of an object that a message transport gave, where there is some. */
  bytesOf(object: KubeObject): Uint8Array | undefined;
  /** Writes down where the server is reached: the endpoints of the `kubernetes` Service. After `start`. */
  publishAddress(address: ServingAddress): Promise<void>;
}

const hourMs = 3_600_000;
const policies = { group: 'admissionregistration.k8s.io', resource: 'validatingadmissionpolicies' };
const defaultIssuer = 'https://kubernetes.default.svc.cluster.local';

/** Who the server is to itself. */
export const systemUser: UserInfo = {
  name: 'system:apiserver',
  groups: ['system:masters', 'system:authenticated'],
};

/** Puts the core together. `start` fills the cache and makes the objects that every cluster has. */
export function createApiServerCore(options: ApiServerCoreOptions, deps: ApiServerCoreDeps): ApiServerCore {
  const { store, clock, random, definitions } = deps;
  const logger = deps.logger.child({ component: 'apiserver' });
  const cache = createWatchCache({ store, clock, logger, ...options.cache });
  const claims = options.cache?.exclusiveStore === false ? createNumberClaims(store, clock) : undefined;
  const ips = serviceIp({
    random,
    claims,
    ...(options.serviceCidr === undefined ? {} : { serviceCidr: options.serviceCidr }),
    ...(options.nodePorts === undefined ? {} : { nodePorts: options.nodePorts }),
  });
  const authorizer = options.authorizationMode === 'RBAC' ? createRbacAuthorizer(cache) : alwaysAllow;
  const { maxRequestsInFlight = 400, maxMutatingRequestsInFlight = 200 } = options;
  const seats = maxRequestsInFlight + maxMutatingRequestsInFlight;
  const limiter = seats > 0 ? new Limiter({ cache, clock, seats }) : undefined;
  const classifier = createClassifier(cache, limiter);
  const disabled = new Set(options.disableAdmission);
  const served = (): readonly ResourceDefinition[] => registry.definitions();
  const dispatching = { cache, authorizer, definitions: served, equivalents: createEquivalents(served) };
  const plugins: AdmissionPlugin[] = [
    namespaceLifecycle(),
    limitRanger(cache),
    serviceAccount(),
    podSecurity(cache),
    priority(cache),
    defaultTolerationSeconds(),
    defaultStorageClass(cache),
    storageObjectInUseProtection(),
    claimResize(),
    runtimeClass(),
    certificateApproval(authorizer),
    certificateSigning(authorizer),
    certificateSubjectRestriction(),
    defaultIngressClass(cache),
    rbacEscalation(authorizer),
    resourceClaimStatus(authorizer),
    ips,
    mutatingPolicies(dispatching),
    ...(deps.webhooks === undefined ? [] : [mutatingWebhooks({ ...dispatching, caller: deps.webhooks })]),
    validatingPolicies(dispatching),
    ...(deps.webhooks === undefined ? [] : [validatingWebhooks({ ...dispatching, caller: deps.webhooks })]),
    // Last, so that nothing is counted that others refuse.
    resourceQuota({ cache, transport: () => own }),
    ...(deps.plugins ?? []),
  ].filter((plugin) => !disabled.has(plugin.name));
  const tracking = createLegacyTokenTracking({ cache, clock, logger, transport: () => own });
  const accountTokens =
    deps.tokenKeys === undefined
      ? undefined
      : createServiceAccountTokens({
          keys: deps.tokenKeys,
          issuer: options.serviceAccountIssuer ?? defaultIssuer,
          ...(options.apiAudiences === undefined ? {} : { audiences: options.apiAudiences }),
          onLegacyUse: (secret) => tracking.used(secret),
          ...{ clock, random, cache },
        });
  const tokens = createTokenAuthenticator({
    staticTokens: deps.staticTokens ?? new Map<string, UserInfo>(),
    accounts: accountTokens,
    bootstrapTokens:
      options.bootstrapTokenAuth === true ? createBootstrapTokens({ clock, cache }) : undefined,
  });
  const registry: Registry = createRegistry({
    definitions: withServer(definitions, [
      ...createAuthorizationDefinitions(authorizer),
      createTokenReviewDefinition(tokens) as never,
      createServiceAccountDefinition(accountTokens) as never,
      ...(deps.components === undefined ? [] : [createComponentStatusDefinition(deps.components) as never]),
    ]),
    store,
    cache,
    clock,
    random,
    logger,
    admission: createAdmission(plugins),
  });
  const own = createInProcessTransport(registry, systemUser);
  const aggregation =
    deps.extensions === undefined
      ? undefined
      : createAggregation({
          ...{ registry, cache, clock, logger },
          caller: deps.extensions,
          transport: own,
          user: systemUser,
        });
  let running = false;
  /** What `start` began, to be ended in reverse. */
  const ends: (() => void | Promise<void>)[] = [];

  const bytes = createKnownBytes();
  function transportOf(user: UserInfo, known?: KnownBytes): Transport {
    const inner = createInProcessTransport(registry, user, known);
    return aggregation?.transport(inner, user) ?? inner;
  }

  async function tellExtensions(): Promise<void> {
    const { extensionAuthentication } = options;
    if (extensionAuthentication !== undefined)
      await publishExtensionAuthentication(registry, own, extensionAuthentication);
  }

  async function keepServices(): Promise<void> {
    if (registry.definition('apiregistration.k8s.io', 'v1', 'apiservices') === undefined) return;
    ends.push(await keepLocalServices({ registry, cache, logger, transport: own }));
  }
  let published: ServingAddress | undefined;

  async function stop(): Promise<void> {
    running = false;
    aggregation?.stop();
    for (let end = ends.pop(); end !== undefined; end = ends.pop()) await end();
    await claims?.stop();
    await cache.stop();
  }

  return {
    name: 'apiserver-core',
    registry,
    cache,
    tokens,
    serviceAccountTokens: accountTokens,
    authorizer,
    classifier,
    limiter,
    aggregation,
    transport: (user) => transportOf(user),
    messageTransport: (user) => transportOf(user, bytes),
    bytesOf: (object) => bytes.of(object),
    async start() {
      try {
        await cache.start();
        ends.push(ips.follow(cache));
        ends.push(followDefinitions({ registry, cache, random, logger, webhooks: deps.webhooks }));
        ends.push(maintainDefinitions({ transport: own, cache, clock, logger }));
        await Promise.all([
          besideOthers(() => bootstrap(registry, own)).then(() =>
            Promise.all([
              besideOthers(() => bootstrapRoles(registry, own, defaultPolicy)),
              besideOthers(() => tellExtensions()),
            ]),
          ),
          besideOthers(() => bootstrapFlowControl(registry, own)),
          besideOthers(() => bootstrapServiceRange(registry, own, ips.range)),
          keepServices(),
        ]);
        await besideOthers(() => publishKubernetesService(registry, own, ips.firstIp, undefined));
        if (registry.definition('networking.k8s.io', 'v1', 'ipaddresses') !== undefined)
          ends.push(followServiceAddresses({ cache, transport: own, logger }));
        if (registry.definition('flowcontrol.apiserver.k8s.io', 'v1', 'flowschemas') !== undefined)
          ends.push(followDangling({ cache, transport: own, clock, logger }));
        if (registry.definition(policies.group, 'v1', policies.resource) !== undefined)
          ends.push(followPolicyTypes({ cache, transport: own, definitions: served, logger }));
        if (accountTokens !== undefined) ends.push(tracking.follow());
        const ttlMs = options.eventTtlMs ?? hourMs;
        if (ttlMs > 0) ends.push(expireEvents({ cache, transport: own, clock, logger, ttlMs }));
        const kept = clusterObjects({
          ...{ registry, transport: own, serviceRange: ips.range, firstServiceIp: ips.firstIp },
          address: () => published,
        });
        ends.push(keepStanding({ cache, clock, logger, kept }));
        running = true;
        aggregation?.start();
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
    ready: () => running && cache.ready(),
    async publishAddress(address) {
      await besideOthers(() => publishKubernetesService(registry, own, ips.firstIp, address));
      published = address;
    },
  };
}

/** The definitions, those that need something of the server in the form that has it. */
function withServer(
  definitions: readonly ResourceDefinition[],
  own: readonly ResourceDefinition[],
): ResourceDefinition[] {
  const idOf = ({ group, version, resource }: ResourceDefinition): string =>
    `${group}/${version}/${resource}`;
  const known = new Map(own.map((one) => [idOf(one), one]));
  return definitions.map((one) => known.get(idOf(one)) ?? one);
}
