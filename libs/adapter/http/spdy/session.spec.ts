import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createBytePipe, readAll, type ByteChannel } from '@drydock/base/streams';
import { headerDictionary } from './dictionary.ts';
import { controlFrame, createFrameReader, dataFrame, finFlag, frameTypes, type Frame } from './frames.ts';
import { createHeaderReader, createHeaderWriter } from './header-block.ts';
import { createSpdySession } from './session.ts';

/** A peer that keeps one zlib stream, as Go's does. */
function deflater(): (pairs: Record<string, string>) => Promise<Buffer> {
  const deflate: Deflate = createDeflate({ dictionary: headerDictionary, level: 9 });
  return (pairs) => {
    const parts: Buffer[] = [];
    const word = (text: string) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(Buffer.byteLength(text));
      parts.push(length, Buffer.from(text));
    };
    const count = Buffer.alloc(4);
    count.writeUInt32BE(Object.keys(pairs).length);
    parts.push(count);
    for (const [name, value] of Object.entries(pairs)) {
      word(name);
      word(value);
    }
    return new Promise((resolve) => {
      deflate.write(Buffer.concat(parts));
      deflate.flush(constants.Z_SYNC_FLUSH, () => {
        const chunks: Buffer[] = [];
        for (
          let chunk = deflate.read() as Buffer | null;
          chunk !== null;
          chunk = deflate.read() as Buffer | null
        )
          chunks.push(chunk);
        resolve(Buffer.concat(chunks));
      });
    });
  };
}

function pair() {
  const [toServer, toClient] = [
    createBytePipe({ highWaterBytes: 1e9 }),
    createBytePipe({ highWaterBytes: 1e9 }),
  ];
  const connection: ByteChannel = {
    read: () => toServer.read(),
    cancel: () => toServer.cancel(),
    write: (bytes) => toClient.write(bytes),
    end: () => toClient.end(),
  };
  const session = createSpdySession(connection);
  const cut = createFrameReader();
  const inbox: Frame[] = [];
  const next = async (): Promise<Frame | undefined> => {
    while (inbox.length === 0) {
      const bytes = await toClient.read();
      if (bytes === undefined) return undefined;
      inbox.push(...cut(bytes));
    }
    return inbox.shift();
  };
  const block = deflater();
  const open = async (id: number, headers: Record<string, string>, flags = 0) =>
    toServer.push(
      controlFrame(frameTypes.synStream, flags, id, 0, Buffer.from([0, 0]), await block(headers)),
    );
  return { session, toServer, next, open };
}

describe('SPDY header blocks', () => {
  it('reads a stream of blocks that refer to those before them', async () => {
    const read = createHeaderReader();
    const write = deflater();
    expect(read(await write({ streamtype: 'error', port: '80' }))).toEqual(
      new Map([
        ['streamtype', 'error'],
        ['port', '80'],
      ]),
    );
    for (let round = 0; round < 40; round++) {
      const value = `${round}`.repeat(900);
      expect(read(await write({ StreamType: 'data', big: value })).get('big')).toBe(value);
    }
  });

  it('writes what a zlib reader with the dictionary takes', async () => {
    const write = createHeaderWriter();
    const inflate: Inflate = createInflate({ dictionary: headerDictionary });
    const blocks = [write(new Map([['a', 'b']])), write(new Map([['c', 'd']]))];
    const plain = await new Promise<Buffer>((resolve) => {
      inflate.write(Buffer.concat(blocks), () => resolve(inflate.read() as Buffer));
    });
    expect(plain.toString('latin1')).toBe('\0\0\0\x01\0\0\0\x01a\0\0\0\x01b\0\0\0\x01\0\0\0\x01c\0\0\0\x01d');
  });

  it('refuses what does not inflate or is cut off', async () => {
    expect(() => createHeaderReader()(Buffer.from('garbage'))).toThrow();
    const whole = await deflater()({ a: 'b'.repeat(70_000) });
    expect(() => createHeaderReader()(whole)).toThrow();
  });
});

describe('SPDY session', () => {
  it('opens streams, carries bytes both ways, half-closes, and says good-bye', async () => {
    const { session, toServer, next, open } = pair();
    await open(1, { streamtype: 'data' });
    const stream = await session.accept();
    expect(stream?.headers.get('streamtype')).toBe('data');
    expect(await next()).toMatchObject({ type: 'syn-reply', id: 1 });
    toServer.push(dataFrame(1, false, Buffer.from('he')));
    toServer.push(dataFrame(1, true, Buffer.from('llo')));
    expect(Buffer.from(await readAll(stream!)).toString()).toBe('hello');
    await stream!.write(Buffer.from('world'));
    stream!.end();
    expect(await next()).toMatchObject({ type: 'data', id: 1, fin: false, bytes: Buffer.from('world') });
    expect(await next()).toMatchObject({ type: 'data', id: 1, fin: true });
    await session.close();
    expect(await next()).toMatchObject({ type: 'go-away', lastGoodId: 1, status: 0 });
    expect(session.closed.aborted).toBe(true);
  });

  it('answers pings of the client, and takes frames cut anywhere', async () => {
    const { toServer, next } = pair();
    for (const byte of controlFrame(frameTypes.ping, 0, 7)) toServer.push(Uint8Array.of(byte));
    expect(await next()).toEqual({ type: 'ping', id: 7 });
  });

  it('resets even, repeated and too many ids; the others go on', async () => {
    const { session, next, open } = pair();
    await open(2, {});
    expect(await next()).toEqual({ type: 'rst-stream', id: 2, status: 1 });
    await open(3, {}, finFlag);
    expect(await next()).toMatchObject({ type: 'syn-reply', id: 3 });
    await open(3, {});
    expect(await next()).toEqual({ type: 'rst-stream', id: 3, status: 1 });
    expect(await (await session.accept())?.read()).toBeUndefined();
  });

  it('keeps to the windows of a peer that has them, and opens its own as bytes are read', async () => {
    const { session, toServer, next, open } = pair();
    // SETTINGS: initial window of 10 bytes.
    toServer.push(controlFrame(frameTypes.settings, 0, 1, 7, 10));
    await open(1, {});
    const stream = (await session.accept())!;
    await next();
    const written = stream.write(new Uint8Array(25));
    expect(await next()).toMatchObject({ type: 'data', bytes: { length: 10 } });
    toServer.push(controlFrame(frameTypes.windowUpdate, 0, 1, 20));
    await written;
    expect(await next()).toMatchObject({ type: 'data', bytes: { length: 15 } });
    toServer.push(dataFrame(1, false, new Uint8Array(8)));
    await stream.read();
    expect(await next()).toEqual({ type: 'window-update', id: 0, delta: 8 });
    expect(await next()).toEqual({ type: 'window-update', id: 1, delta: 8 });
  });

  it('stops reading the connection while a reader is behind', async () => {
    const { session, toServer, open } = pair();
    await open(1, {});
    const stream = (await session.accept())!;
    for (let frame = 0; frame < 64; frame++) toServer.push(dataFrame(1, false, new Uint8Array(32 * 1024)));
    await new Promise((resolve) => setImmediate(resolve));
    expect(toServer.pendingBytes).toBeGreaterThan(1024 * 1024);
    let total = 0;
    while (total < 64 * 32 * 1024) total += (await stream.read())!.length;
    expect(toServer.pendingBytes).toBe(0);
  });

  it('lets writers and readers go when the peer resets or leaves', async () => {
    const { session, toServer, open } = pair();
    toServer.push(controlFrame(frameTypes.settings, 0, 1, 7, 1));
    await open(1, {});
    const stream = (await session.accept())!;
    const written = stream.write(new Uint8Array(5));
    toServer.push(controlFrame(frameTypes.rstStream, 0, 1, 5));
    await expect(written).rejects.toThrow('broken pipe');
    await expect(stream.read()).rejects.toThrow('broken pipe');
    toServer.end();
    expect(await session.accept()).toBeUndefined();
  });

  it('closes on garbage and never throws', async () => {
    let seed = 1;
    const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
    for (let round = 0; round < 300; round++) {
      const { session, toServer, next } = pair();
      const bytes = Uint8Array.from({ length: 1 + Math.floor(random() * 200) }, () =>
        Math.floor(random() * 256),
      );
      if (round % 2 === 0)
        bytes.set([0x80, 3, 0, 1 + (round % 9), 0, 0, 0, Math.min(255, bytes.length)].slice(0, bytes.length));
      toServer.push(bytes);
      toServer.end();
      while ((await next()) !== undefined);
      expect(session.closed.aborted).toBe(true);
    }
  });
});
