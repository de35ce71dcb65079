import { Duplex } from 'node:stream';
import type { ClientCertificate, HttpResponse } from '@drydock/port/http';
import { bytesOf, type Batch, type RelayItem } from './messages.ts';

/** Bytes that are under way to the other thread, before writers wait. */
const windowBytes = 256 * 1024;

/** Where its items go, in order. */
interface RelayOutbox {
  place(bytes: Uint8Array): number;
  add(item: RelayItem): void;
}

export interface RelaySocketOptions {
  readonly id: number;
  readonly outbox: RelayOutbox;
  /** When the other side closes, let what it has said before be read first. Default: it is closed at once. */
  readonly readsOut?: boolean;
  readonly remoteAddress?: string;
  readonly clientCertificate?: ClientCertificate | undefined;
  /** What its one request is answered with: that it is passed on to another server. */
  readonly answer?: HttpResponse;
  onClose(): void;
}

/** One end of a connection between the threads, each end as a socket would be seen. */
export class RelaySocket extends Duplex {
  readonly remoteAddress: string | undefined;
  readonly clientCertificate: ClientCertificate | undefined;
  readonly answer: HttpResponse | undefined;
  readonly #id: number;
  readonly #outbox: RelayOutbox;
  readonly #readsOut: boolean;
  readonly #onClose: () => void;
  #underWay = 0;
  #goOn: ((error?: Error) => void) | undefined;
  /** Received, and not yet told to be taken. */
  #unread = 0;
  #ended = false;
  #peerClosed = false;

  constructor(options: RelaySocketOptions) {
    super();
    this.#id = options.id;
    this.#outbox = options.outbox;
    this.#readsOut = options.readsOut ?? false;
    this.#onClose = options.onClose;
    this.remoteAddress = options.remoteAddress;
    this.clientCertificate = options.clientCertificate;
    this.answer = options.answer;
  }

  /** Takes what the other end says. */
  receive(batch: Batch<unknown>, item: RelayItem): void {
    if (this.destroyed) return;
    switch (item[0]) {
      case 'relay-data': {
        // A copy of its own: what is read late should not hold all that came with it.
        const bytes = Buffer.from(bytesOf(batch, item[2], item[3]));
        this.#unread += bytes.length;
        if (this.push(bytes)) this.#take();
        return;
      }
      case 'relay-taken': {
        this.#underWay -= item[2];
        const goOn = this.#goOn;
        if (goOn === undefined || this.#underWay >= windowBytes) return;
        this.#goOn = undefined;
        goOn();
        return;
      }
      case 'relay-end':
        this.#end();
        return;
      case 'relay-close':
        this.peerClosed();
        return;
    }
  }

  /** The other end is no more. */
  peerClosed(): void {
    this.#peerClosed = true;
    if (!this.#readsOut || this.readableEnded) {
      this.destroy();
      return;
    }
    this.#end();
    this.once('end', () => this.destroy());
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.push(null);
  }

  #take(): void {
    if (this.#unread === 0 || this.#peerClosed) return;
    this.#outbox.add(['relay-taken', this.#id, this.#unread]);
    this.#unread = 0;
  }

  override _read(): void {
    this.#take();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#peerClosed) {
      done(new Error('the connection is closed'));
      return;
    }
    const place = this.#outbox.place(chunk);
    this.#outbox.add(['relay-data', this.#id, place, chunk.length]);
    this.#underWay += chunk.length;
    if (this.#underWay < windowBytes) done();
    else this.#goOn = done;
  }

  override _final(done: () => void): void {
    if (!this.#peerClosed) this.#outbox.add(['relay-end', this.#id]);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#peerClosed) this.#outbox.add(['relay-close', this.#id]);
    this.#onClose();
    done(error);
    const goOn = this.#goOn;
    this.#goOn = undefined;
    goOn?.(error ?? new Error('the connection is closed'));
  }
}
