import { ApiError } from './api-error.ts';

/** The reason of an ApiError; undefined for anything else. */
export function reasonOf(error: unknown): string | undefined {
  return error instanceof ApiError ? error.reason : undefined;
}

/** By reason where one is known, otherwise by the HTTP code: foreign servers leave the reason out. */
function is(error: unknown, reasons: readonly string[], code?: number): boolean {
  if (!(error instanceof ApiError)) return false;
  if (reasons.includes(error.reason)) return true;
  return code !== undefined && error.code === code && (error.reason === '' || error.reason === 'Unknown');
}

export function isNotFound(error: unknown): boolean {
  return is(error, ['NotFound'], 404);
}

export function isAlreadyExists(error: unknown): boolean {
  return is(error, ['AlreadyExists']);
}

/** A lost race or a failed precondition, not a taken name. */
export function isConflict(error: unknown): boolean {
  return is(error, ['Conflict'], 409);
}

export function isInvalid(error: unknown): boolean {
  return is(error, ['Invalid'], 422);
}

/** The revision is too old to go on from: list again. Covers both of Kubernetes' 410 reasons. */
export function isExpired(error: unknown): boolean {
  return is(error, ['Expired', 'Gone'], 410);
}

export function isBadRequest(error: unknown): boolean {
  return is(error, ['BadRequest'], 400);
}

export function isForbidden(error: unknown): boolean {
  return is(error, ['Forbidden'], 403);
}

export function isUnauthorized(error: unknown): boolean {
  return is(error, ['Unauthorized'], 401);
}

export function isMethodNotSupported(error: unknown): boolean {
  return is(error, ['MethodNotAllowed'], 405);
}

export function isNotAcceptable(error: unknown): boolean {
  return is(error, ['NotAcceptable'], 406);
}

export function isUnsupportedMediaType(error: unknown): boolean {
  return is(error, ['UnsupportedMediaType'], 415);
}

export function isRequestEntityTooLarge(error: unknown): boolean {
  return is(error, ['RequestEntityTooLarge'], 413);
}

export function isTooManyRequests(error: unknown): boolean {
  return is(error, ['TooManyRequests'], 429);
}

export function isTimeout(error: unknown): boolean {
  return is(error, ['Timeout'], 504);
}

export function isServerTimeout(error: unknown): boolean {
  return is(error, ['ServerTimeout']);
}

export function isServiceUnavailable(error: unknown): boolean {
  return is(error, ['ServiceUnavailable'], 503);
}

export function isInternalError(error: unknown): boolean {
  return is(error, ['InternalError'], 500);
}
