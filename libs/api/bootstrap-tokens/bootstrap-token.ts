import { tryParseTime } from '@drydock/base/apimachinery';
import type { Secret } from '@drydock/api/core/v1';

/** Where the Secrets of bootstrap tokens are. */
export const tokenNamespace = 'kube-system';
const secretType = 'bootstrap.kubernetes.io/token';
const nameForm = /^bootstrap-token-([a-z0-9]{6})$/;
const tokenForm = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const groupForm = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;
/** Of everybody who shows a bootstrap token. */
const bootstrappers = 'system:bootstrappers';

export function isBootstrapToken({ metadata, type }: Secret): boolean {
  return type === secretType && metadata.namespace === tokenNamespace;
}

function textOf({ data }: Secret, key: string): string {
  const bytes = Uint8Array.from(atob(data?.[key] ?? ''), (letter) => letter.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

/** How long the token is still good: 0 when it is not or nobody can read until when, undefined when it is for good. */
export function leftMs(secret: Secret, nowMs: number): number | undefined {
  const expiration = textOf(secret, 'expiration');
  if (expiration === '') return undefined;
  return Math.max(0, (tryParseTime(expiration) ?? nowMs) - nowMs);
}

export interface BootstrapToken {
  readonly id: string;
  readonly secret: string;
}

/** The token of a Secret; undefined where it is not for that use, not good any more, or not what its name says. */
function tokenFor(
  use: 'authentication' | 'signing',
  secret: Secret,
  nowMs: number,
): BootstrapToken | undefined {
  const [, named] = nameForm.exec(secret.metadata.name ?? '') ?? [];
  const id = textOf(secret, 'token-id');
  const text = textOf(secret, 'token-secret');
  if (named === undefined || id !== named || text === '') return undefined;
  if (leftMs(secret, nowMs) === 0 || textOf(secret, `usage-bootstrap-${use}`) !== 'true') return undefined;
  return { id, secret: text };
}

/** The token of a Secret; undefined where nothing is to be signed with it. */
export function signingToken(secret: Secret, nowMs: number): BootstrapToken | undefined {
  return tokenFor('signing', secret, nowMs);
}

/** The groups of those who show the token, sorted, each once; undefined where one of them is not for bootstrappers. */
function groupsOf(secret: Secret): readonly string[] | undefined {
  const extra = textOf(secret, 'auth-extra-groups');
  const groups = extra === '' ? [] : extra.split(',');
  return groups.every((group) => groupForm.test(group))
    ? [...new Set([bootstrappers, ...groups])].sort()
    : undefined;
}

export interface AuthenticatingToken extends BootstrapToken {
  readonly groups: readonly string[];
}

/** The token of a Secret, and the groups of those who show it; undefined where nobody is known by it. */
export function authenticatingToken(secret: Secret, nowMs: number): AuthenticatingToken | undefined {
  if (!isBootstrapToken(secret) || secret.metadata.deletionTimestamp !== undefined) return undefined;
  const token = tokenFor('authentication', secret, nowMs);
  const groups = token && groupsOf(secret);
  return groups && { ...token, groups };
}

/** The Secret of the token of that id. */
export const tokenSecretName = (id: string): string => `bootstrap-token-${id}`;

/** The user who shows the token of that id. */
export const bootstrapUser = (id: string): string => `system:bootstrap:${id}`;

/** A token as it is shown, `id.secret`; undefined for any other text. */
export function parseBootstrapToken(text: string): BootstrapToken | undefined {
  const [, id, secret] = tokenForm.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}
