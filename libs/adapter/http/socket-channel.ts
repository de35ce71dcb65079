import type { Duplex } from 'node:stream';
import { BrokenPipeError, type ByteChannel } from '@drydock/base/streams';

const lingerMs = 2_000;

/** A connection as a byte channel: read only as fast as it is consumed; writes wait for what the peer does not take. */
export function createSocketChannel(socket: Duplex, head: Uint8Array): ByteChannel {
  if (head.length > 0) socket.unshift(head);
  let failed = false;
  const gone = () => socket.destroyed || socket.readableEnded || failed;
  const changed: (() => void)[] = [];
  const wake = () => changed.splice(0).forEach((go) => go());
  for (const event of ['readable', 'end', 'close', 'drain']) socket.on(event, wake);
  socket.on('error', () => {
    failed = true;
    wake();
  });
  const next = () => new Promise<void>((resolve) => changed.push(resolve));

  return {
    async read() {
      for (;;) {
        const bytes = socket.read() as Buffer | null;
        if (bytes !== null) return bytes;
        if (gone()) return undefined;
        await next();
      }
    },
    cancel() {
      socket.destroy();
    },
    async write(bytes) {
      if (socket.destroyed || socket.writableEnded) throw new BrokenPipeError();
      if (socket.write(bytes)) return;
      while (socket.writableNeedDrain) {
        if (socket.destroyed) throw new BrokenPipeError();
        await next();
      }
    },
    end() {
      if (socket.writableEnded) return;
      socket.end();
      // A peer that does not close its side is not waited for.
      const timer = setTimeout(() => socket.destroy(), lingerMs).unref();
      socket.once('close', () => clearTimeout(timer));
      // What the peer still sends is dropped, so that its end is seen.
      socket.off('readable', wake);
      socket.resume();
    },
  };
}
