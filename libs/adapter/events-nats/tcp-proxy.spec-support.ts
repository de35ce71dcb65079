import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A line to a server that can be held, as by a network that drops packets, and cut. */
export interface TcpProxy {
  /** `127.0.0.1:<port>` */
  readonly address: string;
  /** Nothing gets through in either direction, and nobody is told. */
  hold(): void;
  /** What was held goes on. */
  release(): void;
  /** Ends all connections, and every new one, until `release`. */
  cut(): void;
  close(): Promise<void>;
}

/** `target` is `host:port`. */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const [host = '', port = ''] = target.split(':');
  const sockets = new Set<Socket>();
  let state: 'open' | 'held' | 'cut' = 'open';
  const server = createServer((near) => {
    if (state === 'cut') return void near.destroy();
    const far = connect(Number(port), host);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('data', (bytes) => void other.write(bytes));
      one.on('error', () => undefined);
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      if (state === 'held') one.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold() {
      state = 'held';
      for (const socket of sockets) socket.pause();
    },
    release() {
      state = 'open';
      for (const socket of sockets) socket.resume();
    },
    cut() {
      state = 'cut';
      for (const socket of sockets) socket.destroy();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
