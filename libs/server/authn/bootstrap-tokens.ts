import type { Secret } from '@drydock/api/core/v1';
import {
  authenticatingToken,
  bootstrapUser,
  parseBootstrapToken,
  tokenNamespace,
  tokenSecretName,
} from '@drydock/api/bootstrap-tokens';
import type { Clock } from '@drydock/base/clock';
import type { UserInfo } from '../registry/types.ts';
import type { WatchCache } from '../watch-cache/index.ts';

export interface BootstrapTokensOptions {
  readonly clock: Clock;
  readonly cache: Pick<WatchCache, 'peek'>;
}

const encoder = new TextEncoder();

/** Takes as long wherever two texts differ. Their lengths are no secret. */
function isSame(one: string, other: string): boolean {
  const [left, right] = [encoder.encode(one), encoder.encode(other)];
  if (left.length !== right.length) return false;
  return left.reduce((difference, byte, at) => difference | (byte ^ right[at]!), 0) === 0;
}

/**
 * Knows those who join a cluster by bootstrap tokens, which are kept in Secrets of `kube-system`: undefined for what is none,
 * for nobody's, and for one that is expired or not meant for this.
 */
export function createBootstrapTokens({
  clock,
  cache,
}: BootstrapTokensOptions): (token: string) => UserInfo | undefined {
  return (text) => {
    const shown = parseBootstrapToken(text);
    if (shown === undefined) return undefined;
    const key = `${tokenNamespace}/${tokenSecretName(shown.id)}`;
    const stored = cache.peek({ group: '', resource: 'secrets' }, key)?.object as Secret | undefined;
    const known = stored && authenticatingToken(stored, clock.now());
    if (known === undefined || !isSame(known.secret, shown.secret)) return undefined;
    return { name: bootstrapUser(known.id), groups: [...known.groups, 'system:authenticated'] };
  };
}
