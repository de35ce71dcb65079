import type { ApiError, KubeObject, Status } from '@drydock/base/apimachinery';
import { fromStatus, serviceUnavailable, timeout } from '@drydock/base/apimachinery';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { MutateRequest, MutateResponse } from './gen/drydock/v1/resource.ts';
import { decodeJson } from './json.ts';
import { fromServiceError } from './status-mapping.ts';

type MutateStream = ClientDuplexStream<MutateRequest, MutateResponse>;

interface Waiting {
  readonly resolve: (object: KubeObject | Status) => void;
  readonly reject: (error: ApiError) => void;
  readonly expiresAtMs: number;
}

export interface MutateClient {
  /** Sends a write; resolves with what it answered. */
  send(operation: NonNullable<MutateRequest['operation']>): Promise<KubeObject | Status>;
  close(): void;
}

/**
 * Writes over one Mutate stream, opened with the first write and again after it broke. Writes that a break leaves
 * unanswered are rejected with ServiceUnavailable: whether they were done is not known, as with a broken HTTP request.
 */
export function createMutateClient(open: () => MutateStream, timeoutMs: number): MutateClient {
  let stream: MutateStream | undefined;
  let waiting = new Map<number, Waiting>();
  let nextId = 1;
  let sweeper: NodeJS.Timeout | undefined;
  let closed = false;

  /** One timer for all writes: a timer each would cost more than the write. */
  function sweep(): void {
    const now = performance.now();
    for (const [id, { expiresAtMs, reject }] of waiting) {
      // Deadlines are in the order of sending, and so is the map.
      if (expiresAtMs > now) break;
      waiting.delete(id);
      reject(timeout(`the server did not answer a write within ${timeoutMs} ms`));
    }
    if (waiting.size > 0) return;
    clearInterval(sweeper);
    sweeper = undefined;
  }

  function fail(broken: MutateStream, error: ApiError): void {
    if (stream !== broken) return;
    stream = undefined;
    const lost = waiting;
    waiting = new Map();
    for (const { reject } of lost.values()) reject(error);
  }

  function connect(): MutateStream {
    const opened = open();
    opened.on('data', ({ id, result }: MutateResponse) => {
      const write = waiting.get(id);
      if (write === undefined || result === undefined) return;
      waiting.delete(id);
      if (result.$case === 'object') write.resolve(decodeJson(result.object) as KubeObject | Status);
      else write.reject(fromStatus(decodeJson(result.failure) as Status));
    });
    opened.on('error', (error) => fail(opened, fromServiceError(error)));
    opened.on('end', () => fail(opened, serviceUnavailable('the server ended the connection')));
    return opened;
  }

  return {
    send(operation) {
      if (closed) return Promise.reject(serviceUnavailable('the connection is closed'));
      stream ??= connect();
      const id = nextId;
      nextId = nextId === 0xffffffff ? 1 : nextId + 1;
      const current = stream;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject, expiresAtMs: performance.now() + timeoutMs });
        sweeper ??= setInterval(sweep, Math.min(1000, timeoutMs)).unref();
        current.write({ id, operation });
      });
    },
    close() {
      closed = true;
      clearInterval(sweeper);
      const open = stream;
      if (open === undefined) return;
      fail(open, serviceUnavailable('the connection is closed'));
      open.on('error', () => {});
      open.cancel();
    },
  };
}
