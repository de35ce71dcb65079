import { TokenReview } from '@drydock/api/authentication/v1';
import type { Clock } from '@drydock/base/clock';
import { createClient } from '@drydock/machinery/client';
import type { Transport } from '@drydock/port/transport';
import { sha256 } from '@noble/hashes/sha2.js';
import type { UserInfo } from '../registry/types.ts';

export interface ReviewedTokensOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** How long an answer is kept. Default 10,000, as Kubernetes' servers keep it. */
  readonly keepMs?: number;
  /** How many are kept. Default 4,096. */
  readonly maxKept?: number;
}

interface Kept {
  readonly answer: Promise<UserInfo | undefined>;
  readonly untilMs: number;
}

const encoder = new TextEncoder();

/** Whose a bearer token is, asked of the API server by TokenReviews; undefined: nobody's. Rejects when it cannot be asked. */
export function createReviewedTokens(
  options: ReviewedTokensOptions,
): (token: string) => Promise<UserInfo | undefined> {
  const { clock, keepMs = 10_000, maxKept = 4_096 } = options;
  const reviews = createClient(options.transport).resource(TokenReview);
  const kept = new Map<string, Kept>();

  async function review(token: string): Promise<UserInfo | undefined> {
    const { status } = await reviews.create({ metadata: {}, spec: { token } } as TokenReview);
    const user = status?.user;
    if (status?.authenticated !== true || !user?.username) return undefined;
    return {
      name: user.username,
      groups: user.groups ?? [],
      ...(user.uid ? { uid: user.uid } : {}),
      ...(user.extra ? { extra: user.extra as Record<string, string[]> } : {}),
    };
  }

  return (token) => {
    // Tokens themselves are not kept.
    const id = sha256(encoder.encode(token)).join();
    const now = clock.monotonicMs();
    const known = kept.get(id);
    if (known !== undefined && known.untilMs > now) return known.answer;
    kept.delete(id);
    const answer = review(token);
    const entry = { answer, untilMs: now + keepMs };
    kept.set(id, entry);
    const [oldest] = kept.keys();
    if (kept.size > maxKept && oldest !== undefined) kept.delete(oldest);
    answer.catch(() => {
      if (kept.get(id) === entry) kept.delete(id);
    });
    return answer;
  };
}
