import { connect, type TLSSocket } from 'node:tls';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** One keep-alive HTTPS connection, one request at a time. Bare, so that the load generator takes little of the machine. */
export interface Connection {
  request(method: string, path: string, body?: string, contentType?: string): Promise<Answer>;
  /** Begins a streamed answer; `onData` gets its raw bytes (chunk framing included). */
  stream(path: string, onData: (bytes: Buffer) => void): void;
  close(): void;
}

const headEnd = Buffer.from('\r\n\r\n');

export async function openConnection(target: Target): Promise<Connection> {
  const socket: TLSSocket = connect({ ...target, servername: 'localhost' });
  socket.setNoDelay(true);
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  let received: Buffer[] = [];
  let length = 0;
  let waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;
  let streaming: ((bytes: Buffer) => void) | undefined;
  let need = -1;
  let bodyAt = 0;
  let status = 0;

  socket.on('data', (bytes: Buffer) => {
    if (streaming !== undefined) return streaming(bytes);
    received.push(bytes);
    length += bytes.length;
    if (need < 0) {
      const all = received.length === 1 ? bytes : Buffer.concat(received);
      received = [all];
      const end = all.indexOf(headEnd);
      if (end < 0) return;
      const head = all.toString('latin1', 0, end);
      status = Number(head.slice(9, 12));
      bodyAt = end + 4;
      need = bodyAt + Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    }
    if (length < need) return;
    const all = received.length === 1 ? (received[0] ?? Buffer.alloc(0)) : Buffer.concat(received);
    received = [];
    length = 0;
    need = -1;
    const done = waiting;
    waiting = undefined;
    done?.resolve({ status, body: all.subarray(bodyAt) });
  });
  socket.on('error', (error) => waiting?.reject(error));
  socket.on('close', () => waiting?.reject(new Error('the connection was closed')));

  return {
    request(method, path, body, contentType = 'application/json') {
      const head =
        body === undefined
          ? `${method} ${path} HTTP/1.1\r\nhost: bench\r\naccept: application/json\r\n\r\n`
          : `${method} ${path} HTTP/1.1\r\nhost: bench\r\naccept: application/json\r\ncontent-type: ${contentType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(head);
      });
    },
    stream(path, onData) {
      streaming = onData;
      socket.write(`GET ${path} HTTP/1.1\r\nhost: bench\r\naccept: application/json\r\n\r\n`);
    },
    close: () => socket.destroy(),
  };
}
