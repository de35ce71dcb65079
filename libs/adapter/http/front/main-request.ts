import { badRequest, fromStatus, requestEntityTooLarge, type Status } from '@drydock/base/apimachinery';
import type { ClientCertificate, HttpRequest } from '@drydock/port/http';
import { askedBody, bytesOf, laterBody, type Batch, type RequestItem } from './messages.ts';

/** A request that a front thread has read, as main sees it. */
export class MainRequest implements HttpRequest {
  readonly id: number;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly remoteAddress: string;
  readonly clientCertificate: ClientCertificate | undefined;
  /** Upgrades come another way. */
  readonly upgrade = undefined;
  /** Of a streamed answer, sent and not yet taken by the client. */
  bytesUnderWay = 0;
  readonly #headers: readonly string[];
  readonly #repeated: readonly string[] | undefined;
  readonly #askForBody: (maxBytes: number) => void;
  #early: Uint8Array | undefined;
  #length: number;
  #body: { resolve(bytes: Uint8Array): void; reject(error: Error): void } | undefined;
  #failure: Error | undefined;
  #abort: AbortController | undefined;
  #gone = false;
  #waiting: (() => void) | undefined;

  constructor(
    batch: Batch<unknown>,
    item: RequestItem,
    certificate: ClientCertificate | undefined,
    askForBody: (maxBytes: number) => void,
  ) {
    const [, id, remoteAddress, , method, url, headers, repeated, place, length] = item;
    this.id = id;
    this.method = method;
    const mark = url.indexOf('?');
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = mark < 0 ? '' : url.slice(mark + 1);
    this.remoteAddress = remoteAddress;
    this.clientCertificate = certificate;
    this.#headers = headers;
    this.#repeated = repeated;
    this.#askForBody = askForBody;
    this.#length = length;
    if (length >= 0) this.#early = bytesOf(batch, place, length);
  }

  header(name: string): string | undefined {
    const headers = this.#headers;
    for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1];
    return undefined;
  }

  headerValues(name: string): readonly string[] {
    const values: string[] = [];
    const repeated = this.#repeated ?? [];
    for (let i = 0; i < repeated.length; i += 2) if (repeated[i] === name) values.push(repeated[i + 1] ?? '');
    if (values.length > 0) return values;
    const value = this.header(name);
    return value === undefined ? [] : [value];
  }

  get headers(): ReadonlyMap<string, string> {
    const map = new Map<string, string>();
    for (let i = 0; i < this.#headers.length; i += 2)
      map.set(this.#headers[i] ?? '', this.#headers[i + 1] ?? '');
    return map;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#gone) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  body(maxBytes: number): Promise<Uint8Array> {
    if (Number(this.header('content-length') ?? 0) > maxBytes || (this.#early?.length ?? 0) > maxBytes)
      return Promise.reject(requestEntityTooLarge(`limit is ${maxBytes}`));
    if (this.#early !== undefined) return Promise.resolve(this.#early);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#gone) return Promise.reject(badRequest('the request body could not be read'));
    if (this.#length === askedBody) this.#askForBody(maxBytes);
    this.#length = laterBody;
    return new Promise((resolve, reject) => (this.#body = { resolve, reject }));
  }

  bodyCame(bytes: Uint8Array): void {
    this.#early = bytes;
    this.#body?.resolve(bytes);
  }

  bodyFailed(status: Status): void {
    this.#failure = fromStatus(status);
    this.#body?.reject(this.#failure);
  }

  /** The client has left, or this side ends what is being done for it. */
  abort(): void {
    this.#abort?.abort();
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** Nobody is there any more to be answered. */
  leave(): void {
    this.#gone = true;
    this.#body?.reject(badRequest('the request body could not be read'));
    this.abort();
    this.#waiting?.();
  }

  /** Resolves when fewer bytes than the window are under way, or the client has left. */
  async room(windowBytes: number): Promise<void> {
    while (this.bytesUnderWay >= windowBytes && !this.#gone)
      await new Promise<void>((resolve) => (this.#waiting = resolve));
  }

  taken(bytes: number): void {
    this.bytesUnderWay -= bytes;
    this.#waiting?.();
  }
}
