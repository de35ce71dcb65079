import { Buffer } from 'node:buffer';
import { badRequest } from '@drydock/base/apimachinery';

/** JSON as bytes. */
export const encodeJson = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** A view of the bytes as a Buffer, without a copy. */
const view = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Parses bytes that a peer of ours encoded. */
export const decodeJson = (bytes: Uint8Array): unknown => JSON.parse(view(bytes).toString());

/** Parses bytes from a client; throws BadRequest for what is not a JSON object (or array, for a patch). */
export function decodeBody(bytes: Uint8Array): unknown {
  let value: unknown;
  try {
    value = decodeJson(bytes);
  } catch (error) {
    throw badRequest(`couldn't decode the request body as JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null) throw badRequest('the request body must be a JSON object');
  return value;
}

export type ObjectEncoder = (object: object) => Uint8Array;

const GENERATION = 4096;

/**
 * Encodes objects that many readers share once, not once a reader: remembers the bytes of recently encoded
 * instances. `bytesOf` may answer with bytes that exist already.
 */
export function createObjectEncoder(bytesOf?: (object: object) => Uint8Array | undefined): ObjectEncoder {
  // Two generations rather than one weak map: cached objects live long, their second encoding need not.
  let young = new WeakMap<object, Uint8Array>();
  let old = young;
  let size = 0;
  return (object) => {
    let bytes = bytesOf?.(object) ?? young.get(object) ?? old.get(object);
    if (bytes !== undefined) return bytes;
    bytes = encodeJson(object);
    young.set(object, bytes);
    if (++size >= GENERATION) {
      old = young;
      young = new WeakMap();
      size = 0;
    }
    return bytes;
  };
}
