import { isServiceUnavailable, isTooManyRequests, serviceUnavailable } from '@drydock/base/apimachinery';
import { abortable } from '@drydock/base/clock';
import type { Metrics } from '@drydock/port/observability';
import { connectivityState, status as Code, type Client } from '@grpc/grpc-js';
import type { CallMetrics } from './call-metrics.ts';
import { codeOfError, createCallMetrics } from './call-metrics.ts';
import { whyNotConnected } from './channel.ts';
import type { RateLimit } from './rate-limiter.ts';
import { createRateLimiter } from './rate-limiter.ts';

export interface CallPolicyOptions {
  readonly client: Client;
  readonly address: string;
  readonly patienceMs: number;
  readonly rateLimit?: RateLimit | undefined;
  readonly metrics?: Metrics | undefined;
}

/** What every call of a client goes through: its turn, a connection, counting, and another try where that is safe. */
export interface CallPolicy {
  /**
   * Makes a call, at once if nothing stands against it. A read that did not reach a server in working order is tried again
   * for as long as `patienceMs`. A write is tried again never: it waits for a connection before it is sent, and once it is
   * sent nobody but the server knows whether it was done.
   */
  call<T>(method: string, kind: 'read' | 'write', send: () => Promise<T>): Promise<T>;
  /**
   * As `call`, for the beginning of a stream; returns how to tell its end. Rejects with the signal's reason as soon as it
   * aborts: who waits for a connection can leave.
   */
  begin(method: string, signal: AbortSignal): Promise<(error?: unknown) => void>;
  close(): void;
}

const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 1_000;
const uncounted: CallMetrics = { begin: () => () => {} };

export function createCallPolicy(options: CallPolicyOptions): CallPolicy {
  const { client, address, patienceMs } = options;
  const limiter = options.rateLimit === undefined ? undefined : createRateLimiter(options.rateLimit);
  const metrics = options.metrics === undefined ? uncounted : createCallMetrics(options.metrics, 'client');
  let closed = false;

  const connected = (): boolean =>
    client.getChannel().getConnectivityState(false) === connectivityState.READY;

  function connection(giveUpAt: number): Promise<void> {
    return new Promise((resolve, reject) => {
      client.waitForReady(giveUpAt, (error) => {
        if (error === undefined) resolve();
        else if (closed) reject(serviceUnavailable('the connection is closed'));
        else
          void whyNotConnected(client).then((reason) =>
            reject(serviceUnavailable(`no connection to ${address}${reason}`)),
          );
      });
    });
  }

  async function run<T>(kind: 'read' | 'write', send: () => Promise<T>): Promise<T> {
    const turn = limiter?.take();
    if (turn !== undefined) await turn;
    if (patienceMs <= 0) return send();
    const giveUpAt = Date.now() + patienceMs;
    for (let backoffMs = FIRST_BACKOFF_MS; ; backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS)) {
      // A call is sent in the turn it was made in when there is a connection: writes keep their order.
      if (!connected()) await connection(giveUpAt);
      try {
        return await send();
      } catch (error) {
        const passing = isServiceUnavailable(error) || isTooManyRequests(error);
        if (kind === 'write' || !passing || closed || Date.now() + backoffMs > giveUpAt) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, backoffMs * (0.5 + Math.random() / 2)));
    }
  }

  return {
    async call(method, kind, send) {
      const end = metrics.begin(method);
      try {
        const answer = await run(kind, send);
        end(Code.OK);
        return answer;
      } catch (error) {
        end(codeOfError(error));
        throw error;
      }
    },
    async begin(method, signal) {
      const end = metrics.begin(method);
      try {
        await abortable(
          run('write', () => Promise.resolve()),
          signal,
        );
      } catch (error) {
        end(signal.aborted ? Code.CANCELLED : codeOfError(error));
        throw error;
      }
      return (error) => end(error === undefined ? Code.OK : codeOfError(error));
    },
    close() {
      closed = true;
    },
  };
}
