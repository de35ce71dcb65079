import type { KubeObject, Status } from '@drydock/base/apimachinery';
import type { Clock, VirtualClock } from '@drydock/base/clock';
import { createSeededRandom, createVirtualClock } from '@drydock/base/clock';
import type { HttpRequest } from '@drydock/port/http';
import type { Logger } from '@drydock/port/observability';
import { noMetrics, silentLogger } from '@drydock/port/observability';
import type { TokenKeys } from '@drydock/port/tokens';
import type { Transport } from '@drydock/port/transport';
import type { WebhookCaller } from '@drydock/port/webhook';
import { createMemoryStore } from '@drydock/store-memory';
import { createAuthenticator } from '../authn/index.ts';
import type { ApiServerCoreOptions } from '../core/index.ts';
import { createApiServerCore, systemUser } from '../core/index.ts';
import { requestEntityTooLarge } from '@drydock/base/apimachinery';
import { allDefinitions } from '../resources/index.ts';
import type { UserInfo } from '../registry/index.ts';
import { createRestHandler } from './index.ts';

export interface CallOptions {
  /** Bytes and text go as they are, everything else as JSON. */
  readonly body?: unknown;
  /** Default `application/json` when there is a body. */
  readonly type?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal;
  /** Further headers, with lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** The texts of the `Warning:` headers. */
  readonly warnings: readonly string[];
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly gzip: boolean;
  /** The body as JSON; read only where it is JSON. */
  readonly json: KubeObject & Status & { items: KubeObject[] };
  /** Of a watch. */
  readonly stream: AsyncIterator<Uint8Array> | undefined;
}

export interface RestServerOptions {
  /** Default: the virtual one that the server tells. */
  readonly clock?: Clock;
  readonly core?: ApiServerCoreOptions;
  readonly logger?: Logger;
  readonly tokenKeys?: TokenKeys;
  readonly webhooks?: WebhookCaller;
  /** Who sends the requests. Default: the server itself. */
  readonly user?: () => UserInfo;
  /** Requests with an `authorization` header are whose it says. Default false: all are the `user`'s. */
  readonly byToken?: boolean;
}

export interface RestServer {
  readonly clock: VirtualClock;
  /** The server's own, for loops. */
  readonly transport: Transport;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  stop(): Promise<void>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function bytesOf(body: unknown): Uint8Array {
  if (body === undefined) return new Uint8Array();
  if (body instanceof Uint8Array) return body;
  return encoder.encode(typeof body === 'string' ? body : JSON.stringify(body));
}

/** The whole API over the memory store, asked through the HTTP handler without a socket. */
export async function startRest(options: RestServerOptions = {}): Promise<RestServer> {
  const store = createMemoryStore();
  const virtual = createVirtualClock();
  const clock = options.clock ?? virtual;
  const random = createSeededRandom(7);
  const core = createApiServerCore(options.core ?? {}, {
    store,
    definitions: allDefinitions,
    clock,
    random,
    logger: silentLogger,
    tokenKeys: options.tokenKeys,
    ...(options.webhooks === undefined ? {} : { webhooks: options.webhooks }),
  });
  await core.start();
  const byToken = createAuthenticator(core.tokens);
  const handler = createRestHandler({
    registry: core.registry,
    authenticator: (request) =>
      options.byToken === true && request.header('authorization') !== undefined
        ? byToken(request)
        : (options.user?.() ?? systemUser),
    authorizer: core.authorizer,
    classifier: core.classifier,
    limiter: core.limiter,
    clock,
    random,
    logger: options.logger ?? silentLogger,
    metrics: noMetrics,
    checks: [],
    tokenIssuer: core.serviceAccountTokens,
    serverAddress: '127.0.0.1:6443',
  });
  return {
    clock: virtual,
    transport: core.transport(systemUser),
    async call(method, path, call = {}) {
      const mark = path.indexOf('?');
      const bytes = bytesOf(call.body);
      const headers: Record<string, string | undefined> = {
        'content-type': call.type ?? (call.body === undefined ? undefined : 'application/json'),
        accept: call.accept,
        ...call.headers,
      };
      const request: HttpRequest = {
        method,
        path: mark < 0 ? path : path.slice(0, mark),
        query: mark < 0 ? '' : path.slice(mark + 1),
        header: (name) => headers[name],
        headerValues: (name) => (headers[name] === undefined ? [] : [headers[name]]),
        body: (maxBytes) =>
          bytes.length > maxBytes
            ? Promise.reject(requestEntityTooLarge(`limit is ${maxBytes}`))
            : Promise.resolve(bytes),
        remoteAddress: '127.0.0.1',
        clientCertificate: undefined,
        signal: call.signal ?? new AbortController().signal,
      };
      const response = await handler(request);
      const { body } = response;
      let text = '';
      let stream: AsyncIterator<Uint8Array> | undefined;
      if (body instanceof Uint8Array) text = decoder.decode(body);
      else if (body !== undefined && Symbol.asyncIterator in body) stream = body[Symbol.asyncIterator]();
      else if (body !== undefined) text = body.map((part) => decoder.decode(part)).join('');
      const warning = response.headers['warning'] ?? [];
      return {
        status: response.status,
        headers: response.headers,
        warnings: (typeof warning === 'string' ? [warning] : warning).map((line) =>
          line.slice('299 - "'.length, -1).replaceAll('\\"', '"').replaceAll('\\\\', '\\'),
        ),
        text,
        bytes: body instanceof Uint8Array ? body : new Uint8Array(),
        gzip: response.gzip === true,
        get json() {
          return JSON.parse(text) as Answer['json'];
        },
        stream,
      };
    },
    async stop() {
      await core.stop();
      await store.close();
    },
  };
}

/** The next events of a watch, parsed; waits for at least one. */
export async function nextEvents(
  stream: AsyncIterator<Uint8Array>,
): Promise<{ type: string; object: KubeObject & Status }[] | undefined> {
  const result = await stream.next();
  if (result.done === true) return undefined;
  return decoder
    .decode(result.value)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; object: KubeObject & Status });
}
