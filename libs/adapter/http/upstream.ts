import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { serviceUnavailable } from '@drydock/base/apimachinery';
import type { HttpResponse, Upstream } from '@drydock/port/http';
import type { NodeRequest } from './node-request.ts';
import { upgradeOf } from './upgrade-header.ts';
import { createProber, hostOf, placeName, type UpstreamPlace } from './upstream-prober.ts';

export type { UpstreamPlace };

export interface UpstreamOptions {
  /** Where the server is now; several are used in turn, and those that fail left out for a while. */
  places(): readonly UpstreamPlace[];
  readonly tls: {
    /** PEM of the authorities to trust. Default: those of the system. */
    readonly ca?: string | Buffer;
    /** PEM, shown to the server. */
    readonly cert?: string;
    readonly key?: string;
    /** Name that its certificate is checked against. Default: the host. */
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
  /** The `Host` header. Default: as the place says. */
  readonly hostHeader?: string;
  /** A connection must be there within this time. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /**
   * Of several places, those that do not answer 200 here in time are asked last, and reads that wait for them are asked
   * elsewhere: a process that is stopped still takes connections. From one that is silent for several times in a row nothing is
   * waited for any more: its writes fail, its streams break. Default: nobody is probed.
   */
  readonly probe?: { readonly path: string; readonly everyMs: number; readonly timeoutMs: number };
}

type Headers = ReadonlyMap<string, string | readonly string[]>;

/** How a request leaves and how its answer comes back; found by the answer that stands for it. */
export interface Forward {
  send(incoming: IncomingMessage, outgoing: ServerResponse, request: NodeRequest): Promise<void>;
  upgrade(
    incoming: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    request: NodeRequest,
    relay: (answer: IncomingMessage) => Promise<void>,
  ): Promise<void>;
}

const forwards = new WeakMap<HttpResponse, Forward>();
export const forwardOf = (response: HttpResponse): Forward | undefined => forwards.get(response);

/** An answer that stands for passing the request on. */
export function standsFor(forward: Forward): HttpResponse {
  const stands: HttpResponse = { status: 502, headers: {}, body: undefined };
  forwards.set(stands, forward);
  return stands;
}

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** A place that failed is asked last for this long. */
const downMs = 2_000;
/** How often in a row a place must be silent to be given up by those that cannot be asked elsewhere. */
const timesSilent = 3;

/** The answer's headers as they came, without those that are this connection's own. */
export function endToEndHeaders({ rawHeaders }: IncomingMessage): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (!hopByHop.has(name.toLowerCase())) kept.push(name, rawHeaders[i + 1] ?? '');
  }
  return kept;
}

/** Passes an answer on. Resolves when it is through; a broken answer breaks the connection. */
export function relayAnswer(
  answer: IncomingMessage,
  outgoing: ServerResponse,
  request?: NodeRequest,
): Promise<void> {
  return new Promise((resolve) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEndHeaders(answer));
    outgoing.flushHeaders();
    const streams = answer.headers['content-length'] === undefined;
    // A stop ends streams as their server would; whole answers are let through.
    if (streams)
      request?.onAbort(() => {
        answer.unpipe(outgoing);
        outgoing.end();
        answer.destroy();
      });
    answer.once('error', () => outgoing.destroy());
    answer.once('close', () => {
      if (!answer.complete && !outgoing.writableEnded) outgoing.destroy();
    });
    outgoing.once('close', () => {
      answer.destroy();
      resolve();
    });
    answer.pipe(outgoing);
  });
}

function failureText(error: NodeJS.ErrnoException, place: UpstreamPlace): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return `dial tcp ${placeName(place)}: connect: connection refused`;
    case 'ECONNRESET':
      return 'EOF';
    default:
      return error.message;
  }
}

/** Failed before anything was sent, or without an answer to what may be asked again. */
class Unanswered extends Error {
  readonly again: boolean;

  constructor(message: string, again: boolean) {
    super(message);
    this.again = again;
  }
}

export interface HttpsUpstream extends Upstream {
  /** Its places, and whether requests go there by choice. */
  states(): readonly { readonly address: string; readonly well: boolean }[];
}

/** Sends requests on over HTTPS. Connections are kept; bodies and answers stream, at the pace of who reads them. */
export function createUpstream(options: UpstreamOptions): HttpsUpstream {
  const { tls, connectTimeoutMs = 5_000, probe } = options;
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 256, ...tls });
  const down = new Map<string, number>();
  let turn = 0;
  const prober =
    probe === undefined
      ? undefined
      : createProber({ probe, tls, places: options.places, hostHeader: options.hostHeader });

  const isDown = (place: UpstreamPlace): boolean =>
    prober?.isSick(place) === true || (down.get(placeName(place)) ?? -Infinity) > performance.now() - downMs;

  /** All places, beginning with another one each time; those that failed lately come last. */
  function inOrder(): UpstreamPlace[] {
    const places = options.places();
    const first = turn++ % Math.max(1, places.length);
    const rotated = [...places.slice(first), ...places.slice(0, first)];
    return [...rotated.filter((place) => !isDown(place)), ...rotated.filter(isDown)];
  }

  function headersFor(
    incoming: IncomingMessage,
    place: UpstreamPlace,
    headers: Headers,
    without: readonly string[],
  ) {
    const exact = new Set(without);
    const prefixes = without.filter((one) => one.endsWith('*')).map((one) => one.slice(0, -1));
    const sent: Record<string, string | readonly string[]> = {};
    for (const [name, values] of Object.entries(incoming.headersDistinct)) {
      if (values === undefined || hopByHop.has(name) || name === 'host' || exact.has(name)) continue;
      if (prefixes.some((prefix) => name.startsWith(prefix))) continue;
      sent[name] = values.length === 1 ? (values[0] ?? '') : values;
    }
    const before = sent['x-forwarded-for'];
    const from = incoming.socket.remoteAddress ?? '';
    sent['x-forwarded-for'] = before === undefined ? from : `${[before].flat().join(', ')}, ${from}`;
    for (const [name, value] of headers) sent[name] = value;
    sent['host'] = options.hostHeader ?? hostOf(place);
    return sent;
  }

  /** One try at one place. */
  function attempt(
    incoming: IncomingMessage,
    place: UpstreamPlace,
    headers: Record<string, string | readonly string[]>,
    signal: AbortSignal,
    sentBody: { begun: boolean },
    upgraded?: (answer: IncomingMessage, socket: Duplex, head: Buffer) => void,
  ): Promise<IncomingMessage | undefined> {
    const hasBody =
      incoming.headers['transfer-encoding'] !== undefined ||
      Number(incoming.headers['content-length'] ?? 0) > 0;
    const reads = incoming.method === 'GET' || incoming.method === 'HEAD';
    return new Promise((resolve, reject) => {
      const call: ClientRequest = httpsRequest({
        agent,
        host: place.host,
        port: place.port,
        ...(place.serverName === undefined ? {} : { servername: place.serverName }),
        method: incoming.method ?? 'GET',
        path: incoming.url ?? '/',
        headers: headers as Record<string, string | string[]>,
        setHost: false,
        signal,
      });
      let connected = false;
      const late = setTimeout(
        () => call.destroy(new Error(`dial tcp ${placeName(place)}: i/o timeout`)),
        connectTimeoutMs,
      );
      const begin = (): void => {
        connected = true;
        clearTimeout(late);
        down.delete(placeName(place));
        if (!hasBody) return;
        sentBody.begun = true;
        incoming.pipe(call);
      };
      call.once('socket', (socket) => {
        socket.setNoDelay(true);
        if (call.reusedSocket || !(socket as TLSSocket).connecting) begin();
        else socket.once('secureConnect', begin);
      });
      if (!hasBody) call.end();
      // A read that waits for a server that has fallen silent is asked elsewhere. A write may have been done: it is left more time,
      // and so is an answer that has begun.
      let patience = reads && !hasBody ? 1 : timesSilent;
      let before: number | undefined;
      const unwait = prober?.whenSick(place, (times) => {
        // Counted from here on, and anew when it was well in between.
        if (before === undefined || times <= before) before = times - 1;
        if (times - before >= patience) call.destroy(new Error(`${placeName(place)} does not answer`));
      });
      call.once('response', (answer) => {
        patience = timesSilent;
        answer.once('close', () => unwait?.());
        resolve(answer);
      });
      if (upgraded !== undefined)
        call.once('upgrade', (answer, socket, head) => {
          unwait?.();
          upgraded(answer, socket, head);
          resolve(undefined);
        });
      call.once('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(late);
        unwait?.();
        incoming.unpipe(call);
        if (!connected) down.set(placeName(place), performance.now());
        reject(
          new Unanswered(
            failureText(error, place),
            !signal.aborted && !sentBody.begun && (!connected || reads),
          ),
        );
      });
    });
  }

  /** The answer of the first place that gives one. @throws ApiError 503 */
  async function ask(
    incoming: IncomingMessage,
    headers: Headers,
    without: readonly string[],
    signal: AbortSignal,
    more: Headers = new Map(),
    upgraded?: (answer: IncomingMessage, socket: Duplex, head: Buffer) => void,
  ): Promise<IncomingMessage | undefined> {
    const places = inOrder();
    const sentBody = { begun: false };
    let reason = 'no endpoints available';
    // A connection that was kept may have died meanwhile: the only place there is gets a second try.
    for (const place of places.length === 1 ? [...places, ...places] : places) {
      const sent = headersFor(incoming, place, new Map([...headers, ...more]), without);
      try {
        return await attempt(incoming, place, sent, signal, sentBody, upgraded);
      } catch (error) {
        reason = (error as Error).message;
        if (!(error instanceof Unanswered) || !error.again) break;
      }
    }
    throw serviceUnavailable(`error trying to reach service: ${reason}`);
  }

  return {
    forward(headers, without = []) {
      return standsFor({
        async send(incoming, outgoing, request) {
          const gone = new AbortController();
          outgoing.once('close', () => gone.abort());
          const answer = await ask(incoming, headers, without, gone.signal);
          if (answer !== undefined) await relayAnswer(answer, outgoing, request);
        },
        async upgrade(incoming, socket, head, request, relay) {
          const gone = new AbortController();
          socket.once('close', () => gone.abort());
          let through: Promise<void> | undefined;
          const protocol = new Map([
            ['connection', 'Upgrade'],
            ['upgrade', incoming.headers.upgrade ?? upgradeOf(incoming) ?? ''],
          ]);
          const answer = await ask(
            incoming,
            headers,
            without,
            gone.signal,
            protocol,
            (switched, other, rest) => {
              through = splice(switched, socket, head, other, rest, request);
            },
          );
          if (answer !== undefined) await relay(answer);
          await through;
        },
      });
    },
    states: () => options.places().map((place) => ({ address: placeName(place), well: !isDown(place) })),
    close() {
      prober?.close();
      agent.destroy();
    },
  };
}

/** Joins two connections that have changed their protocol; resolves when both are closed. */
function splice(
  switched: IncomingMessage,
  near: Duplex,
  nearHead: Buffer,
  far: Duplex,
  farHead: Buffer,
  request: NodeRequest,
): Promise<void> {
  const { rawHeaders } = switched;
  const lines = [`HTTP/1.1 101 ${switched.statusMessage ?? 'Switching Protocols'}`];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  near.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (farHead.length > 0) near.write(farHead);
  if (nearHead.length > 0) far.write(nearHead);
  near.pipe(far);
  far.pipe(near);
  request.onAbort(() => far.end());
  return new Promise((resolve) => {
    let open = 2;
    const closed = (): void => {
      open -= 1;
      if (open === 0) resolve();
    };
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => one.destroy());
      one.once('close', () => {
        // What is still on its way to the other side is let through.
        if (!other.writableEnded) other.end();
        if (one === near) other.destroy();
        closed();
      });
    }
  });
}
