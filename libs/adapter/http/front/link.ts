import type { Server as PlainServer } from 'node:http';
import type { ClientCertificate, HttpHandler, HttpResponse } from '@drydock/port/http';
import type { Logger } from '@drydock/port/observability';
import { failed } from '../serve.ts';
import { forwardOf } from '../upstream.ts';
import { MainRequest } from './main-request.ts';
import { bytesOf, type Batch, type FrontItem, type MainItem } from './messages.ts';
import { Outbox } from './outbox.ts';
import { RelaySocket } from './relay-socket.ts';

/** Of a stream, under way to its client before the next chunk waits. */
const windowBytes = 256 * 1024;
/** Larger answers go over in slices of this size, so that the client reads the first while the next is made. */
const sliceBytes = 1024 * 1024;
/** Larger bodies that are put together from parts are given away, others copied with the rest of their batch. */
const copyBytes = 64 * 1024;

type Body = NonNullable<HttpResponse['body']>;

const isStream = (body: Body): body is AsyncIterable<Uint8Array> => Symbol.asyncIterator in body;

const lengthOf = (parts: readonly Uint8Array[]): number =>
  parts.reduce((length, part) => length + part.length, 0);

/** The parts in slices of a given size, each in a buffer of its own; the last is shorter. */
function* slicesOf(parts: readonly Uint8Array[], length: number, size: number): Iterable<Uint8Array> {
  let left = length;
  let slice = new Uint8Array(Math.min(size, left));
  let at = 0;
  for (let part of parts) {
    while (part.length > 0) {
      const piece = part.subarray(0, slice.length - at);
      slice.set(piece, at);
      at += piece.length;
      part = part.subarray(piece.length);
      if (at < slice.length) continue;
      left -= at;
      yield slice;
      slice = new Uint8Array(Math.min(size, left));
      at = 0;
    }
  }
}

export interface LinkOptions {
  readonly handler: HttpHandler;
  readonly logger: Logger;
  /** Serves connections that are relayed as they are. */
  readonly relayed: PlainServer;
  post(message: unknown, transfer: readonly ArrayBuffer[]): void;
}

/** Main's side of the bridge to one front thread: requests come in batches, so do answers go. */
export class Link {
  readonly #options: LinkOptions;
  readonly #outbox: Outbox<MainItem>;
  readonly #open = new Map<number, MainRequest>();
  readonly #relays = new Map<number, RelaySocket>();
  readonly #certificates: ClientCertificate[] = [];

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#outbox = new Outbox((message, transfer) => options.post(message, transfer));
  }

  receive(batch: Batch<FrontItem>): void {
    for (const item of batch[0]) this.#receiveOne(batch, item);
  }

  /** Ends what takes time, for a stop. */
  abortAll(): void {
    for (const request of this.#open.values()) request.abort();
  }

  /** Sends what is to be sent. */
  flush(): void {
    this.#outbox.flush();
  }

  /** The thread is gone, and all its connections with it. */
  lost(): void {
    for (const request of this.#open.values()) request.leave();
    for (const relay of this.#relays.values()) relay.peerClosed();
    this.#open.clear();
    this.#relays.clear();
  }

  #receiveOne(batch: Batch<FrontItem>, item: FrontItem): void {
    switch (item[0]) {
      case 'certificate':
        this.#certificates[item[1]] = item[2];
        return;
      case 'request': {
        const id = item[1];
        const request = new MainRequest(batch, item, this.#certificates[item[3]], (maxBytes) =>
          this.#outbox.add(['read-body', id, maxBytes]),
        );
        this.#open.set(id, request);
        this.#serve(request);
        return;
      }
      case 'body':
        this.#open.get(item[1])?.bodyCame(bytesOf(batch, item[2], item[3]));
        return;
      case 'body-failed':
        this.#open.get(item[1])?.bodyFailed(item[2]);
        return;
      case 'gone':
        this.#open.get(item[1])?.leave();
        this.#open.delete(item[1]);
        return;
      case 'taken':
        this.#open.get(item[1])?.taken(item[2]);
        return;
      case 'upgrade':
        this.#relay(item[1], item[2], this.#certificates[item[3]]);
        return;
      case 'relay-data':
      case 'relay-taken':
      case 'relay-end':
      case 'relay-close':
        this.#relays.get(item[1])?.receive(batch, item);
        return;
    }
  }

  #serve(request: MainRequest): void {
    try {
      const answer = this.#options.handler(request);
      if (answer instanceof Promise)
        answer.then(
          (response) => this.#answer(request, response),
          (error: unknown) => this.#fail(request, error),
        );
      else this.#answer(request, answer);
    } catch (error) {
      this.#fail(request, error);
    }
  }

  #fail(request: MainRequest, error: unknown): void {
    this.#options.logger.error('request failed', { err: error });
    this.#answer(request, failed);
  }

  /** What is left to do when the answer has been sent. */
  #finish(request: MainRequest): void {
    this.#open.delete(request.id);
    request.abort();
  }

  #answer(request: MainRequest, response: HttpResponse): void {
    const { status, headers, body, gzip } = response;
    const { id } = request;
    // A stream is begun all the same, so that it ends.
    if (request.gone && (body === undefined || !isStream(body))) return;
    if (forwardOf(response) !== undefined) {
      this.#finish(request);
      this.#relay(id, request.remoteAddress, request.clientCertificate, response);
      this.#outbox.add(['relay', id]);
      return;
    }
    if (body === undefined || status === 204 || status === 304) {
      this.#outbox.add(['empty', id, status, headers]);
      this.#finish(request);
      return;
    }
    if (isStream(body)) {
      this.#outbox.add(['begin', id, status, headers]);
      if (request.method === 'HEAD') this.#end(request);
      else void this.#stream(request, body);
      return;
    }
    const parts = body instanceof Uint8Array ? [body] : body;
    const length = lengthOf(parts);
    if (request.method === 'HEAD') {
      this.#outbox.add(['begin', id, status, { ...headers, 'content-length': length }]);
      this.#end(request);
      return;
    }
    const packed = gzip === true;
    const place = this.#placeWhole(parts, length, packed, response.freshBody === true);
    if (place === undefined) {
      this.#outbox.add(['begin', id, status, { ...headers, 'content-length': length }]);
      void this.#sendSlices(request, parts, length);
      return;
    }
    this.#outbox.add(['answer', id, status, headers, place, length, packed]);
    this.#finish(request);
  }

  /** Where the body will be in one piece; undefined where it should rather go over in slices. */
  #placeWhole(
    parts: readonly Uint8Array[],
    length: number,
    packed: boolean,
    fresh: boolean,
  ): number | undefined {
    const [first] = parts;
    if (length > copyBytes) {
      if (fresh && first !== undefined && first.length === first.buffer.byteLength) return this.#give(first);
      if (length > sliceBytes && !packed) return undefined;
      if (parts.length > 1) for (const whole of slicesOf(parts, length, length)) return this.#give(whole);
    }
    const place = this.#outbox.length;
    for (const part of parts) this.#outbox.place(part);
    return place;
  }

  #end(request: MainRequest): void {
    this.#outbox.add(['end', request.id]);
    this.#finish(request);
  }

  #give(bytes: Uint8Array): number {
    return this.#outbox.give(bytes.buffer as ArrayBuffer);
  }

  async #sendSlices(request: MainRequest, parts: readonly Uint8Array[], length: number): Promise<void> {
    for (const slice of slicesOf(parts, length, sliceBytes)) {
      this.#outbox.add(['chunk', request.id, this.#give(slice), slice.length]);
      request.bytesUnderWay += slice.length;
      // One is read while the next is made.
      await request.room(sliceBytes + 1);
      if (request.gone) return;
    }
    this.#end(request);
  }

  async #stream(request: MainRequest, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const { id } = request;
    try {
      for await (const chunk of chunks) {
        if (request.gone) return;
        if (chunk.length === 0) continue;
        // The same event goes to many watchers: its bytes go over once.
        this.#outbox.add(['chunk', id, this.#outbox.placeShared(chunk), chunk.length]);
        request.bytesUnderWay += chunk.length;
        await request.room(windowBytes);
        if (request.gone) return;
      }
      this.#end(request);
    } catch (error) {
      this.#options.logger.error('request failed', { err: error });
      this.#outbox.add(['break', id]);
      this.#finish(request);
    }
  }

  #relay(
    id: number,
    remoteAddress: string,
    clientCertificate: ClientCertificate | undefined,
    answer?: HttpResponse,
  ): void {
    const relay = new RelaySocket({
      ...{ id, outbox: this.#outbox, remoteAddress, clientCertificate },
      ...(answer === undefined ? {} : { answer }),
      onClose: () => this.#relays.delete(id),
    });
    this.#relays.set(id, relay);
    relay.on('error', () => relay.destroy());
    this.#options.relayed.emit('connection', relay);
  }
}
