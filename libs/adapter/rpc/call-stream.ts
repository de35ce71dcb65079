import type { Duplex, Readable, Writable } from 'node:stream';

/** The messages of a gRPC call, one at a time: who reads slowly makes the peer wait. */
export interface MessageReader<T> {
  /** The next message; undefined at the end. Rejects when the call failed. */
  next(): Promise<T | undefined>;
}

export function readMessages<T>(call: Readable | Duplex): MessageReader<T> {
  const messages = (call as AsyncIterable<T>)[Symbol.asyncIterator]();
  return {
    async next() {
      const { value, done } = await messages.next();
      return done === true ? undefined : value;
    },
  };
}

/** Writes a message; resolves when there is room for another. Does nothing where the call is over. */
export async function writeMessage(call: Writable, message: unknown): Promise<void> {
  if (call.destroyed || call.writableEnded) return;
  if (call.write(message)) return;
  await new Promise<void>((resolve) => {
    const go = (): void => {
      for (const event of ['drain', 'close', 'error', 'cancelled'] as const) call.off(event, go);
      resolve();
    };
    for (const event of ['drain', 'close', 'error', 'cancelled'] as const) call.on(event, go);
  });
}
