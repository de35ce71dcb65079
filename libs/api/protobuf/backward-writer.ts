const textEncoder = new TextEncoder();
const maxVarintBytes = 10;
/** Up to this many characters a loop is quicker than the encoder. */
const shortText = 48;

/**
 * Writes protobuf from its end to its beginning, so that the length of a nested message is known when its head is written:
 * one pass and no sizes worked out beforehand.
 */
export class BackwardWriter {
  #bytes: Uint8Array;
  /** What is written stands from here to the end. */
  #at: number;

  constructor(roomBytes = 1024) {
    this.#bytes = new Uint8Array(roomBytes);
    this.#at = roomBytes;
  }

  /** How many bytes have been written. */
  get length(): number {
    return this.#bytes.length - this.#at;
  }

  /** A copy of what was written; the writer can go on, or be cleared. */
  take(): Uint8Array {
    return this.#bytes.slice(this.#at);
  }

  clear(): void {
    this.#at = this.#bytes.length;
  }

  #room(bytes: number): void {
    if (this.#at >= bytes) return;
    const used = this.length;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, used + bytes));
    grown.set(this.#bytes.subarray(this.#at), grown.length - used);
    this.#at = grown.length - used;
    this.#bytes = grown;
  }

  /** A number that is not negative and safe. */
  varint(value: number): void {
    this.#room(maxVarintBytes);
    if (value < 0x80) {
      this.#bytes[--this.#at] = value;
      return;
    }
    let size = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
    let to = (this.#at -= size);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[to++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[to] = rest;
  }

  /** Any integer; negative ones as two's complement of 64 bits. */
  integer(value: number): void {
    if (value >= 0 && Number.isSafeInteger(value)) {
      this.varint(value);
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(Math.trunc(value)));
    const parts: number[] = [];
    do {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      parts.push(rest === 0n ? low : low | 0x80);
    } while (rest !== 0n);
    this.chunk(parts);
  }

  double(value: number): void {
    this.#room(8);
    this.#at -= 8;
    new DataView(this.#bytes.buffer, this.#bytes.byteOffset).setFloat64(this.#at, value, true);
  }

  chunk(bytes: ArrayLike<number>): void {
    this.#room(bytes.length);
    this.#at -= bytes.length;
    this.#bytes.set(bytes, this.#at);
  }

  /** Text with its length before it. */
  text(text: string): void {
    const { length } = text;
    if (length <= shortText) {
      this.#room(length);
      let to = this.#at;
      let at = length - 1;
      for (; at >= 0; at--) {
        const code = text.charCodeAt(at);
        if (code > 0x7f) break;
        this.#bytes[--to] = code;
      }
      if (at < 0) {
        this.#at = to;
        this.varint(length);
        return;
      }
    }
    this.lengthDelimited(textEncoder.encode(text));
  }

  lengthDelimited(bytes: Uint8Array): void {
    this.chunk(bytes);
    this.varint(bytes.length);
  }
}
