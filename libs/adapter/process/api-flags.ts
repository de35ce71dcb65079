import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import type { FeatureGates } from '@drydock/server/resources';
import { addAdmissionFlags, disabledPlugins } from './admission-plugins.ts';
import { authorizationMode, type AuthorizationMode } from './authorization-mode.ts';
import { featureGatesFlag } from './feature-gates.ts';
import { boolean, duration, flag, integer } from './flags.ts';

/** What an API server does with requests, in one process with everything else or in its own. */
export interface ApiOptions {
  readonly serviceClusterIpRange: string;
  readonly authorizationMode: AuthorizationMode;
  /** How long events are kept. */
  readonly eventTtlMs: number;
  /** How many requests are served at once, both together; 0 and 0: any number. */
  readonly maxRequestsInFlight: number;
  readonly maxMutatingRequestsInFlight: number;
  /** Threads for connections, TLS and HTTP. */
  readonly httpThreads: number;
  /** Admission plugins that are left out. */
  readonly disableAdmissionPlugins: readonly string[];
  /** CSV file of static tokens, in kube-apiserver's format. */
  readonly tokenAuthFile: string | undefined;
  /** Whether bootstrap tokens, Secrets of `kube-system`, say who sends a request. */
  readonly bootstrapTokenAuth: boolean;
  readonly featureGates: FeatureGates;
}

/** `--service-cluster-ip-range`, `--event-ttl`, how many requests are served at once, and by which threads. */
export function addApiFlags(command: Command): Command {
  return command
    .addOption(flag('--service-cluster-ip-range <cidr>', 'addresses of Services').default('10.96.0.0/12'))
    .addOption(
      flag('--event-ttl <duration>', 'how long events are kept').argParser(duration).default(3_600_000, '1h'),
    )
    .addOption(
      flag('--max-requests-inflight <count>', 'requests served at once, with the other of its kind')
        .argParser(integer(0, 1_000_000))
        .default(400),
    )
    .addOption(
      flag('--max-mutating-requests-inflight <count>', '… of which the priority levels have their shares')
        .argParser(integer(0, 1_000_000))
        .default(200),
    )
    .addOption(
      flag('--http-threads <count>', 'threads for connections, TLS and HTTP; 0: the one for all the rest')
        .argParser(integer(0, 64))
        // With one core there is nobody to share the work with.
        .default(availableParallelism() > 1 ? 1 : 0, '1; with one core 0'),
    )
    .addOption(featureGatesFlag());
}

/** `--token-auth-file`, `--enable-bootstrap-token-auth` and `--authorization-mode`, and those of the admission plugins. */
export function addAccessFlags(command: Command): Command {
  command
    .optionsGroup('Authentication and authorization:')
    .addOption(flag('--token-auth-file <file>', 'static tokens: token,user,uid,"group1,group2"'))
    .addOption(
      flag(
        '--enable-bootstrap-token-auth [bool]',
        'Secrets of type bootstrap.kubernetes.io/token in kube-system say who comes with their tokens',
      )
        .argParser(boolean)
        .default(false),
    )
    .addOption(
      flag('--authorization-mode <list>', 'who may do what: AlwaysAllow, RBAC; of several one must allow')
        .argParser(authorizationMode)
        .default('AlwaysAllow'),
    );
  addAdmissionFlags(command);
  return command;
}

/** What these flags say. @throws Error of one line where they contradict each other */
export function apiOptions(raw: Readonly<Record<string, unknown>>): ApiOptions {
  const given = raw as {
    serviceClusterIpRange: string;
    authorizationMode: AuthorizationMode;
    eventTtl: number;
    maxRequestsInflight: number;
    maxMutatingRequestsInflight: number;
    httpThreads: number;
    tokenAuthFile?: string;
    enableBootstrapTokenAuth: boolean;
    featureGates: FeatureGates;
  };
  return {
    serviceClusterIpRange: given.serviceClusterIpRange,
    authorizationMode: given.authorizationMode,
    eventTtlMs: given.eventTtl,
    maxRequestsInFlight: given.maxRequestsInflight,
    maxMutatingRequestsInFlight: given.maxMutatingRequestsInflight,
    httpThreads: given.httpThreads,
    disableAdmissionPlugins: disabledPlugins(raw),
    tokenAuthFile: given.tokenAuthFile,
    bootstrapTokenAuth: given.enableBootstrapTokenAuth,
    featureGates: given.featureGates,
  };
}
