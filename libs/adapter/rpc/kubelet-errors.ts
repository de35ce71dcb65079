import { ApiError } from '@drydock/base/apimachinery';
import { ConnectionRefusedError, KubeletError } from '@drydock/port/kubelet';
import { Metadata, status as Code, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { fromServiceError, STATUS_TRAILER, toGrpcStatus } from './status-mapping.ts';

/** Trailer with the HTTP status of what a kubelet refuses. */
const kubeletTrailer = 'drydock-kubelet-status';
const refusedTrailer = 'drydock-connection-refused';
/** Trailer with the message: what gRPC carries beside it is cut short by some. */
const messageTrailer = 'drydock-message-bin';
const maxMessageBytes = 8 * 1024;

/** What a call of KubeletService is ended with: each kind of error comes back as itself. */
export function kubeletErrorToGrpc(thrown: unknown): StatusObject {
  if (thrown instanceof ApiError) return toGrpcStatus(thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const metadata = new Metadata();
  metadata.set(messageTrailer, Buffer.from(message).subarray(0, maxMessageBytes));
  if (thrown instanceof ConnectionRefusedError) metadata.set(refusedTrailer, '1');
  else if (thrown instanceof KubeletError) metadata.set(kubeletTrailer, String(thrown.statusCode));
  const code = thrown instanceof KubeletError && thrown.statusCode === 404 ? Code.NOT_FOUND : Code.UNKNOWN;
  return { code, details: message.slice(0, 1024), metadata };
}

/** The error behind a failed call of KubeletService; a kubelet that cannot be reached is what the API server's dialer says then. */
export function kubeletErrorFromGrpc(error: unknown, address: string): Error {
  if (error instanceof KubeletError || error instanceof ConnectionRefusedError) return error;
  const { code, details, metadata } = error as Partial<ServiceError>;
  if (metadata?.get(STATUS_TRAILER)[0] !== undefined) return fromServiceError(error);
  const told = metadata?.get(messageTrailer)[0];
  const message = told === undefined ? (details ?? String(error)) : told.toString();
  if (metadata?.get(refusedTrailer)[0] !== undefined) return new ConnectionRefusedError(message);
  const status = metadata?.get(kubeletTrailer)[0];
  if (status !== undefined) return new KubeletError(message, Number(status));
  if (code === Code.UNAVAILABLE)
    return new KubeletError(`error dialing backend: dial tcp ${address}: ${reasonOf(message)}`);
  if (told !== undefined) return new Error(message);
  return new KubeletError(`error sending request: ${message}`);
}

function reasonOf(message: string): string {
  if (/ECONNREFUSED/.test(message)) return 'connect: connection refused';
  if (/ENOTFOUND|EAI_AGAIN|Name resolution failed/.test(message)) return 'lookup: no such host';
  if (/EHOSTUNREACH|ENETUNREACH/.test(message)) return 'connect: no route to host';
  return message;
}
