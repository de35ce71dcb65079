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

interface Ends {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}

/** `contentEncoding` and `contentType`, both empty, end each envelope. */
const tail = Uint8Array.of((3 << 3) | lengthWire, 0, (4 << 3) | lengthWire, 0);

/**
 * What stands before and after the message of an object of that kind when it is sent: the magic and runtime.Unknown with
 * `rawBytes` bytes in its `raw`.
 */
export function envelopeOf(apiVersion: string, kind: string, rawBytes: number): Ends {
  const out = new BackwardWriter(apiVersion.length + kind.length + 40);
  out.varint(rawBytes);
  out.varint((2 << 3) | lengthWire);
  typeMeta(out, apiVersion, kind);
  out.chunk(magic);
  return { head: out.take(), tail };
}

/** An object as it goes over the wire: its message in Kubernetes' envelope. */
export function sealEnvelope(apiVersion: string, kind: string, raw: Uint8Array): Uint8Array {
  const { head } = envelopeOf(apiVersion, kind, raw.length);
  const sealed = new Uint8Array(head.length + raw.length + tail.length);
  sealed.set(head, 0);
  sealed.set(raw, head.length);
  sealed.set(tail, head.length + raw.length);
  return sealed;
}

/** The head of one length-delimited field with `bytes` bytes: what stands before each item of a list. */
export function fieldHead(number: number, bytes: number): Uint8Array {
  const out = new BackwardWriter(20);
  out.varint(bytes);
  out.varint((number << 3) | lengthWire);
  return out.take();
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
