import type { Secret, ServiceAccount } from '@drydock/api/core/v1';
import type { KubeObject } from '@drydock/base/apimachinery';
import { goQuote } from '@drydock/base/apimachinery';
import type { Clock, Random } from '@drydock/base/clock';
import type { TokenKeys } from '@drydock/port/tokens';
import type { UserInfo } from '../registry/types.ts';
import type { WatchCache } from '../watch-cache/index.ts';
import type { AuthenticatedToken } from './token-authenticator.ts';

/** The object a token lives and dies with. */
export interface BoundObject {
  readonly resource: 'pods' | 'secrets' | 'nodes';
  readonly name: string;
  /** Absent for a Node that is not there (yet). */
  readonly uid?: string | undefined;
}

export interface TokenWish {
  readonly account: ServiceAccount;
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly bound: readonly BoundObject[];
  /** Seconds after which clients are warned that they still use the token; absent for tokens that last as long as they say. */
  readonly warnAfterSeconds?: number;
}

export interface ServiceAccountTokenOptions {
  readonly keys: TokenKeys;
  /** `iss` of the tokens. */
  readonly issuer: string;
  /** What the API server itself is called in `aud`. Default: the issuer. */
  readonly audiences?: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly cache: Pick<WatchCache, 'peek'>;
  /** Told of each use of a token that is kept in a Secret. */
  readonly onLegacyUse?: (secret: Secret) => void;
}

export interface ServiceAccountTokens {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly keys: TokenKeys;
  issue(wish: TokenWish): string;
  /**
   * Undefined for what is no token of this issuer.
   * @throws Error in Kubernetes' words, for a token that is no longer, not yet, or not here good
   */
  authenticate(token: string, audiences: readonly string[]): AuthenticatedToken | undefined;
}

interface PrivateClaims {
  readonly namespace?: string;
  readonly serviceaccount?: { readonly name?: string; readonly uid?: string };
  readonly pod?: { readonly name?: string; readonly uid?: string };
  readonly secret?: { readonly name?: string; readonly uid?: string };
  readonly node?: { readonly name?: string; readonly uid?: string };
}

type Claims = Readonly<Record<string, unknown>>;

/** Names what a token says in `kubernetes.io`. */
const claimOf = { pods: 'pod', secrets: 'secret', nodes: 'node' } as const;
/** `iss` of tokens that last as long as the Secret they are kept in. */
const legacyIssuer = 'kubernetes/serviceaccount';
const invalidSinceLabel = 'kubernetes.io/legacy-token-invalid-since';
const maxRemembered = 4_096;
const seconds = (ms: number): number => Math.floor(ms / 1000);
const listText = (items: readonly string[]): string => `[${items.map(goQuote).join(' ')}]`;

/** The user and the groups that a service account is. */
export function serviceAccountUser(namespace: string, name: string, uid: string): UserInfo {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    ...(uid === '' ? {} : { uid }),
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
}

/** Issues and knows the tokens of service accounts (KEP-1205). A token dies with its account and with what it is bound to. */
export function createServiceAccountTokens(options: ServiceAccountTokenOptions): ServiceAccountTokens {
  const { keys, issuer, clock, random, cache } = options;
  const ownAudiences = options.audiences ?? [issuer];
  /** Signatures are checked once: the claims of tokens that were good, the last used ones. */
  const remembered = new Map<string, Claims>();

  function verified(token: string): Claims | undefined {
    const known = remembered.get(token);
    if (known !== undefined) return known;
    const claims = keys.verify(token);
    if (claims === undefined) return undefined;
    if (remembered.size >= maxRemembered) remembered.delete(remembered.keys().next().value!);
    remembered.set(token, claims);
    return claims;
  }

  const find = (resource: string, key: string): KubeObject | undefined =>
    cache.peek({ group: '', resource }, key)?.object;

  function requireBound(
    resource: string,
    key: string,
    bound: { readonly name?: string; readonly uid?: string } | undefined,
  ): void {
    if (bound === undefined) return;
    const found = find(resource, key);
    if (found?.metadata.uid !== bound.uid) throw new Error('service account token has been invalidated');
  }

  function requireAlive(own: PrivateClaims): void {
    const { namespace = '', serviceaccount = {}, pod, secret, node } = own;
    const { name = '', uid = '' } = serviceaccount;
    const account = find('serviceaccounts', `${namespace}/${name}`);
    if (account === undefined) throw new Error(`serviceaccounts ${goQuote(name)} not found`);
    if (account.metadata.uid !== uid) {
      throw new Error(`service account UID (${account.metadata.uid ?? ''}) does not match claim (${uid})`);
    }
    requireBound('secrets', `${namespace}/${secret?.name ?? ''}`, secret);
    requireBound('pods', `${namespace}/${pod?.name ?? ''}`, pod);
    // The node of a bound Pod is told, but it is the Pod that counts.
    if (pod === undefined) requireBound('nodes', node?.name ?? '', node);
  }

  function userOf(claims: Claims, own: PrivateClaims): UserInfo {
    const extra: Record<string, string[]> = {};
    const tell = (key: string, value: unknown): void => {
      if (typeof value === 'string' && value !== '') extra[`authentication.kubernetes.io/${key}`] = [value];
    };
    if (typeof claims['jti'] === 'string') tell('credential-id', `JTI=${claims['jti']}`);
    tell('node-name', own.node?.name);
    tell('node-uid', own.node?.uid);
    tell('pod-name', own.pod?.name);
    tell('pod-uid', own.pod?.uid);
    const { name = '', uid = '' } = own.serviceaccount ?? {};
    return { ...serviceAccountUser(own.namespace ?? '', name, uid), extra };
  }

  /** A token out of a Secret: good as long as the Secret holds it. */
  function authenticateLegacy(
    claims: Claims,
    token: string,
    audiences: readonly string[],
  ): AuthenticatedToken | undefined {
    const text = (key: string): string => {
      const value = claims[`kubernetes.io/serviceaccount/${key}`];
      return typeof value === 'string' ? value : '';
    };
    const namespace = text('namespace');
    const secretName = text('secret.name');
    const name = text('service-account.name');
    const uid = text('service-account.uid');
    const meant = ownAudiences.filter((one) => audiences.includes(one));
    if (meant.length === 0) return undefined;
    const secret = find('secrets', `${namespace}/${secretName}`) as Secret | undefined;
    if (secret === undefined || secret.metadata.deletionTimestamp || secret.data?.['token'] !== btoa(token))
      throw new Error('service account token has been invalidated');
    requireAlive({ namespace, serviceaccount: { name, uid } });
    options.onLegacyUse?.(secret);
    if (secret.metadata.labels?.[invalidSinceLabel]) {
      throw new Error(
        `the token in secret ${namespace}/${secretName} for service account ${namespace}/${name} has been marked invalid. ` +
          `Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '${invalidSinceLabel}' label from the secret to temporarily allow use of this token`,
      );
    }
    return { user: serviceAccountUser(namespace, name, uid), audiences: meant };
  }

  return {
    issuer,
    audiences: ownAudiences,
    keys,
    issue({ account, audiences, expirationSeconds, bound, warnAfterSeconds }) {
      const now = seconds(clock.now());
      const { name = '', namespace = '', uid = '' } = account.metadata;
      const own: Record<string, unknown> = { namespace };
      for (const one of [...bound].sort((a, b) => (a.resource < b.resource ? -1 : 1)))
        own[claimOf[one.resource]] =
          one.uid === undefined ? { name: one.name } : { name: one.name, uid: one.uid };
      own['serviceaccount'] = { name, uid };
      if (warnAfterSeconds !== undefined) own['warnafter'] = now + warnAfterSeconds;
      return keys.sign({
        aud: [...audiences],
        exp: now + expirationSeconds,
        iat: now,
        iss: issuer,
        jti: random.uuid(),
        'kubernetes.io': own,
        nbf: now,
        sub: `system:serviceaccount:${namespace}:${name}`,
      });
    },
    authenticate(token, audiences) {
      const claims = verified(token);
      if (claims?.['iss'] === legacyIssuer) return authenticateLegacy(claims, token, audiences);
      if (claims?.['iss'] !== issuer) return undefined;
      const now = seconds(clock.now());
      if (Number(claims['exp']) <= now) throw new Error('service account token has expired');
      if (Number(claims['nbf']) > now) throw new Error('service account token is not valid yet');
      const meant = [claims['aud']].flat().filter((one) => typeof one === 'string');
      const common = meant.filter((one) => audiences.includes(one));
      if (common.length === 0) {
        throw new Error(
          `token audiences ${listText(meant)} is invalid for the target audiences ${listText(audiences)}`,
        );
      }
      const own = (claims['kubernetes.io'] ?? {}) as PrivateClaims;
      requireAlive(own);
      return { user: userOf(claims, own), audiences: common };
    },
  };
}
