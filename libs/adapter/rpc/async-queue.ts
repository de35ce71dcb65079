/** Values from one writer to one reader, in order. Bounded: beyond `limit` the oldest give way to the newest. */
export interface AsyncQueue<T> extends AsyncIterable<T> {
  push(value: T): void;
  /** Nothing more comes; the reader gets what is there. Idempotent. */
  end(): void;
}

export function createQueue<T>(limit = 64): AsyncQueue<T> {
  const values: T[] = [];
  let ended = false;
  let wake: (() => void) | undefined;
  return {
    push(value) {
      if (ended) return;
      values.push(value);
      if (values.length > limit) values.shift();
      wake?.();
    },
    end() {
      ended = true;
      wake?.();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        if (values.length > 0) yield values.shift() as T;
        else if (ended) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}
