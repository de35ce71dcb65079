const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A zero byte: the least key there is and, as the end of a range, "to the last key". */
export const zero = new Uint8Array(1);

export const encodeKey = (key: string): Uint8Array => encoder.encode(key);
export const decodeKey = (bytes: Uint8Array): string => decoder.decode(bytes);

export interface KeyRange {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}

/** All keys that begin with `prefix`, as etcd writes a range. */
export function prefixRange(prefix: string): KeyRange {
  if (prefix === '') return { key: zero, rangeEnd: zero };
  const key = encodeKey(prefix);
  for (let last = key.length - 1; last >= 0; last--) {
    const byte = key[last] ?? 0;
    if (byte < 0xff) {
      const rangeEnd = key.slice(0, last + 1);
      rangeEnd[last] = byte + 1;
      return { key, rangeEnd };
    }
  }
  return { key, rangeEnd: zero };
}
