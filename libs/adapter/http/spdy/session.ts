import { BrokenPipeError, createBytePipe, type ByteChannel, type BytePipe } from '@drydock/base/streams';
import type { SessionStream, StreamSession } from '@drydock/port/http';
import { controlFrame, createFrameReader, dataFrame, frameTypes, type Frame } from './frames.ts';
import { createHeaderReader, createHeaderWriter, type HeaderMap } from './header-block.ts';

const rst = { protocolError: 1, invalidStream: 2, refusedStream: 3, cancel: 5, internalError: 6 } as const;
const goAway = { ok: 0, protocolError: 1 } as const;
const initialWindowSetting = 7;
const defaultWindowBytes = 64 * 1024;
const maxStreams = 1_000;
const maxDataBytes = 32 * 1024;
/** Of one stream, unread. Beyond it the whole connection waits: most peers know no window but the connection's own. */
const highWaterBytes = 256 * 1024;
/**
 * How long a closed session waits for its client to hang up. A client may hand out frames later than it reads that the
 * connection ended, and what it had not handed out by then is lost to it: so the client hangs up first.
 */
const lingerMs = 5_000;

interface Inside {
  readonly stream: SessionStream;
  readonly inbound: BytePipe;
  sendWindow: number;
  sentEnd: boolean;
  gone: boolean;
}

/**
 * The serving side of SPDY/3.1 over one connection. Windows are kept with peers that show that they keep them (they send
 * SETTINGS or WINDOW_UPDATE); Kubernetes' clients do not, and there the connection's own back-pressure holds.
 */
export function createSpdySession(connection: ByteChannel): StreamSession {
  const streams = new Map<number, Inside>();
  const opened: SessionStream[] = [];
  const acceptors: (() => void)[] = [];
  const senders: (() => void)[] = [];
  const closing = new AbortController();
  const readHeaders = createHeaderReader();
  const writeHeaders = createHeaderWriter();
  let lastId = 0;
  let peerWindows = false;
  let initialWindow = defaultWindowBytes;
  let sessionWindow = defaultWindowBytes;
  let departing = false;
  let lingering: NodeJS.Timeout | undefined;

  /** Frames leave in the order of the calls; the promise only tells when there is room again. */
  function send(frame: Uint8Array): Promise<void> {
    return connection.write(frame);
  }
  function sendQuietly(frame: Uint8Array): void {
    connection.write(frame).catch(() => undefined);
  }
  const wake = (waiting: (() => void)[]): void => waiting.splice(0).forEach((go) => go());

  function settle(inside: Inside): void {
    if (inside.sentEnd && inside.inbound.ended) streams.delete(inside.stream.id);
    if (departing && streams.size === 0) shut();
  }

  function shut(): void {
    if (closing.signal.aborted) return;
    hangUp();
    depart();
  }

  function hangUp(): void {
    clearTimeout(lingering);
    lingering = undefined;
    connection.end();
  }

  function depart(): void {
    closing.abort();
    for (const inside of streams.values()) {
      inside.gone = true;
      inside.inbound.end(new BrokenPipeError());
    }
    streams.clear();
    wake(acceptors);
    wake(senders);
  }

  async function room(inside: Inside): Promise<number> {
    for (;;) {
      if (inside.gone || inside.sentEnd || closing.signal.aborted) throw new BrokenPipeError();
      if (!peerWindows) return maxDataBytes;
      const bytes = Math.min(inside.sendWindow, sessionWindow, maxDataBytes);
      if (bytes > 0) return bytes;
      await new Promise<void>((resolve) => senders.push(resolve));
    }
  }

  function createStream(id: number, headers: HeaderMap, unidirectional: boolean): Inside {
    const consumed = (count: number): void => {
      if (!peerWindows || closing.signal.aborted) return;
      sendQuietly(controlFrame(frameTypes.windowUpdate, 0, 0, count));
      if (!inbound.ended) sendQuietly(controlFrame(frameTypes.windowUpdate, 0, id, count));
    };
    const inbound = createBytePipe({ highWaterBytes, onRead: consumed });
    const stream: SessionStream = {
      id,
      headers,
      read: () => inbound.read(),
      cancel: () => inbound.cancel(),
      async write(bytes) {
        let left = bytes;
        while (left.length > 0) {
          const part = left.subarray(0, await room(inside));
          left = left.subarray(part.length);
          inside.sendWindow -= part.length;
          sessionWindow -= part.length;
          await send(dataFrame(id, false, part));
        }
      },
      end(error) {
        if (error !== undefined) return stream.reset();
        if (inside.sentEnd || inside.gone) return;
        inside.sentEnd = true;
        sendQuietly(dataFrame(id, true, new Uint8Array()));
        settle(inside);
      },
      reset() {
        if (inside.gone) return;
        inside.gone = true;
        inbound.end(new BrokenPipeError());
        streams.delete(id);
        sendQuietly(controlFrame(frameTypes.rstStream, 0, id, rst.cancel));
        wake(senders);
        if (departing && streams.size === 0) shut();
      },
    };
    const inside: Inside = {
      stream,
      inbound,
      sendWindow: initialWindow,
      sentEnd: unidirectional,
      gone: false,
    };
    return inside;
  }

  function open(frame: Extract<Frame, { type: 'syn-stream' }>): void {
    const headers = readHeaders(frame.block);
    const refuse = (status: number) => sendQuietly(controlFrame(frameTypes.rstStream, 0, frame.id, status));
    if (departing) return refuse(rst.refusedStream);
    // The client's ids are odd and go up.
    if (frame.id % 2 === 0 || frame.id <= lastId) return refuse(rst.protocolError);
    lastId = frame.id;
    if (streams.size >= maxStreams) return refuse(rst.refusedStream);
    const inside = createStream(frame.id, headers, frame.unidirectional);
    streams.set(frame.id, inside);
    if (!frame.unidirectional)
      sendQuietly(controlFrame(frameTypes.synReply, 0, frame.id, writeHeaders(new Map())));
    if (frame.fin) inside.inbound.end();
    opened.push(inside.stream);
    wake(acceptors);
  }

  async function take(frame: Frame): Promise<void> {
    switch (frame.type) {
      case 'syn-stream':
        return open(frame);
      case 'data': {
        const inside = streams.get(frame.id);
        if (inside === undefined || inside.inbound.ended) return;
        const waits = !inside.inbound.push(frame.bytes);
        if (frame.fin) {
          inside.inbound.end();
          settle(inside);
        }
        // A cancelled reader takes nothing: its bytes count as read.
        if (waits && !peerWindows) await inside.inbound.drained();
        return;
      }
      case 'syn-reply':
      case 'headers':
        // Blocks belong to one compression stream: even an unused one has to be read.
        readHeaders(frame.block);
        return;
      case 'rst-stream': {
        const inside = streams.get(frame.id);
        if (inside === undefined) return;
        inside.gone = true;
        streams.delete(frame.id);
        inside.inbound.end(new BrokenPipeError());
        wake(senders);
        if (departing && streams.size === 0) shut();
        return;
      }
      case 'settings': {
        peerWindows = true;
        const size = frame.values.get(initialWindowSetting);
        if (size !== undefined && size < 2 ** 31) {
          for (const inside of streams.values()) inside.sendWindow += size - initialWindow;
          initialWindow = size;
          wake(senders);
        }
        return;
      }
      case 'window-update': {
        peerWindows = true;
        if (frame.id === 0) sessionWindow += frame.delta;
        else {
          const inside = streams.get(frame.id);
          if (inside !== undefined) inside.sendWindow += frame.delta;
        }
        wake(senders);
        return;
      }
      case 'ping':
        // Odd ids are the client's: they are answered as they are.
        if (frame.id % 2 === 1) sendQuietly(controlFrame(frameTypes.ping, 0, frame.id));
        return;
      case 'go-away':
        departing = true;
        if (streams.size === 0) shut();
        return;
      case 'unknown':
        return;
    }
  }

  async function serve(): Promise<void> {
    const cut = createFrameReader();
    try {
      for (;;) {
        const bytes = await connection.read();
        if (bytes === undefined) break;
        if (lingering !== undefined) continue;
        if (closing.signal.aborted) break;
        for (const frame of cut(bytes)) await take(frame);
      }
    } catch {
      // No SPDY, or a connection that broke: say so if anybody hears it.
      sendQuietly(controlFrame(frameTypes.goAway, 0, lastId, goAway.protocolError));
    }
    if (lingering !== undefined) hangUp();
    shut();
  }
  void serve();

  return {
    closed: closing.signal,
    async accept() {
      for (;;) {
        const stream = opened.shift();
        if (stream !== undefined) return stream;
        if (closing.signal.aborted) return undefined;
        await new Promise<void>((resolve) => acceptors.push(resolve));
      }
    },
    async close() {
      if (closing.signal.aborted) return;
      for (const { stream } of streams.values()) stream.end();
      await send(controlFrame(frameTypes.goAway, 0, lastId, goAway.ok)).catch(() => undefined);
      if (closing.signal.aborted) return;
      lingering = setTimeout(hangUp, lingerMs).unref();
      depart();
    },
  };
}
