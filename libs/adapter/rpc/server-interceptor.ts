import type { ServerInterceptor } from '@grpc/grpc-js';
import { ServerInterceptingCall, status as Code } from '@grpc/grpc-js';
import type { CallMetrics } from './call-metrics.ts';
import type { Authenticate } from './caller.ts';
import { callerOf } from './caller.ts';
import { toGrpcStatus } from './status-mapping.ts';

/** Probes come from those who have no credentials. */
const OPEN_TO_ALL = '/grpc.health.v1.Health/';

/** Counts every call, and turns away callers that `authenticate` throws at, before anything of theirs is read. */
export function createServerInterceptor(
  metrics: CallMetrics | undefined,
  authenticate: Authenticate | undefined,
): ServerInterceptor {
  return ({ path }, call) => {
    const end = metrics?.begin(path.slice(path.lastIndexOf('/') + 1));
    let ended = false;
    const finish = (code: Code): void => {
      if (!ended) end?.(code);
      ended = true;
    };
    return new ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, proceed) {
            if (authenticate === undefined || path.startsWith(OPEN_TO_ALL)) return proceed(metadata);
            const caller = callerOf({
              metadata,
              getPeer: () => call.getPeer(),
              getAuthContext: () => call.getAuthContext(),
            });
            Promise.resolve(caller)
              .then(authenticate)
              .then(
                () => proceed(metadata),
                (error: unknown) => {
                  const status = toGrpcStatus(error);
                  finish(status.code);
                  call.sendStatus(status);
                },
              );
          },
          onCancel() {
            finish(Code.CANCELLED);
          },
        });
      },
      sendStatus(status, next) {
        finish(status.code ?? Code.OK);
        next(status);
      },
    });
  };
}
