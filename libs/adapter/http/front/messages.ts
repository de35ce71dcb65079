import type { Status } from '@drydock/base/apimachinery';
import type { ClientCertificate } from '@drydock/port/http';
import type { TlsMaterial } from '../http-server.ts';

/**
 * What a front thread and the main thread tell each other. A message holds all that one turn of the sender's loop had to say:
 * items in order, and the bytes that they speak of by place and length.
 */
export type Batch<Item> = readonly [
  items: readonly Item[],
  bytes: ArrayBuffer | undefined,
  /** Large bytes that are nobody else's: place -1 is the first of them. */
  given: readonly ArrayBuffer[],
];

type Headers = Readonly<Record<string, string | number | readonly string[]>>;

/** Raw bytes of a connection (or of one request) that main serves as if it were the socket; both sides say the same. */
export type RelayItem =
  | readonly ['relay-data', id: number, place: number, length: number]
  | readonly ['relay-taken', id: number, bytes: number]
  | readonly ['relay-end', id: number]
  | readonly ['relay-close', id: number];

/** A request as main gets it. Names of headers are lower-case, their values joined as node joins them. */
export interface RequestHead {
  readonly method: string;
  readonly url: string;
  /** Name, value, name, value, … */
  readonly headers: readonly string[];
  /** The same, one for each time it was sent, of those that were sent more than once. */
  readonly repeated: readonly string[] | undefined;
}

export type FrontItem =
  /** What requests name by its number from then on. */
  | readonly ['certificate', number: number, certificate: ClientCertificate]
  | RequestItem
  | readonly ['body', id: number, place: number, length: number]
  | readonly ['body-failed', id: number, status: Status]
  /** The client of an answer that is not complete has left. */
  | readonly ['gone', id: number]
  /** So much of a stream has gone out. */
  | readonly ['taken', id: number, bytes: number]
  /** A connection that asks for another protocol. */
  | readonly ['upgrade', id: number, remoteAddress: string, certificate: number]
  | RelayItem;

/** Mutable until it is sent: the body may come while the batch fills. */
export type RequestItem = [
  kind: 'request',
  id: number,
  remoteAddress: string,
  /** 0: none. */
  certificate: number,
  method: string,
  url: string,
  headers: readonly string[],
  repeated: readonly string[] | undefined,
  place: number,
  /** Of the body; `laterBody` where it comes unasked, `askedBody` where it is sent when it is asked for. */
  length: number,
];
export const laterBody = -1;
export const askedBody = -2;

export type MainItem =
  | readonly [
      'answer',
      id: number,
      status: number,
      headers: Headers,
      place: number,
      length: number,
      gzip: boolean,
    ]
  /** An answer whose body is undefined. */
  | readonly ['empty', id: number, status: number, headers: Headers]
  /** The head of an answer that comes in chunks. */
  | readonly ['begin', id: number, status: number, headers: Headers]
  | readonly ['chunk', id: number, place: number, length: number]
  | readonly ['end', id: number]
  /** A stream that failed midway: its connection is cut. */
  | readonly ['break', id: number]
  | readonly ['read-body', id: number, maxBytes: number]
  /** The request is to be relayed to main, which passes it on to another server. */
  | readonly ['relay', id: number]
  | RelayItem;

/** To the thread, one at a time. */
export type FrontCommand =
  | {
      readonly kind: 'listen';
      readonly host: string;
      readonly port: number;
      /** Other threads listen there, too. */
      readonly shared: boolean;
    }
  | { readonly kind: 'stop' };

/** What a thread has to say of itself. */
export type FrontNews =
  | { readonly kind: 'listening'; readonly address: string; readonly port: number }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'stopped' }
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: Readonly<Record<string, string>>;
    };

/** What a thread is made with. */
export interface FrontSettings {
  readonly tls: TlsMaterial;
  readonly name: string;
  readonly drainMs: number | undefined;
  /** Where compiled code is kept, when it is. */
  readonly compileCache: string | undefined;
}

/** The bytes that an item of a batch speaks of. */
export function bytesOf(batch: Batch<unknown>, place: number, length: number): Uint8Array {
  if (length === 0) return new Uint8Array();
  const [, bytes, given] = batch;
  const buffer = place < 0 ? given[-1 - place] : bytes;
  if (buffer === undefined) throw new Error('a batch without the bytes that it speaks of');
  return new Uint8Array(buffer, Math.max(0, place), length);
}
