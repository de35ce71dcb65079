// Stored bytes hold no resourceVersion: it is not known before the commit. Readers splice it in without parsing.

const encoder = new TextEncoder();
const versionPrefix = encoder.encode('"resourceVersion":"');
const quote = 0x22;
const comma = 0x2c;
/** `"metadata":{` */
const metadataKey = encoder.encode('"metadata":{');

/**
 * Where the text `"metadata":{` begins in an object's bytes. kind and apiVersion come before it and can hold no such text.
 * A list of a built-in kind carries its items without kind and apiVersion: `{` and the bytes from here on.
 * @param likely where it was in other bytes of the same kind: looked at first
 */
export function metadataOffset(bytes: Uint8Array, likely = 0): number {
  if (likely > 0 && isMetadataAt(bytes, likely)) return likely;
  const last = bytes.length - metadataKey.length;
  for (let at = 1; at <= last; at++) if (isMetadataAt(bytes, at)) return at;
  throw new TypeError('stored bytes hold no metadata');
}

function isMetadataAt(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < metadataKey.length; i++) if (bytes[at + i] !== metadataKey[i]) return false;
  return true;
}

/** Copies stored bytes with the resourceVersion put in front of the metadata's other fields. */
export function spliceRevision(value: Uint8Array, revision: number): Uint8Array {
  const at = metadataOffset(value) + metadataKey.length;
  const digits = String(revision);
  const added = versionPrefix.length + digits.length + 2;
  const bytes = new Uint8Array(value.length + added);
  // The tail is one block copy; head and insert are a few dozen bytes, cheaper by hand than by making views.
  bytes.set(value, added);
  for (let i = 0; i < at; i++) bytes[i] = value[i]!;
  let to = at;
  for (let i = 0; i < versionPrefix.length; i++) bytes[to++] = versionPrefix[i]!;
  for (let i = 0; i < digits.length; i++) bytes[to++] = digits.charCodeAt(i);
  bytes[to++] = quote;
  bytes[to] = comma;
  return bytes;
}

/** The same object's bytes with another resourceVersion. `bytes` must come from `spliceRevision`. */
export function respliceRevision(bytes: Uint8Array, revision: number): Uint8Array {
  const at = metadataOffset(bytes) + metadataKey.length;
  let end = at + versionPrefix.length;
  while (bytes[end] !== quote) end++;
  end += 2;
  const stripped = new Uint8Array(bytes.length - (end - at));
  stripped.set(bytes.subarray(0, at));
  stripped.set(bytes.subarray(end), at);
  return spliceRevision(stripped, revision);
}
