import { ApiError } from '@drydock/base/apimachinery';
import type { Metrics } from '@drydock/port/observability';
import { status as Code } from '@grpc/grpc-js';
import { grpcCodeOf } from './status-mapping.ts';

/** Counts and times the calls of one side, by method and gRPC code, under the names gRPC's own tooling has for them. */
export interface CallMetrics {
  /** A call begins; the function it returns tells how it ended. */
  begin(method: string): (code: Code) => void;
}

const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** `side` is `client` or `server`. Pipelined writes count as the calls they stand for. */
export function createCallMetrics(metrics: Metrics, side: 'client' | 'server'): CallMetrics {
  const handled = metrics.counter({
    name: `grpc_${side}_handled_total`,
    help: `Calls ended, seen from the ${side}`,
    labels: ['grpc_method', 'grpc_code'],
  });
  const seconds = metrics.histogram({
    name: `grpc_${side}_handling_seconds`,
    help: `Time from the beginning of a call to its end, seen from the ${side}; watches not included`,
    labels: ['grpc_method', 'grpc_code'],
    buckets: BUCKETS,
  });
  return {
    begin(method) {
      const began = performance.now();
      return (code) => {
        const labels = [method, Code[code] ?? String(code)];
        handled.inc(labels);
        if (method !== 'Watch') seconds.observe((performance.now() - began) / 1000, labels);
      };
    },
  };
}

/** The code a failed call is counted under. */
export const codeOfError = (error: unknown): Code =>
  error instanceof ApiError ? grpcCodeOf(error.status) : Code.UNKNOWN;
