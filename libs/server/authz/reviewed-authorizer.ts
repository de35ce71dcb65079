import { SubjectAccessReview } from '@drydock/api/authorization/v1';
import type { Clock } from '@drydock/base/clock';
import { createClient } from '@drydock/machinery/client';
import type { Transport } from '@drydock/port/transport';
import type { AuthorizationDecision, AuthorizationRequest, Authorizer } from './authorizer.ts';

export interface ReviewedAuthorizerOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** How long an answer is kept. Default 5,000. */
  readonly keepMs?: number;
  /** How many are kept. Default 4,096. */
  readonly maxKept?: number;
}

/** Asks the API server who may do what, by SubjectAccessReviews. Rejects when it cannot be asked. */
export function createReviewedAuthorizer(options: ReviewedAuthorizerOptions): Pick<Authorizer, 'authorize'> {
  const { clock, keepMs = 5_000, maxKept = 4_096 } = options;
  const reviews = createClient(options.transport).resource(SubjectAccessReview);
  const kept = new Map<
    string,
    { readonly answer: Promise<AuthorizationDecision>; readonly untilMs: number }
  >();

  async function review({
    user,
    verb,
    resource,
    path,
  }: AuthorizationRequest): Promise<AuthorizationDecision> {
    const { status } = await reviews.create({
      metadata: {},
      spec: {
        user: user.name,
        groups: [...user.groups],
        ...(user.uid === undefined ? {} : { uid: user.uid }),
        ...(user.extra === undefined ? {} : { extra: user.extra }),
        ...(resource === undefined
          ? { nonResourceAttributes: { verb, path: path ?? '' } }
          : { resourceAttributes: { verb, ...resource } }),
      },
    } as unknown as SubjectAccessReview);
    return {
      allowed: status?.allowed === true,
      ...(status?.denied === true ? { denied: true } : {}),
      ...(status?.reason ? { reason: status.reason } : {}),
      ...(status?.evaluationError ? { evaluationError: status.evaluationError } : {}),
    };
  }

  return {
    authorize(request) {
      const id = JSON.stringify(request);
      const now = clock.monotonicMs();
      const known = kept.get(id);
      if (known !== undefined && known.untilMs > now) return known.answer;
      kept.delete(id);
      const answer = review(request);
      const entry = { answer, untilMs: now + keepMs };
      kept.set(id, entry);
      const [oldest] = kept.keys();
      if (kept.size > maxKept && oldest !== undefined) kept.delete(oldest);
      answer.catch(() => {
        if (kept.get(id) === entry) kept.delete(id);
      });
      return answer;
    },
  };
}
