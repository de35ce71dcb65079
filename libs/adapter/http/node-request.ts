import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { badRequest, requestEntityTooLarge } from '@drydock/base/apimachinery';
import type { ClientCertificate, HttpRequest } from '@drydock/port/http';
import { RelaySocket } from './front/relay-socket.ts';
import { upgradeOf } from './upgrade-header.ts';

const certificates = new WeakMap<Socket, ClientCertificate | undefined>();

function listOf(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/** Whether that authority signed it, whatever the names in it say. */
const isOf = (authority: X509Certificate | undefined, shown: X509Certificate | undefined): boolean =>
  authority !== undefined && shown?.checkIssued(authority) === true && shown.verify(authority.publicKey);

/** The verified certificate of a connection, read once a connection; undefined when there is none or it is not trusted. */
function certificateOf(
  socket: Socket,
  proxyAuthority: X509Certificate | undefined,
): ClientCertificate | undefined {
  // What a front thread has verified comes with its end of the connection.
  if (socket instanceof RelaySocket) return socket.clientCertificate;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  if (certificates.has(socket)) return certificates.get(socket);
  const subject = socket.getPeerCertificate().subject as
    | Record<string, string | string[] | undefined>
    | undefined;
  const commonName = listOf(subject?.CN)[0];
  const certificate =
    subject === undefined || commonName === undefined
      ? undefined
      : {
          commonName,
          organizations: listOf(subject.O),
          ...(isOf(proxyAuthority, socket.getPeerX509Certificate()) ? { frontProxy: true } : {}),
        };
  certificates.set(socket, certificate);
  return certificate;
}

/** A node request seen through the neutral contract. Everything that costs is made when it is asked for. */
export class NodeRequest implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly #incoming: IncomingMessage;
  readonly #outgoing: ServerResponse | Duplex;
  readonly #proxyAuthority: X509Certificate | undefined;
  readonly #onAbort: (() => void)[] = [];
  #abort: AbortController | undefined;

  /** `outgoing` is the answer, or the connection itself for a request that asks for an upgrade. */
  constructor(
    incoming: IncomingMessage,
    outgoing: ServerResponse | Duplex,
    proxyAuthority?: X509Certificate,
  ) {
    this.#incoming = incoming;
    this.#proxyAuthority = proxyAuthority;
    this.#outgoing = outgoing;
    this.method = incoming.method ?? 'GET';
    const url = incoming.url ?? '/';
    const mark = url.indexOf('?');
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = mark < 0 ? '' : url.slice(mark + 1);
  }

  header(name: string): string | undefined {
    const value = this.#incoming.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  headerValues(name: string): readonly string[] {
    return this.#incoming.headersDistinct[name] ?? [];
  }

  get url(): string {
    return this.#incoming.url ?? '/';
  }

  get socket(): Socket {
    return this.#incoming.socket;
  }

  /** All headers as they can be sent elsewhere: name, value, …; of those that came more than once, also each time. */
  headerList(): { headers: readonly string[]; repeated: readonly string[] | undefined } {
    const { headers: joined, rawHeaders } = this.#incoming;
    const headers: string[] = [];
    for (const name in joined) headers.push(name, this.header(name) ?? '');
    if (headers.length >= rawHeaders.length) return { headers, repeated: undefined };
    const repeated: string[] = [];
    for (const [name, values = []] of Object.entries(this.#incoming.headersDistinct)) {
      if (values.length > 1) for (const value of values) repeated.push(name, value);
    }
    return { headers, repeated };
  }

  /** How long the body is, by its head; undefined where that is to be seen. */
  declaredBytes(): number | undefined {
    const { headers } = this.#incoming;
    return headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : undefined;
  }

  get headers(): ReadonlyMap<string, string> {
    const { headers } = this.#incoming;
    return new Map(Object.keys(headers).map((name) => [name, this.header(name) ?? '']));
  }

  get remoteAddress(): string {
    return this.#incoming.socket.remoteAddress ?? '';
  }

  get clientCertificate(): ClientCertificate | undefined {
    return certificateOf(this.#incoming.socket, this.#proxyAuthority);
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#outgoing.closed || this.#incoming.socket.destroyed) this.abort();
      else this.#outgoing.once('close', () => this.abort());
    }
    return this.#abort.signal;
  }

  /** Ends what is being done for this request: the client went, or the server stops. */
  abort(): void {
    this.#abort?.abort();
    this.#onAbort.splice(0).forEach((run) => run());
  }

  /** Runs when the answer is out or its client is gone, whichever comes first. */
  onClose(run: () => void): void {
    this.#outgoing.once('close', run);
  }

  /** Cuts the connection: its answer is broken. */
  cut(): void {
    this.#outgoing.destroy();
  }

  /** Runs when the request is ended from this side, for connections that have become something else. */
  onAbort(run: () => void): void {
    this.#onAbort.push(run);
  }

  get upgrade(): 'websocket' | 'spdy/3.1' | undefined {
    return upgradeOf(this.#incoming);
  }

  body(maxBytes: number): Promise<Uint8Array> {
    const incoming = this.#incoming;
    const declared = Number(incoming.headers['content-length'] ?? 0);
    if (declared > maxBytes) return Promise.reject(requestEntityTooLarge(`limit is ${maxBytes}`));
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let length = 0;
      incoming.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > maxBytes) {
          // What still comes is thrown away by node once the answer is out.
          incoming.removeAllListeners('data');
          reject(requestEntityTooLarge(`limit is ${maxBytes}`));
          return;
        }
        chunks.push(chunk);
      });
      incoming.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)));
      incoming.once('error', () => reject(badRequest('the request body could not be read')));
    });
  }
}
