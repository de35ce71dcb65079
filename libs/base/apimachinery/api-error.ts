import type { Status, StatusDetails } from './types.ts';

/** What an `ApiError` is made from; the constructors in `api-error-constructors.ts` fill it. */
export interface ApiErrorInit {
  readonly code: number;
  readonly reason?: string;
  readonly message: string;
  readonly details?: StatusDetails;
  readonly cause?: unknown;
}

/** The one wire error: a failed request as Kubernetes answers it. Made by the named constructors or `fromStatus`. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** What goes to the client, complete. Read-only. */
  readonly status: Status;

  constructor(status: Status, cause?: unknown) {
    super(status.message ?? '', cause === undefined ? undefined : { cause });
    this.status = status;
  }

  /** HTTP status code. */
  get code(): number {
    return this.status.code ?? 500;
  }

  /** Kubernetes' closed reason, e.g. `NotFound`; '' when unknown. */
  get reason(): string {
    return this.status.reason ?? '';
  }

  /** Seconds after which the server invites another try, where it says so. */
  get retryAfterSeconds(): number | undefined {
    return this.status.details?.retryAfterSeconds;
  }
}

/** Builds the Status and wraps it. Prefer a named constructor. */
export function apiError(init: ApiErrorInit): ApiError {
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: init.message,
    ...(init.reason === undefined ? {} : { reason: init.reason }),
    ...(init.details === undefined ? {} : { details: init.details }),
    code: init.code,
  };
  return new ApiError(status, init.cause);
}

/** Wraps a Status that came over the wire, without loss. */
export function fromStatus(status: Status, cause?: unknown): ApiError {
  return new ApiError(status, cause);
}

/** Whether a decoded JSON value is a failure Status. */
export function isFailureStatus(value: unknown): value is Status {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as Status).kind === 'Status' &&
    (value as Status).status === 'Failure'
  );
}

/**
 * An error that trying again cannot mend: the harness drops the key instead of backing off.
 */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
  }
}

/** Whether the error, or one it was caused by, is a `TerminalError`. */
export function isTerminal(error: unknown): boolean {
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 16;
    current = current.cause, depth += 1
  ) {
    if (current instanceof TerminalError) return true;
  }
  return false;
}
