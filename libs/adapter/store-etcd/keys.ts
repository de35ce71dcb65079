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

/** Where the keys of one store are in etcd. */
export interface Keyspace {
  /** Of all keys of the store, and none of others. */
  readonly all: KeyRange;
  /** The store's key of what `revision-base.ts` keeps; no entry of the store. */
  readonly baseKey: string;
  /** @throws Error for a key that is not under the store's root */
  encode(key: string): Uint8Array;
  decode(bytes: Uint8Array): string;
  /** Of the store's keys that begin with `prefix`. */
  range(prefix: string): KeyRange;
}

/** `prefix` stands in etcd where the store's keys have `root`; both without a slash at their end. */
export function createKeyspace(prefix: string, root: string): Keyspace {
  const all = prefixRange(root === '' ? prefix : `${prefix}/`);
  const under = (key: string): string => {
    if (root !== '' && !key.startsWith(`${root}/`)) throw new Error(`key ${key} is not under ${root}`);
    return prefix + key.slice(root.length);
  };
  return {
    all,
    baseKey: `${root}/drydock/revision-base`,
    encode: (key) => encodeKey(under(key)),
    decode: (bytes) => root + decodeKey(bytes).slice(prefix.length),
    range: (wanted) => (root.startsWith(wanted) ? all : prefixRange(under(wanted))),
  };
}
