import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A line to a server on this machine on which everything takes a while. */
export interface SlowLine {
  readonly port: number;
  close(): void;
}

/** Begins to listen; `delayMs` is how long bytes take in either direction. */
export async function startSlowLine(targetPort: number, delayMs: number): Promise<SlowLine> {
  const sockets = new Set<Socket>();
  const carry = (from: Socket, to: Socket): void => {
    sockets.add(from);
    // In order: timers of one length fire in the order in which they were set.
    from.on('data', (bytes) => void setTimeout(() => to.writable && to.write(bytes), delayMs));
    from.on('error', () => undefined);
    from.on('close', () => {
      sockets.delete(from);
      setTimeout(() => to.destroy(), delayMs);
    });
  };
  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1');
    carry(near, far);
    carry(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
