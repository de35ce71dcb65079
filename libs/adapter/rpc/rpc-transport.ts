import type { KubeList, KubeObject, Status } from '@drydock/base/apimachinery';
import { internalError } from '@drydock/base/apimachinery';
import type { CursorTransport, ListWithCursor } from '@drydock/port/events';
import type { Metrics } from '@drydock/port/observability';
import type { ListOptions, ResourceRef, WatchEvent, WatchOptions } from '@drydock/port/transport';
import type { CallOptions, ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { Metadata } from '@grpc/grpc-js';
import { channelOptionsOf, credentialsOf, type RpcClientTls } from './channel.ts';
import { createCallPolicy, type CallPolicy } from './call-policy.ts';
import {
  deleteOptionsToWire,
  eventTypeFromWire,
  listOptionsToWire,
  patchTypeToWire,
  refToWire,
  watchToWire,
  writeOptionsToWire,
} from './convert.ts';
import type { ListResponse, MutateRequest, WatchResponse } from './gen/drydock/v1/resource.ts';
import { ResourceServiceClient } from './gen/drydock/v1/resource.ts';
import { targetOf } from './hosts-resolver.ts';
import { decodeJson, encodeJson } from './json.ts';
import { createMutateClient } from './mutate-client.ts';
import type { RateLimit } from './rate-limiter.ts';
import { fromServiceError } from './status-mapping.ts';

export interface RpcTransportOptions {
  /**
   * `host:port`, or any gRPC name (`dns:///apiserver:7050`); or several API servers by `host:port`, of which one is used at a
   * time, and another when it is lost.
   */
  readonly address: string | readonly string[];
  /** Absent: no encryption. */
  readonly tls?: RpcClientTls;
  /** Bearer token, or where to get the current one. */
  readonly token?: string | (() => string);
  /** Deadline of every call but `watch`. Default 60,000. */
  readonly timeoutMs?: number;
  /**
   * How long a call waits for a connection, and a read that did not get through is tried again. A write is sent once at
   * most. 0: a call without a connection fails at once. Default 5,000.
   */
  readonly patienceMs?: number;
  /** Of all calls together, as `--kube-api-qps` and `--kube-api-burst`. Default none. */
  readonly rateLimit?: RateLimit;
  /** Do not share the connection of other transports in this process to the same address. Default false. */
  readonly ownConnection?: boolean;
  /** Counts and times calls by method and gRPC code: `grpc_client_handled_total`, `grpc_client_handling_seconds`. */
  readonly metrics?: Metrics;
  /** Send writes over one Mutate stream rather than a call each. Default true. */
  readonly pipelined?: boolean;
}

/** Lists and answers to DeleteCollection come in the same chunks; only the former have a cursor. */
type ListChunk = Omit<ListResponse, 'cursor'> & { readonly cursor?: string };

/**
 * A Transport over gRPC. Connects with the first call, and again by itself after a break. A write that a break leaves
 * unanswered is rejected with ServiceUnavailable: whether it was done is not known.
 */
export function createRpcTransport(options: RpcTransportOptions): CursorTransport {
  const { patienceMs = 5_000 } = options;
  const address = targetOf(options.address);
  const client = new ResourceServiceClient(address, credentialsOf(options.tls), channelOptionsOf(options));
  const { rateLimit, metrics } = options;
  const policy = createCallPolicy({ client, address, patienceMs, rateLimit, metrics });
  const timeoutMs = options.timeoutMs ?? 60_000;
  const pipelined = options.pipelined ?? true;

  function metadata(): Metadata {
    const made = new Metadata();
    const token = typeof options.token === 'function' ? options.token() : options.token;
    if (token !== undefined) made.set('authorization', `Bearer ${token}`);
    return made;
  }

  const limits = (): CallOptions => ({ deadline: Date.now() + timeoutMs });
  const mutations = createMutateClient(() => client.mutate(metadata()), timeoutMs);

  type Unary<Request> = (
    request: Request,
    metadata: Metadata,
    options: CallOptions,
    callback: (error: ServiceError | null, response: { object: Uint8Array }) => void,
  ) => unknown;

  function call<Request, Answer = KubeObject>(method: Unary<Request>, request: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      method.call(client, request, metadata(), limits(), (error, response) => {
        if (error !== null) reject(fromServiceError(error));
        else resolve(decodeJson(response.object) as Answer);
      });
    });
  }

  async function collect(chunks: ClientReadableStream<ListChunk>): Promise<ListWithCursor> {
    let list: KubeList | undefined;
    let told = '';
    try {
      for await (const { envelope, items, cursor } of chunks as AsyncIterable<ListChunk>) {
        list ??= decodeJson(envelope) as KubeList;
        told ||= cursor ?? '';
        if (items.length > 0) list.items ??= [];
        for (const item of items) list.items.push(decodeJson(item) as KubeObject);
      }
    } catch (error) {
      throw fromServiceError(error);
    }
    if (list === undefined) throw internalError(new Error('the server answered a list without an envelope'));
    return { list, cursor: told === '' ? undefined : told };
  }

  const isStatus = (list: KubeList | Status): list is Status => list.kind === 'Status';
  const withItems = (list: KubeList): KubeList => {
    list.items ??= [];
    return list;
  };

  function listWithCursor(ref: ResourceRef, selection: ListOptions = {}): Promise<ListWithCursor> {
    const request = { ref: refToWire(ref), options: listOptionsToWire(selection) };
    return policy.call('List', 'read', async () => {
      const { list, cursor } = await collect(client.list(request, metadata(), limits()));
      return { list: withItems(list), cursor };
    });
  }

  /** One write, over the stream or as a call of its own. */
  function write<Request, Answer = KubeObject>(
    method: string,
    unary: Unary<Request>,
    request: Request,
    operation: NonNullable<MutateRequest['operation']>,
  ): Promise<Answer> {
    return policy.call(method, 'write', () =>
      pipelined ? (mutations.send(operation) as Promise<Answer>) : call<Request, Answer>(unary, request),
    );
  }

  return {
    get(ref, { resourceVersion = '' } = {}) {
      const request = { ref: refToWire(ref), resourceVersion };
      return policy.call('Get', 'read', () => call(client.get as Unary<unknown>, request));
    },

    list: async (ref, selection) => (await listWithCursor(ref, selection)).list,
    listWithCursor,

    // Not async: the request must be made of the arguments before control returns to the caller.
    create(ref, object, how = {}) {
      const create = { ref: refToWire(ref), object: encodeJson(object), options: writeOptionsToWire(how) };
      return write('Create', client.create as Unary<unknown>, create, { $case: 'create', create });
    },

    update(ref, object, how = {}) {
      const update = { ref: refToWire(ref), object: encodeJson(object), options: writeOptionsToWire(how) };
      return write('Update', client.update as Unary<unknown>, update, { $case: 'update', update });
    },

    patch(ref, { type, body }, how = {}) {
      const patch = {
        ref: refToWire(ref),
        type: patchTypeToWire[type],
        body: encodeJson(body),
        options: writeOptionsToWire(how),
      };
      return write('Patch', client.patch as Unary<unknown>, patch, { $case: 'patch', patch });
    },

    delete(ref, how = {}) {
      const request = { ref: refToWire(ref), options: deleteOptionsToWire(how) };
      const operation = { $case: 'delete', delete: request } as const;
      return write('Delete', client.delete as Unary<unknown>, request, operation);
    },

    deleteCollection(ref, how = {}, selection = {}) {
      const request = {
        ref: refToWire(ref),
        options: deleteOptionsToWire(how),
        list: listOptionsToWire(selection),
      };
      return policy.call('DeleteCollection', 'write', async () => {
        const { list } = await collect(client.deleteCollection(request, metadata(), limits()));
        const answer: KubeList | Status = list;
        return isStatus(answer) ? answer : withItems(answer);
      });
    },

    watch: (ref, selection, signal) => watch(client, policy, ref, selection, metadata, signal),

    async close() {
      policy.close();
      mutations.close();
      client.close();
    },
  };
}

async function* watch(
  client: ResourceServiceClient,
  policy: CallPolicy,
  ref: ResourceRef,
  options: WatchOptions,
  metadata: () => Metadata,
  signal: AbortSignal,
): AsyncGenerator<readonly WatchEvent[]> {
  const end = await policy.begin('Watch', signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  if (end === undefined) return;
  let failure: unknown;
  const call = client.watch(watchToWire(ref, options), metadata());
  const cancel = (): void => call.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  // The signal tells of its end once, and may have done so while there was no call yet.
  if (signal.aborted) cancel();
  try {
    for await (const { events } of call as AsyncIterable<WatchResponse>) {
      const batch: WatchEvent[] = [];
      for (const { type, object } of events) {
        const known = eventTypeFromWire(type);
        if (known !== undefined) batch.push({ type: known, object: decodeJson(object) as KubeObject });
      }
      if (batch.length > 0) yield batch;
      if (signal.aborted) return;
    }
  } catch (error) {
    if (signal.aborted) return;
    failure = fromServiceError(error);
    throw failure;
  } finally {
    end(failure);
    signal.removeEventListener('abort', cancel);
    // A call that is cancelled still reports it, to nobody any more.
    call.on('error', () => {});
    call.cancel();
  }
}
