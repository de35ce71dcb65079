/** A body that is no valid protobuf of its kind; the message is that of Kubernetes' readers. */
export class ProtobufSyntaxError extends Error {
  override readonly name = 'ProtobufSyntaxError';
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
/** Up to this many bytes a loop is quicker than the decoder. */
const shortText = 24;

export function unexpectedEnd(): ProtobufSyntaxError {
  return new ProtobufSyntaxError('unexpected EOF');
}

/** Reads protobuf from a part of a byte array. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, from = 0, to = bytes.length) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = to;
  }

  get more(): boolean {
    return this.#at < this.#end;
  }

  #byte(): number {
    if (this.#at >= this.#end) throw unexpectedEnd();
    return this.#bytes[this.#at++]!;
  }

  /** An unsigned integer up to 2^64; beyond 2^53 as near as a number can be. */
  varint(): number {
    let byte = this.#byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let factor = 0x80;
    for (let count = 1; count < 10; count++) {
      byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 0x80;
    }
    throw new ProtobufSyntaxError('proto: integer overflow');
  }

  /** A signed integer of 64 bits. */
  integer(): number {
    const start = this.#at;
    const value = this.varint();
    if (value <= Number.MAX_SAFE_INTEGER) return value;
    // Large ones, and negative ones above all, need all their bits.
    let exact = 0n;
    for (let at = this.#at - 1; at >= start; at--) exact = (exact << 7n) | BigInt(this.#bytes[at]! & 0x7f);
    return Number(BigInt.asIntN(64, exact));
  }

  double(): number {
    if (this.#at + 8 > this.#end) throw unexpectedEnd();
    const value = new DataView(this.#bytes.buffer, this.#bytes.byteOffset).getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  #length(): number {
    const length = this.varint();
    if (length > Number.MAX_SAFE_INTEGER || length >= 2 ** 63) {
      throw new ProtobufSyntaxError('proto: negative length found during unmarshaling');
    }
    if (this.#at + length > this.#end) throw unexpectedEnd();
    return length;
  }

  /** Goes past the next chunk and reads within it. */
  nested(): Reader {
    const length = this.#length();
    const from = this.#at;
    this.#at = from + length;
    return new Reader(this.#bytes, from, this.#at);
  }

  chunk(): Uint8Array {
    const length = this.#length();
    const from = this.#at;
    this.#at = from + length;
    return this.#bytes.subarray(from, this.#at);
  }

  text(): string {
    const length = this.#length();
    const from = this.#at;
    this.#at = from + length;
    if (length <= shortText) {
      let text = '';
      let at = from;
      for (; at < this.#at; at++) {
        const code = this.#bytes[at]!;
        if (code > 0x7f) break;
        text += String.fromCharCode(code);
      }
      if (at === this.#at) return text;
    }
    try {
      return utf8.decode(this.#bytes.subarray(from, this.#at));
    } catch {
      throw new ProtobufSyntaxError('proto: invalid UTF-8 string');
    }
  }

  /** The number of the next field and its wire type. */
  tag(): { number: number; wire: number } {
    const tag = this.varint();
    const wire = tag % 8;
    const number = Math.floor(tag / 8) | 0;
    if (wire === 4) throw new ProtobufSyntaxError('proto: wiretype end group for non-group');
    if (number <= 0) throw new ProtobufSyntaxError(`proto: illegal tag ${number} (wire type ${tag})`);
    return { number, wire };
  }

  /** Goes past a field that nobody knows. */
  skip(wire: number): void {
    if (wire === 0) this.varint();
    else if (wire === 1) this.#at += 8;
    else if (wire === 2) this.chunk();
    else if (wire === 3) this.#skipGroup();
    else if (wire === 5) this.#at += 4;
    else throw new ProtobufSyntaxError(`proto: illegal wireType ${wire}`);
    if (this.#at > this.#end) throw unexpectedEnd();
  }

  #skipGroup(): void {
    for (let depth = 1; depth > 0;) {
      const wire = this.varint() % 8;
      if (wire === 3) depth++;
      else if (wire === 4) depth--;
      else this.skip(wire);
    }
  }
}
