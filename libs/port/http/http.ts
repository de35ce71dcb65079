import type { HttpUpgrade } from './upgrade.ts';

/** A TLS client certificate that was verified against the client CA. */
export interface ClientCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** It is of the authority of front proxies: it says who passes a request on, not whose request it is. */
  readonly frontProxy?: boolean;
}

/** One HTTP request, free of any server library. */
export interface HttpRequest {
  readonly method: string;
  /** As sent, still percent-encoded, without the query. */
  readonly path: string;
  /** Without the `?`; '' when there is none. */
  readonly query: string;
  /** One value of a header (lower-case name); repeated headers joined by `, `. */
  header(name: string): string | undefined;
  /** The values of a header (lower-case name), one for each time it was sent, in order; [] when it was not. */
  headerValues(name: string): readonly string[];
  /** All headers, lower-case names; for proxies. */
  readonly headers?: ReadonlyMap<string, string>;
  /** The whole body, at most `maxBytes` (else rejects RequestEntityTooLarge). */
  body(maxBytes: number): Promise<Uint8Array>;
  readonly remoteAddress: string;
  readonly clientCertificate: ClientCertificate | undefined;
  /** The protocol that the client wants to change to, when the server can: the adapter offers no others. */
  readonly upgrade?: 'websocket' | 'spdy/3.1' | undefined;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

/**
 * The answer. A `Uint8Array` body is sent with Content-Length; parts are written one after another without joining them;
 * a stream is chunked, flushed at each yield, and pulled only when the client takes it (so that a slow client is felt).
 */
export interface HttpResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array> | undefined;
  /** The body is a `Uint8Array` with memory of its own, made for this answer alone: the adapter may give it away. */
  readonly freshBody?: boolean;
  /** Send the (not streamed) body compressed: the handler has seen that the client takes gzip and that it is worth it. */
  readonly gzip?: boolean;
  /** With status 101, and only for a request with `upgrade`: what the connection becomes. */
  readonly upgrade?: HttpUpgrade;
}

/** Answers every request; never rejects. May return without a promise where the answer is at hand (the hot read path). */
export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

/** A server that requests can be sent on to, body, upgrades and all. */
export interface Upstream {
  /**
   * What a handler answers to have the request sent on as it is, with these headers in place of those it has of their names;
   * `without` names further headers (lower case) that stay behind, or what they begin with when it ends in `*`.
   */
  forward(
    headers: ReadonlyMap<string, string | readonly string[]>,
    without?: readonly string[],
  ): HttpResponse;
  close(): void;
}
