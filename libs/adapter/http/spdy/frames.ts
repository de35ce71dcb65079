/** The frames of SPDY/3.1 as they come off the wire; header blocks still compressed. */
export type Frame =
  | {
      readonly type: 'syn-stream';
      readonly id: number;
      readonly fin: boolean;
      readonly unidirectional: boolean;
      readonly block: Buffer;
    }
  | {
      readonly type: 'syn-reply' | 'headers';
      readonly id: number;
      readonly fin: boolean;
      readonly block: Buffer;
    }
  | { readonly type: 'data'; readonly id: number; readonly fin: boolean; readonly bytes: Uint8Array }
  | { readonly type: 'rst-stream'; readonly id: number; readonly status: number }
  | { readonly type: 'settings'; readonly values: ReadonlyMap<number, number> }
  | { readonly type: 'ping'; readonly id: number }
  | { readonly type: 'go-away'; readonly lastGoodId: number; readonly status: number }
  | { readonly type: 'window-update'; readonly id: number; readonly delta: number }
  | { readonly type: 'unknown'; readonly kind: number };

export class FrameError extends Error {
  override readonly name = 'FrameError';
}

export const frameTypes = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

export const finFlag = 0x01;
const unidirectionalFlag = 0x02;
const headBytes = 8;
const maxControlBytes = 256 * 1024;
const version = 3;
const idMask = 0x7fffffff;

function parseSettings(payload: Buffer): Frame {
  const count = payload.readUInt32BE(0);
  if (payload.length < 4 + count * 8) throw new FrameError('SETTINGS is cut off');
  const values = new Map<number, number>();
  for (let entry = 0; entry < count; entry++) {
    values.set(payload.readUInt32BE(4 + entry * 8) & 0xffffff, payload.readUInt32BE(8 + entry * 8));
  }
  return { type: 'settings', values };
}

const leastBytes: Readonly<Record<number, number>> = { 1: 10, 2: 4, 3: 8, 4: 4, 6: 4, 7: 8, 8: 4, 9: 8 };

function parseControl(kind: number, flags: number, payload: Buffer): Frame {
  if (payload.length < (leastBytes[kind] ?? 0)) throw new FrameError(`frame of type ${kind} is cut off`);
  const id = payload.length >= 4 ? payload.readUInt32BE(0) & idMask : 0;
  const fin = (flags & finFlag) !== 0;
  switch (kind) {
    case frameTypes.synStream:
      return {
        type: 'syn-stream',
        id,
        fin,
        unidirectional: (flags & unidirectionalFlag) !== 0,
        block: payload.subarray(10),
      };
    case frameTypes.synReply:
      return { type: 'syn-reply', id, fin, block: payload.subarray(4) };
    case frameTypes.headers:
      return { type: 'headers', id, fin, block: payload.subarray(4) };
    case frameTypes.rstStream:
      return { type: 'rst-stream', id, status: payload.readUInt32BE(4) };
    case frameTypes.settings:
      return parseSettings(payload);
    case frameTypes.ping:
      return { type: 'ping', id: payload.readUInt32BE(0) };
    case frameTypes.goAway:
      return { type: 'go-away', lastGoodId: id, status: payload.readUInt32BE(4) };
    case frameTypes.windowUpdate:
      return { type: 'window-update', id, delta: payload.readUInt32BE(4) & idMask };
    default:
      return { type: 'unknown', kind };
  }
}

/**
 * Cuts a byte stream into frames. Data frames are handed on in the parts in which they come, so that a large one is never
 * held whole; `fin` is on the last part. Throws FrameError where the peer does not speak SPDY/3.
 */
export function createFrameReader(): (bytes: Uint8Array) => Frame[] {
  let rest: Buffer = Buffer.alloc(0);
  let open: { id: number; fin: boolean; left: number } | undefined;
  return (bytes) => {
    const fresh = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    let input = rest.length === 0 ? fresh : Buffer.concat([rest, fresh]);
    const frames: Frame[] = [];
    for (;;) {
      if (open !== undefined) {
        if (input.length === 0 && open.left > 0) break;
        const part = input.subarray(0, open.left);
        input = input.subarray(part.length);
        open.left -= part.length;
        const last = open.left === 0;
        frames.push({ type: 'data', id: open.id, fin: open.fin && last, bytes: part });
        if (last) open = undefined;
        continue;
      }
      if (input.length < headBytes) break;
      const first = input.readUInt32BE(0);
      const flags = input[4]!;
      const length = input.readUIntBE(5, 3);
      if (first < 0x80000000) {
        open = { id: first, fin: (flags & finFlag) !== 0, left: length };
        input = input.subarray(headBytes);
        continue;
      }
      if (((first >>> 16) & 0x7fff) !== version) throw new FrameError('not SPDY/3');
      if (length > maxControlBytes) throw new FrameError('control frame is too large');
      if (input.length < headBytes + length) break;
      frames.push(parseControl(first & 0xffff, flags, input.subarray(headBytes, headBytes + length)));
      input = input.subarray(headBytes + length);
    }
    rest = input;
    return frames;
  };
}

export function controlFrame(
  kind: number,
  flags: number,
  ...parts: readonly (number | Uint8Array)[]
): Buffer {
  const payload = parts.map((part) => {
    if (typeof part !== 'number') return part;
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(part);
    return bytes;
  });
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(((0x8000 | version) << 16) >>> 0, 0);
  head.writeUInt16BE(kind, 2);
  head[4] = flags;
  head.writeUIntBE(
    payload.reduce((sum, { length }) => sum + length, 0),
    5,
    3,
  );
  return Buffer.concat([head, ...payload]);
}

export function dataFrame(id: number, fin: boolean, bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headBytes + bytes.length);
  frame.writeUInt32BE(id, 0);
  frame[4] = fin ? finFlag : 0;
  frame.writeUIntBE(bytes.length, 5, 3);
  frame.set(bytes, headBytes);
  return frame;
}
