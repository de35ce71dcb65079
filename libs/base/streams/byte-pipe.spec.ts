import { describe, expect, it } from 'vitest';
import { BrokenPipeError, createBytePipe, readAll, sourceOf, transfer } from './index.ts';

const bytes = (length: number, fill = 1) => new Uint8Array(length).fill(fill);

describe('byte pipe', () => {
  it('keeps a writer waiting while the reader is behind', async () => {
    const pipe = createBytePipe({ highWaterBytes: 10 });
    await pipe.write(bytes(4));
    let written = false;
    const second = pipe.write(bytes(8)).then(() => (written = true));
    await Promise.resolve();
    expect(written).toBe(false);
    expect(pipe.pendingBytes).toBe(12);
    expect(await pipe.read()).toHaveLength(4);
    await second;
    expect(pipe.pendingBytes).toBe(8);
  });

  it('rejects a writer whose reader has gone, also one that waits', async () => {
    const pipe = createBytePipe({ highWaterBytes: 1 });
    const waiting = pipe.write(bytes(5));
    pipe.cancel();
    await waiting;
    await expect(pipe.write(bytes(1))).rejects.toBeInstanceOf(BrokenPipeError);
    expect(await pipe.read()).toBeUndefined();
  });

  it('gives what was written before its end, then the end or the error', async () => {
    const clean = createBytePipe();
    await clean.write(bytes(3));
    clean.end();
    expect(await readAll(clean)).toHaveLength(3);
    const failed = createBytePipe();
    await failed.write(bytes(1));
    failed.end(new Error('cut'));
    expect(await failed.read()).toHaveLength(1);
    await expect(failed.read()).rejects.toThrow('cut');
  });

  it('tells how many bytes were taken, dropped ones too', async () => {
    let taken = 0;
    const pipe = createBytePipe({ onRead: (count) => (taken += count) });
    pipe.push(bytes(3));
    pipe.push(bytes(5));
    await pipe.read();
    expect(taken).toBe(3);
    pipe.cancel();
    expect(taken).toBe(8);
  });

  it('transfers to the end and lets the source go when the sink is gone', async () => {
    const target = createBytePipe();
    await transfer(sourceOf(bytes(2), bytes(0), bytes(3)), target);
    expect(await readAll(target)).toHaveLength(5);
    const gone = createBytePipe();
    gone.cancel();
    const source = createBytePipe();
    source.push(bytes(2));
    await transfer(source, gone);
    expect(source.cancelled).toBe(true);
  });
});
