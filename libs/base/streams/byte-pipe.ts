/** What takes bytes. */
export interface ByteSink {
  /** Resolves when more may be written (back-pressure); rejects when nobody will read it. The bytes become the sink's. */
  write(bytes: Uint8Array): Promise<void>;
  /** Nothing more comes. With `error` the reader is told so instead of a clean end. Idempotent. */
  end(error?: Error): void;
}

/** What gives bytes. One reader at a time. */
export interface ByteSource {
  /** The next bytes, never empty; undefined at the end. Rejects when the writer ended with an error. */
  read(): Promise<Uint8Array | undefined>;
  /** The reader wants no more: writes reject from now on. Idempotent. */
  cancel(): void;
}

/** Both directions, each with an end of its own. */
export interface ByteChannel extends ByteSource, ByteSink {}

/** Writing to a pipe whose reader has gone. */
export class BrokenPipeError extends Error {
  override readonly name = 'BrokenPipeError';

  constructor() {
    super('broken pipe');
  }
}

export interface BytePipe extends ByteChannel {
  /** Bytes written and not yet read. */
  readonly pendingBytes: number;
  /** Takes bytes without waiting, for writers that cannot wait; false asks them to pause until `drained`. */
  push(bytes: Uint8Array): boolean;
  /** Resolves when there is room, or nobody reads any more. */
  drained(): Promise<void>;
  /** The writer has ended it. */
  readonly ended: boolean;
  readonly cancelled: boolean;
}

export interface BytePipeOptions {
  /** Unread bytes from which on writers wait. Default 64 KiB. */
  highWaterBytes?: number;
  /** Called whenever bytes were taken, with their number: for windows. */
  onRead?(bytes: number): void;
}

/** A bounded queue of bytes between one writer and one reader. */
export function createBytePipe(options: BytePipeOptions = {}): BytePipe {
  const highWaterBytes = options.highWaterBytes ?? 64 * 1024;
  const chunks: Uint8Array[] = [];
  const readers: (() => void)[] = [];
  const writers: (() => void)[] = [];
  let pendingBytes = 0;
  let ended = false;
  let failure: Error | undefined;
  let cancelled = false;

  const wake = (waiting: (() => void)[]): void => waiting.splice(0).forEach((go) => go());
  const full = () => pendingBytes >= highWaterBytes && !cancelled;

  const pipe: BytePipe = {
    get pendingBytes() {
      return pendingBytes;
    },
    get ended() {
      return ended;
    },
    get cancelled() {
      return cancelled;
    },
    push(bytes) {
      if (cancelled || ended) return true;
      if (bytes.length > 0) {
        chunks.push(bytes);
        pendingBytes += bytes.length;
        wake(readers);
      }
      return !full();
    },
    async drained() {
      while (full()) await new Promise<void>((resolve) => writers.push(resolve));
    },
    async write(bytes) {
      if (cancelled || ended) throw new BrokenPipeError();
      if (!pipe.push(bytes)) await pipe.drained();
    },
    end(error) {
      if (ended) return;
      ended = true;
      failure = error;
      wake(readers);
      wake(writers);
    },
    async read() {
      for (;;) {
        if (cancelled) return undefined;
        const chunk = chunks.shift();
        if (chunk !== undefined) {
          pendingBytes -= chunk.length;
          if (!full()) wake(writers);
          options.onRead?.(chunk.length);
          return chunk;
        }
        if (failure !== undefined) throw failure;
        if (ended) return undefined;
        await new Promise<void>((resolve) => readers.push(resolve));
      }
    },
    cancel() {
      if (cancelled) return;
      cancelled = true;
      const dropped = pendingBytes;
      chunks.length = 0;
      pendingBytes = 0;
      if (dropped > 0) options.onRead?.(dropped);
      wake(readers);
      wake(writers);
    },
  };
  return pipe;
}
