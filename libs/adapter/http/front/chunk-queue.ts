/** So much is taken before main hears of it: less than the window that it keeps. */
const tellBytes = 64 * 1024;
/** Chunks that wait are given out together up to this size: a write each would cost more than the copy. */
const joinBytes = 64 * 1024;

/** The chunks of a stream as main sends them, given out as fast as the client takes them. */
export class ChunkQueue implements AsyncIterableIterator<Uint8Array> {
  readonly #tell: (bytes: number) => void;
  readonly #chunks: Uint8Array[] = [];
  #reader: ((result: IteratorResult<Uint8Array>) => void) | undefined;
  #ended = false;
  #givenOut = 0;
  #taken = 0;

  constructor(tell: (takenBytes: number) => void) {
    this.#tell = tell;
  }

  push(chunk: Uint8Array): void {
    if (this.#ended) return;
    const reader = this.#reader;
    if (reader === undefined) {
      // What waits for a slow client should not hold all that came with it.
      this.#chunks.push(chunk.length < chunk.buffer.byteLength ? chunk.slice() : chunk);
      return;
    }
    this.#reader = undefined;
    this.#giveOut(chunk, reader);
  }

  end(): void {
    this.#ended = true;
    this.#reader?.({ done: true, value: undefined });
    this.#reader = undefined;
  }

  #giveOut(chunk: Uint8Array, reader: (result: IteratorResult<Uint8Array>) => void): void {
    this.#givenOut = chunk.length;
    reader({ done: false, value: chunk });
  }

  /** Who asks for the next chunk has got rid of the one before. */
  next(): Promise<IteratorResult<Uint8Array>> {
    this.#taken += this.#givenOut;
    this.#givenOut = 0;
    if (this.#taken >= tellBytes) {
      if (!this.#ended) this.#tell(this.#taken);
      this.#taken = 0;
    }
    return new Promise((resolve) => {
      const chunk = this.#waiting();
      if (chunk !== undefined) this.#giveOut(chunk, resolve);
      else if (this.#ended) resolve({ done: true, value: undefined });
      else this.#reader = resolve;
    });
  }

  #waiting(): Uint8Array | undefined {
    const chunks = this.#chunks;
    let count = 0;
    for (let bytes = 0; count < chunks.length; count += 1) {
      bytes += chunks[count]?.length ?? 0;
      if (bytes > joinBytes) break;
    }
    return count > 1 ? Buffer.concat(chunks.splice(0, count)) : chunks.shift();
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.end();
    this.#chunks.length = 0;
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
