import type { KubeList, Status } from '@drydock/base/apimachinery';
import type { Transport, WatchEvent } from '@drydock/port/transport';
import type {
  handleUnaryCall,
  sendUnaryData,
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
} from '@grpc/grpc-js';
import { Metadata } from '@grpc/grpc-js';
import type { CallMetrics } from './call-metrics.ts';
import type { AnyCall, TransportSource } from './caller.ts';
import { transportFor } from './caller.ts';
import {
  deleteOptionsFromWire,
  eventTypeToWire,
  getOptionsFromWire,
  listOptionsFromWire,
  refFromWire,
  watchOptionsFromWire,
} from './convert.ts';
import type {
  DeleteCollectionRequest,
  ListRequest,
  ListResponse,
  MutateRequest,
  MutateResponse,
  ResourceServiceServer,
  WatchRequest,
  WatchResponse,
} from './gen/drydock/v1/resource.ts';
import type { ObjectEncoder } from './json.ts';
import { encodeJson } from './json.ts';
import { serveMutations } from './mutate-service.ts';
import { createOperation, deleteOperation, patchOperation, updateOperation } from './operations.ts';
import { toGrpcStatus } from './status-mapping.ts';

/** A message is sent once it has this much in it. Well below any limit, well above the cost of a message. */
const CHUNK_BYTES = 1024 * 1024;
const CHUNK_OBJECTS = 1000;

export interface ResourceServiceOptions {
  readonly transport: TransportSource;
  readonly encode: ObjectEncoder;
  /** Counts the writes of mutation streams. */
  readonly metrics?: CallMetrics | undefined;
  /** The event bus's cursor at this moment, for lists to carry. */
  readonly cursor?: (() => string | undefined) | undefined;
  /** Aborts when the server stops: watches and mutation streams end cleanly. */
  readonly stopping: AbortSignal;
}

/** ResourceService over any Transport. */
export function createResourceService(options: ResourceServiceOptions): ResourceServiceServer {
  const { transport: source, encode, stopping } = options;

  /** A call with one answer. A client that went away or whose deadline passed hears nothing, as grpc-js has it. */
  function unary<Request, Response>(
    serve: (transport: Transport, request: Request) => Promise<Response>,
  ): handleUnaryCall<Request, Response> {
    return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>) => {
      void (async () => {
        try {
          callback(null, await serve(await transportFor(source, call), call.request));
        } catch (error) {
          callback(toGrpcStatus(error));
        }
      })();
    };
  }

  /** A call with many answers; `signal` aborts when the client is gone, its deadline passed or the server stops. */
  function streaming<Call extends AnyCall & StreamingCall>(
    serve: (transport: Transport, call: Call, signal: AbortSignal) => Promise<void>,
  ): (call: Call) => void {
    return (call) => {
      const gone = new AbortController();
      call.on('cancelled', () => gone.abort());
      const signal = AbortSignal.any([gone.signal, stopping]);
      void (async () => {
        try {
          await serve(await transportFor(source, call), call, signal);
          call.end();
        } catch (error) {
          if (!gone.signal.aborted) call.emit('error', toGrpcStatus(error));
        }
      })();
    };
  }

  return {
    get: unary(async (transport, request) => ({
      object: encode(await transport.get(refFromWire(request.ref), getOptionsFromWire(request))),
    })),
    create: unary(async (transport, request) => ({
      object: encode(await createOperation(request).run(transport)),
    })),
    update: unary(async (transport, request) => ({
      object: encode(await updateOperation(request).run(transport)),
    })),
    patch: unary(async (transport, request) => ({
      object: encode(await patchOperation(request).run(transport)),
    })),
    delete: unary(async (transport, request) => ({
      object: encode(await deleteOperation(request).run(transport)),
    })),

    list: streaming(async (transport, call: ServerWritableStream<ListRequest, ListResponse>, signal) => {
      const { ref, options: selection } = call.request;
      const listOptions = listOptionsFromWire(selection);
      // Taken before the list is read: what is published by now is in the list, what is not comes after the cursor.
      const newest = listOptions.resourceVersion === undefined && listOptions.continue === undefined;
      const cursor = newest ? options.cursor?.() : undefined;
      const list = await transport.list(refFromWire(ref), listOptions);
      await sendList(call, list, encode, signal, cursor);
    }),

    deleteCollection: streaming(
      async (transport, call: ServerWritableStream<DeleteCollectionRequest, ListResponse>, signal) => {
        const { ref, options: how, list } = call.request;
        const deleted = await transport.deleteCollection(
          refFromWire(ref),
          deleteOptionsFromWire(how),
          listOptionsFromWire(list),
        );
        await sendList(call, deleted, encode, signal);
      },
    ),

    watch: streaming(async (transport, call: ServerWritableStream<WatchRequest, WatchResponse>, signal) => {
      const batches = transport.watch(
        refFromWire(call.request.ref),
        watchOptionsFromWire(call.request),
        signal,
      );
      call.sendMetadata(new Metadata());
      for await (const batch of batches) {
        for (const response of watchResponses(batch, encode)) await send(call, response, signal);
        if (signal.aborted) return;
      }
    }),

    mutate: streaming((transport, call: ServerDuplexStream<MutateRequest, MutateResponse>, signal) =>
      serveMutations(call, transport, encode, signal, options.metrics),
    ),
  };
}

interface StreamingCall {
  on(event: 'cancelled', listener: () => void): unknown;
  emit(event: 'error', error: unknown): unknown;
  end(): void;
}

/** Hands a message to the connection and waits while it is full, so that a slow reader is felt by the source. */
async function send<Response>(
  call: ServerWritableStream<unknown, Response>,
  response: Response,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted || call.write(response)) return;
  await new Promise<void>((resolve) => {
    const resume = (): void => {
      call.off('drain', resume);
      signal.removeEventListener('abort', resume);
      resolve();
    };
    call.once('drain', resume);
    signal.addEventListener('abort', resume);
  });
}

async function sendList(
  call: ServerWritableStream<unknown, ListResponse>,
  list: KubeList | Status,
  encode: ObjectEncoder,
  signal: AbortSignal,
  cursor = '',
): Promise<void> {
  const { items = [], ...envelope } = list as Partial<KubeList>;
  let chunk: ListResponse = { envelope: encodeJson(envelope), items: [], cursor };
  let bytes = 0;
  for (const item of items) {
    const object = encode(item);
    if (
      chunk.items.length > 0 &&
      (bytes + object.byteLength > CHUNK_BYTES || chunk.items.length >= CHUNK_OBJECTS)
    ) {
      await send(call, chunk, signal);
      if (signal.aborted) return;
      chunk = { envelope: Buffer.alloc(0), items: [], cursor: '' };
      bytes = 0;
    }
    chunk.items.push(object);
    bytes += object.byteLength;
  }
  await send(call, chunk, signal);
}

function* watchResponses(batch: readonly WatchEvent[], encode: ObjectEncoder): Generator<WatchResponse> {
  let events: WatchResponse['events'] = [];
  let bytes = 0;
  for (const event of batch) {
    const object = encode(event.object);
    if (events.length > 0 && (bytes + object.byteLength > CHUNK_BYTES || events.length >= CHUNK_OBJECTS)) {
      yield { events };
      events = [];
      bytes = 0;
    }
    events.push({ type: eventTypeToWire[event.type], object });
    bytes += object.byteLength;
  }
  if (events.length > 0) yield { events };
}
