import { BackwardWriter } from './backward-writer.ts';

/** `k8s\0`: how every Kubernetes object in protobuf begins. */
export const magic: readonly number[] = [0x6b, 0x38, 0x73, 0x00];
const lengthWire = 2;

function typeMeta(out: BackwardWriter, apiVersion: string, kind: string): void {
  const before = out.length;
  out.text(kind);
  out.varint((2 << 3) | lengthWire);
  out.text(apiVersion);
  out.varint((1 << 3) | lengthWire);
  out.varint(out.length - before);
  out.varint((1 << 3) | lengthWire);
}

/** `contentEncoding` and `contentType`, both empty, end each envelope. */
const tail = Uint8Array.of((3 << 3) | lengthWire, 0, (4 << 3) | lengthWire, 0);

/** What stands before the message of an object: the magic, and runtime.Unknown up to the `rawBytes` bytes of its `raw`. */
function headOf(apiVersion: string, kind: string, rawBytes: number): Uint8Array {
  const out = new BackwardWriter(apiVersion.length + kind.length + 40);
  out.varint(rawBytes);
  out.varint((2 << 3) | lengthWire);
  typeMeta(out, apiVersion, kind);
  out.chunk(magic);
  return out.take();
}

/** An object as it goes over the wire: its message in Kubernetes' envelope. */
export function sealEnvelope(apiVersion: string, kind: string, raw: Uint8Array): Uint8Array {
  const head = headOf(apiVersion, kind, raw.length);
  const sealed = new Uint8Array(head.length + raw.length + tail.length);
  sealed.set(head, 0);
  sealed.set(raw, head.length);
  sealed.set(tail, head.length + raw.length);
  return sealed;
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

/** Writes a tag of one byte, a length and the content; answers where they end. */
function putChunk(into: Uint8Array, from: number, number: number, bytes: Uint8Array): number {
  let at = from;
  into[at++] = (number << 3) | lengthWire;
  let rest = bytes.length;
  while (rest >= 0x80) {
    into[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  into[at++] = rest;
  into.set(bytes, at);
  return at + bytes.length;
}

/** A list as it goes over the wire, put together from the messages of its metadata and of its items. */
export function sealList(
  apiVersion: string,
  kind: string,
  metadata: Uint8Array,
  items: readonly Uint8Array[],
): Uint8Array {
  let rawBytes = 1 + varintSize(metadata.length) + metadata.length;
  for (const { length } of items) rawBytes += 1 + varintSize(length) + length;
  const head = headOf(apiVersion, kind, rawBytes);
  const sealed = new Uint8Array(head.length + rawBytes + tail.length);
  sealed.set(head, 0);
  let at = putChunk(sealed, head.length, 1, metadata);
  for (const item of items) at = putChunk(sealed, at, 2, item);
  sealed.set(tail, at);
  return sealed;
}

/** One event of a watch: four bytes of length (big-endian), then a bare meta.v1 WatchEvent with the sealed object. */
export function watchFrame(type: string, sealed: Uint8Array): Uint8Array {
  const out = new BackwardWriter(sealed.length + type.length + 40);
  out.lengthDelimited(sealed);
  out.varint((1 << 3) | lengthWire);
  out.varint(out.length);
  out.varint((2 << 3) | lengthWire);
  out.text(type);
  out.varint((1 << 3) | lengthWire);
  const { length } = out;
  out.chunk([length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff]);
  return out.take();
}
