import type { Status } from '@drydock/base/apimachinery';
import type { ApiError } from '@drydock/base/apimachinery';
import {
  fromStatus,
  internalError,
  isFailureStatus,
  requestEntityTooLarge,
  serviceUnavailable,
  timeout,
  toApiError,
  unauthorized,
} from '@drydock/base/apimachinery';
import type { ServiceError, StatusObject } from '@grpc/grpc-js';
import { Metadata, status as Code } from '@grpc/grpc-js';

/** Trailer with the whole Status as JSON. */
export const STATUS_TRAILER = 'drydock-status-bin';

/** HTTP/2 peers refuse header blocks beyond 64 KiB; base64 and the message take their share. */
const MAX_TRAILER_BYTES = 40 * 1024;
const MAX_MESSAGE_CHARACTERS = 1024;

const CODES: Readonly<Record<number, Code>> = {
  400: Code.INVALID_ARGUMENT,
  401: Code.UNAUTHENTICATED,
  403: Code.PERMISSION_DENIED,
  404: Code.NOT_FOUND,
  405: Code.UNIMPLEMENTED,
  406: Code.INVALID_ARGUMENT,
  409: Code.ABORTED,
  410: Code.OUT_OF_RANGE,
  413: Code.RESOURCE_EXHAUSTED,
  415: Code.INVALID_ARGUMENT,
  422: Code.INVALID_ARGUMENT,
  429: Code.RESOURCE_EXHAUSTED,
  500: Code.INTERNAL,
  501: Code.UNIMPLEMENTED,
  503: Code.UNAVAILABLE,
  504: Code.DEADLINE_EXCEEDED,
};

/** The gRPC code nearest to a Status. */
export function grpcCodeOf(status: Status): Code {
  if (status.reason === 'AlreadyExists') return Code.ALREADY_EXISTS;
  return CODES[status.code ?? 500] ?? Code.UNKNOWN;
}

/** What a server call is ended with: nearest code, message, and the Status itself in the trailer. */
export function toGrpcStatus(thrown: unknown): StatusObject {
  const { status } = toApiError(thrown);
  const metadata = new Metadata();
  metadata.set(STATUS_TRAILER, encodeStatus(status));
  // The message is for people who look at the gRPC status alone; the trailer has all of it.
  const details = (status.message ?? '').slice(0, MAX_MESSAGE_CHARACTERS);
  return { code: grpcCodeOf(status), details, metadata };
}

/** JSON of a Status that fits into a trailer: beyond that, causes are left out from the end, then text is cut. */
function encodeStatus(status: Status): Buffer {
  const whole = Buffer.from(JSON.stringify(status));
  if (whole.byteLength <= MAX_TRAILER_BYTES) return whole;
  const message = (status.message ?? '').slice(0, MAX_MESSAGE_CHARACTERS * 8);
  const causes = [...(status.details?.causes ?? [])];
  for (;;) {
    const details = { ...status.details, causes };
    const cut = Buffer.from(JSON.stringify({ ...status, message, details }));
    if (cut.byteLength <= MAX_TRAILER_BYTES || causes.length === 0) return cut;
    causes.length >>= 1;
  }
}

/** The ApiError behind a failed call; a failure of the connection becomes what Kubernetes' clients see then. */
export function fromServiceError(error: unknown): ApiError {
  const { code, details, metadata } = error as Partial<ServiceError>;
  const trailer = metadata?.get(STATUS_TRAILER)[0];
  if (trailer !== undefined) {
    const status: unknown = parseOrUndefined(trailer);
    if (isFailureStatus(status)) return fromStatus(status, error);
  }
  const message = details ?? (error instanceof Error ? error.message : String(error));
  switch (code) {
    case Code.UNAVAILABLE:
    case Code.CANCELLED:
      return serviceUnavailable(message);
    case Code.DEADLINE_EXCEEDED:
      return timeout(message);
    case Code.UNAUTHENTICATED:
      return unauthorized(message);
    case Code.RESOURCE_EXHAUSTED:
      return requestEntityTooLarge(message);
    default:
      return internalError(error instanceof Error ? error : new Error(message));
  }
}

function parseOrUndefined(trailer: string | Buffer): unknown {
  try {
    return JSON.parse(trailer.toString());
  } catch {
    return undefined;
  }
}
