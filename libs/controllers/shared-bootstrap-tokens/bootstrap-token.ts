import { tryParseTime } from '@drydock/base/apimachinery';
import type { Secret } from '@drydock/api/core/v1';

/** Where the Secrets of bootstrap tokens are. */
export const tokenNamespace = 'kube-system';
const secretType = 'bootstrap.kubernetes.io/token';
const nameForm = /^bootstrap-token-([a-z0-9]{6})$/;

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

export interface SigningToken {
  readonly id: string;
  readonly secret: string;
}

/** The token of a Secret; undefined where it is not for signing, not good any more, or not what its name says. */
export function signingToken(secret: Secret, nowMs: number): SigningToken | undefined {
  const [, named] = nameForm.exec(secret.metadata.name ?? '') ?? [];
  const id = textOf(secret, 'token-id');
  const text = textOf(secret, 'token-secret');
  if (named === undefined || id !== named || text === '') return undefined;
  if (leftMs(secret, nowMs) === 0 || textOf(secret, 'usage-bootstrap-signing') !== 'true') return undefined;
  return { id, secret: text };
}
