import { canonicalJson } from './json-value.ts';

/** As `suffixAlphabet` of the clock room, which this room does not import. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** 32-bit FNV-1a over bytes. */
export function fnv32a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** Maps text into the alphabet that forms no words, one character for each byte. */
export function safeEncode(text: string): string {
  let encoded = '';
  for (const byte of new TextEncoder().encode(text)) encoded += alphabet[byte % alphabet.length];
  return encoded;
}

/**
 * The value of the `pod-template-hash` label (and of `controller-revision-hash`): follows from the content alone,
 * whatever the order of keys. `collisionCount` moves it aside when two contents collide.
 */
export function podTemplateHash(template: unknown, collisionCount?: number): string {
  const text =
    collisionCount === undefined ? canonicalJson(template) : `${canonicalJson(template)}#${collisionCount}`;
  return safeEncode(String(fnv32a(new TextEncoder().encode(text))));
}
