import type { KubeList, KubeObject, Status } from '@drydock/base/apimachinery';
import { internalError } from '@drydock/base/apimachinery';
import type { ResourceRef, Transport, WatchEvent, WatchOptions } from '@drydock/port/transport';
import type { CallOptions, ChannelOptions, ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { ChannelCredentials, Metadata } from '@grpc/grpc-js';
import {
  deleteOptionsToWire,
  eventTypeFromWire,
  listOptionsToWire,
  patchTypeToWire,
  refToWire,
  watchToWire,
  writeOptionsToWire,
} from './convert.ts';
import type { ListResponse, WatchResponse } from './gen/drydock/v1/resource.ts';
import { ResourceServiceClient } from './gen/drydock/v1/resource.ts';
import { decodeJson, encodeJson } from './json.ts';
import { createMutateClient } from './mutate-client.ts';
import { fromServiceError } from './status-mapping.ts';

export interface RpcClientTls {
  /** PEM of the authorities to trust. Default: those of the system. */
  readonly certificateAuthority?: string | Uint8Array;
  /** PEM, for mutual TLS. */
  readonly key?: string | Uint8Array;
  readonly certificate?: string | Uint8Array;
  /** Name the server's certificate is checked against, where it differs from the address. */
  readonly serverName?: string;
}

export interface RpcTransportOptions {
  /** `host:port`, or any gRPC name (`dns:///apiserver:7050`). */
  readonly address: string;
  /** Absent: no encryption. */
  readonly tls?: RpcClientTls;
  /** Bearer token, or where to get the current one. */
  readonly token?: string | (() => string);
  /** Deadline of every call but `watch`. Default 60,000. */
  readonly timeoutMs?: number;
  /** Send writes over one Mutate stream rather than a call each. Default true. */
  readonly pipelined?: boolean;
}

/**
 * A Transport over gRPC. Connects with the first call, and again by itself after a break; calls made while there is
 * no connection are rejected with ServiceUnavailable.
 */
export function createRpcTransport(options: RpcTransportOptions): Transport {
  const client = new ResourceServiceClient(
    options.address,
    credentialsOf(options.tls),
    channelOptionsOf(options),
  );
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

  async function collect(chunks: ClientReadableStream<ListResponse>): Promise<KubeList> {
    let list: KubeList | undefined;
    try {
      for await (const { envelope, items } of chunks as AsyncIterable<ListResponse>) {
        list ??= decodeJson(envelope) as KubeList;
        if (items.length > 0) list.items ??= [];
        for (const item of items) list.items.push(decodeJson(item) as KubeObject);
      }
    } catch (error) {
      throw fromServiceError(error);
    }
    if (list === undefined) throw internalError(new Error('the server answered a list without an envelope'));
    return list;
  }

  const isStatus = (list: KubeList | Status): list is Status => list.kind === 'Status';
  const withItems = (list: KubeList): KubeList => {
    list.items ??= [];
    return list;
  };

  return {
    get: (ref, { resourceVersion = '' } = {}) =>
      call(client.get as Unary<unknown>, { ref: refToWire(ref), resourceVersion }),

    async list(ref, selection = {}) {
      const request = { ref: refToWire(ref), options: listOptionsToWire(selection) };
      return withItems(await collect(client.list(request, metadata(), limits())));
    },

    // Not async: the request must be made of the arguments before control returns to the caller.
    create(ref, object, how = {}) {
      const create = { ref: refToWire(ref), object: encodeJson(object), options: writeOptionsToWire(how) };
      if (!pipelined) return call(client.create as Unary<unknown>, create);
      return mutations.send({ $case: 'create', create }) as Promise<KubeObject>;
    },

    update(ref, object, how = {}) {
      const update = { ref: refToWire(ref), object: encodeJson(object), options: writeOptionsToWire(how) };
      if (!pipelined) return call(client.update as Unary<unknown>, update);
      return mutations.send({ $case: 'update', update }) as Promise<KubeObject>;
    },

    patch(ref, { type, body }, how = {}) {
      const patch = {
        ref: refToWire(ref),
        type: patchTypeToWire[type],
        body: encodeJson(body),
        options: writeOptionsToWire(how),
      };
      if (!pipelined) return call(client.patch as Unary<unknown>, patch);
      return mutations.send({ $case: 'patch', patch }) as Promise<KubeObject>;
    },

    delete(ref, how = {}) {
      const request = { ref: refToWire(ref), options: deleteOptionsToWire(how) };
      if (!pipelined) return call<unknown, KubeObject | Status>(client.delete as Unary<unknown>, request);
      return mutations.send({ $case: 'delete', delete: request });
    },

    async deleteCollection(ref, how = {}, selection = {}) {
      const request = {
        ref: refToWire(ref),
        options: deleteOptionsToWire(how),
        list: listOptionsToWire(selection),
      };
      const answer: KubeList | Status = await collect(client.deleteCollection(request, metadata(), limits()));
      return isStatus(answer) ? answer : withItems(answer);
    },

    watch: (ref, selection, signal) => watch(client, ref, selection, metadata, signal),

    async close() {
      mutations.close();
      client.close();
    },
  };
}

async function* watch(
  client: ResourceServiceClient,
  ref: ResourceRef,
  options: WatchOptions,
  metadata: () => Metadata,
  signal: AbortSignal,
): AsyncGenerator<readonly WatchEvent[]> {
  if (signal.aborted) return;
  const call = client.watch(watchToWire(ref, options), metadata());
  const cancel = (): void => call.cancel();
  signal.addEventListener('abort', cancel, { once: true });
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
    if (!signal.aborted) throw fromServiceError(error);
  } finally {
    signal.removeEventListener('abort', cancel);
    // A call that is cancelled still reports it, to nobody any more.
    call.on('error', () => {});
    call.cancel();
  }
}

function credentialsOf(tls: RpcClientTls | undefined): ChannelCredentials {
  if (tls === undefined) return ChannelCredentials.createInsecure();
  const pem = (value: string | Uint8Array | undefined): Buffer | null =>
    value === undefined ? null : Buffer.from(value);
  return ChannelCredentials.createSsl(pem(tls.certificateAuthority), pem(tls.key), pem(tls.certificate));
}

function channelOptionsOf({ tls }: RpcTransportOptions): ChannelOptions {
  return {
    'grpc.max_receive_message_length': 64 * 1024 * 1024,
    'grpc.max_send_message_length': -1,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.keepalive_permit_without_calls': 1,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 5_000,
    'grpc-node.flow_control_window': 1024 * 1024,
    ...(tls?.serverName === undefined
      ? {}
      : { 'grpc.ssl_target_name_override': tls.serverName, 'grpc.default_authority': tls.serverName }),
  };
}
