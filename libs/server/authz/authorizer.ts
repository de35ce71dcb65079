import type { UserInfo } from '../registry/types.ts';

/** One thing that somebody wants to do. */
export interface AuthorizationRequest {
  readonly user: UserInfo;
  readonly verb: string;
  /** Set for resources; absent for other paths. */
  readonly resource?: {
    readonly group: string;
    readonly version: string;
    readonly resource: string;
    readonly subresource: string;
    readonly namespace: string;
    readonly name: string;
  };
  /** Set for paths that are no resources, such as `/healthz`. */
  readonly path?: string;
}

/** `denied` forbids whatever others say; neither allowed nor denied is no opinion. */
export interface AuthorizationDecision {
  readonly allowed: boolean;
  readonly denied?: boolean;
  readonly reason?: string;
  readonly evaluationError?: string;
}

export interface ResourceRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface NonResourceRule {
  readonly verbs: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

/** What a user may do in one namespace, as far as it can be listed. */
export interface AuthorizationRules {
  readonly resourceRules: readonly ResourceRule[];
  readonly nonResourceRules: readonly NonResourceRule[];
  /** There may be more than the lists say. */
  readonly incomplete: boolean;
  readonly evaluationError?: string;
}

/** Decides who may do what. */
export interface Authorizer {
  authorize(request: AuthorizationRequest): AuthorizationDecision | Promise<AuthorizationDecision>;
  rulesFor(user: UserInfo, namespace: string): AuthorizationRules | Promise<AuthorizationRules>;
}

/** Allows everybody everything, as `--authorization-mode=AlwaysAllow` does. */
export const alwaysAllow: Authorizer = {
  authorize: () => ({ allowed: true }),
  rulesFor: () => ({
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
    incomplete: false,
  }),
};
