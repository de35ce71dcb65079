import { BrokenPipeError, type ByteSink, type ByteSource } from './byte-pipe.ts';

/** A source with nothing in it. */
export function emptySource(): ByteSource {
  return { read: () => Promise.resolve(undefined), cancel() {} };
}

/** A sink that forgets. */
export function nullSink(): ByteSink {
  return { write: () => Promise.resolve(), end() {} };
}

/** A source of bytes at hand. */
export function sourceOf(...chunks: readonly Uint8Array[]): ByteSource {
  const left = chunks.filter(({ length }) => length > 0);
  return {
    read: () => Promise.resolve(left.shift()),
    cancel: () => void left.splice(0),
  };
}

/**
 * Moves bytes until the source ends, then ends the sink. When either side fails the other is let go; a reader that has
 * gone is no failure.
 */
export async function transfer(source: ByteSource, sink: ByteSink): Promise<void> {
  try {
    for (;;) {
      const bytes = await source.read();
      if (bytes === undefined) break;
      await sink.write(bytes);
    }
    sink.end();
  } catch (error) {
    source.cancel();
    sink.end(error instanceof Error && !(error instanceof BrokenPipeError) ? error : undefined);
    if (!(error instanceof BrokenPipeError)) throw error;
  }
}

/** All bytes to the end, at most `maxBytes` (the rest is cut and the source let go). */
export async function readAll(source: ByteSource, maxBytes = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const bytes = await source.read();
    if (bytes === undefined) break;
    chunks.push(bytes);
    length += bytes.length;
    if (length > maxBytes) {
      source.cancel();
      break;
    }
  }
  return concatBytes(chunks).subarray(0, maxBytes);
}

export function concatBytes(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks;
  if (only !== undefined && chunks.length === 1) return only;
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
