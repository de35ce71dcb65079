import { badRequest, toApiError } from '@drydock/base/apimachinery';
import type { Transport } from '@drydock/port/transport';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { status as Code } from '@grpc/grpc-js';
import type { CallMetrics } from './call-metrics.ts';
import { codeOfError } from './call-metrics.ts';
import type { MutateRequest, MutateResponse } from './gen/drydock/v1/resource.ts';
import type { ObjectEncoder } from './json.ts';
import { encodeJson } from './json.ts';
import type { Operation } from './operations.ts';
import { createOperation, deleteOperation, patchOperation, updateOperation } from './operations.ts';

/** Writes of one stream under way at a time; beyond that the client is held back by flow control. */
const MAX_UNDER_WAY = 512;

function operationOf(request: MutateRequest): Operation {
  const { operation } = request;
  switch (operation?.$case) {
    case 'create':
      return createOperation(operation.create);
    case 'update':
      return updateOperation(operation.update);
    case 'patch':
      return patchOperation(operation.patch);
    case 'delete':
      return deleteOperation(operation.delete);
    default:
      throw badRequest(`mutation ${request.id} has no operation`);
  }
}

/** Counted as the call of its own that the write stands for. */
function methodOf({ operation }: MutateRequest): string {
  const name = operation?.$case ?? 'unknown';
  return `${name[0]?.toUpperCase()}${name.slice(1)}`;
}

/**
 * Serves one Mutate stream: as many writes at once as come, those of one object one after another. Resolves when
 * the client has ended its side, or `signal` aborted, and all writes taken are answered.
 */
export function serveMutations(
  call: ServerDuplexStream<MutateRequest, MutateResponse>,
  transport: Transport,
  encode: ObjectEncoder,
  signal: AbortSignal,
  metrics?: CallMetrics,
): Promise<void> {
  const tails = new Map<string, Promise<void>>();
  let underWay = 0;
  let blocked = false;
  let ending = false;

  return new Promise((resolve) => {
    const settle = (): void => {
      if (ending && underWay === 0) resolve();
    };
    const regulate = (): void => {
      if (blocked || underWay >= MAX_UNDER_WAY) call.pause();
      else if (!ending) call.resume();
    };

    function answer(response: MutateResponse): void {
      if (!call.cancelled && !call.write(response) && !blocked) {
        blocked = true;
        call.once('drain', () => {
          blocked = false;
          regulate();
        });
      }
      underWay--;
      regulate();
      settle();
    }

    async function run(
      id: number,
      method: string,
      operation: Operation,
      after: Promise<void> | undefined,
    ): Promise<void> {
      const end = metrics?.begin(method);
      if (after !== undefined) await after;
      let result: MutateResponse['result'];
      try {
        result = { $case: 'object', object: encode(await operation.run(transport)) };
        end?.(Code.OK);
      } catch (error) {
        const failure = toApiError(error);
        end?.(codeOfError(failure));
        result = { $case: 'failure', failure: encodeJson(failure.status) };
      }
      answer({ id, result });
    }

    call.on('data', (request: MutateRequest) => {
      underWay++;
      regulate();
      let operation: Operation;
      try {
        operation = operationOf(request);
      } catch (error) {
        const failure = encodeJson(toApiError(error).status);
        answer({ id: request.id, result: { $case: 'failure', failure } });
        return;
      }
      const { key } = operation;
      const done = run(
        request.id,
        methodOf(request),
        operation,
        key === undefined ? undefined : tails.get(key),
      );
      if (key === undefined) return;
      tails.set(key, done);
      void done.then(() => {
        if (tails.get(key) === done) tails.delete(key);
      });
    });

    const end = (): void => {
      ending = true;
      settle();
    };
    call.on('end', end);
    call.on('cancelled', end);
    signal.addEventListener(
      'abort',
      () => {
        call.pause();
        end();
      },
      { once: true },
    );
  });
}
