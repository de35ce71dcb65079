import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { headerDictionary } from './dictionary.ts';

export type HeaderMap = ReadonlyMap<string, string>;

export class HeaderBlockError extends Error {
  override readonly name = 'HeaderBlockError';
}

const windowBytes = 32 * 1024;
const maxBlockBytes = 64 * 1024;
const zlibHeadBytes = 2;
const dictionaryIdBytes = 4;
const presetDictionaryFlag = 0x20;

/** Name/value pairs of SPDY/3: counts and lengths in four bytes, values of one name separated by NUL. */
function parsePairs(block: Buffer): HeaderMap {
  const headers = new Map<string, string>();
  let at = 0;
  const number = () => {
    if (at + 4 > block.length) throw new HeaderBlockError('header block is cut off');
    const value = block.readUInt32BE(at);
    at += 4;
    return value;
  };
  const word = () => {
    const length = number();
    if (at + length > block.length) throw new HeaderBlockError('header block is cut off');
    at += length;
    return block.toString('utf8', at - length, at);
  };
  for (let left = number(); left > 0; left--) {
    const name = word().toLowerCase();
    if (name === '') throw new HeaderBlockError('header without a name');
    headers.set(name, word().split('\0').join(', '));
  }
  return headers;
}

function formatPairs(headers: HeaderMap): Buffer {
  const parts: Buffer[] = [];
  const number = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    parts.push(bytes);
  };
  number(headers.size);
  for (const [name, value] of headers) {
    for (const word of [name, value]) {
      const bytes = Buffer.from(word, 'utf8');
      number(bytes.length);
      parts.push(bytes);
    }
  }
  return Buffer.concat(parts);
}

/**
 * Reads the header blocks of one direction. They are one zlib stream that is flushed after each block, so each block
 * inflates by itself given the last 32 KiB before it: no state but that window, and a bound on what comes out.
 */
export function createHeaderReader(): (bytes: Uint8Array) => HeaderMap {
  let window: Buffer = headerDictionary;
  let first = true;
  return (bytes) => {
    let packed = bytes;
    if (first) {
      const flags = packed[1] ?? 0;
      if ((packed[0] ?? 0) % 16 !== 8) throw new HeaderBlockError('not a zlib stream');
      packed = packed.subarray(
        zlibHeadBytes + ((flags & presetDictionaryFlag) === 0 ? 0 : dictionaryIdBytes),
      );
      first = false;
    }
    let block: Buffer;
    try {
      block = inflateRawSync(packed, {
        dictionary: window,
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: maxBlockBytes,
      });
    } catch (cause) {
      throw new HeaderBlockError('header block does not inflate', { cause });
    }
    window = Buffer.concat([window, block]).subarray(-windowBytes);
    return parsePairs(block);
  };
}

/** Writes header blocks as one zlib stream; each block refers to none before it, so that nothing is kept. */
export function createHeaderWriter(): (headers: HeaderMap) => Buffer {
  let first = true;
  return (headers) => {
    const packed = deflateRawSync(formatPairs(headers), { finishFlush: constants.Z_SYNC_FLUSH });
    if (!first) return packed;
    first = false;
    return Buffer.concat([Buffer.from([0x78, 0x01]), packed]);
  };
}
