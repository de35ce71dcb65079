import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { BrokenPipeError, type ByteChannel } from '@drydock/base/streams';
import type { MessageSocket, SocketMessage } from '@drydock/port/http';
import { WebSocketServer, type WebSocket } from 'ws';

/** The largest message taken. Kubernetes' clients send at most 32 KiB a message, browsers more. */
const maxMessageBytes = 4 * 1024 * 1024;
/** Unread messages beyond which the connection is not read on. */
const highWaterMessages = 16;
const lingerMs = 2_000;

/** Completes the handshake; `subprotocol` is the one that was chosen. Undefined when the handshake itself was wrong. */
export function acceptWebSocket(
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  subprotocol: string | undefined,
): Promise<WebSocket | undefined> {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
    handleProtocols: () => subprotocol ?? false,
  });
  return new Promise((resolve) => {
    // A bad handshake is answered by the library with 4xx and a closed connection.
    const refused = () => resolve(undefined);
    socket.once('close', refused);
    server.once('wsClientError', (_error, refusedSocket) => {
      (refusedSocket as Duplex).end(
        'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
      );
      resolve(undefined);
    });
    server.handleUpgrade(incoming, socket, head, (accepted) => {
      socket.off('close', refused);
      resolve(accepted);
    });
  });
}

function bytesOf(data: unknown): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data as Buffer[]);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : (data as Buffer);
}

export function createMessageSocket(socket: WebSocket): MessageSocket {
  const inbox: SocketMessage[] = [];
  const readers: (() => void)[] = [];
  const closing = new AbortController();
  const wake = () => readers.splice(0).forEach((go) => go());
  socket.on('message', (data, isBinary) => {
    inbox.push({ data: bytesOf(data), text: !isBinary });
    if (inbox.length >= highWaterMessages) socket.pause();
    wake();
  });
  socket.on('error', () => socket.terminate());
  socket.on('close', () => {
    closing.abort();
    wake();
  });
  return {
    closed: closing.signal,
    async receive() {
      for (;;) {
        const message = inbox.shift();
        if (message !== undefined) {
          if (socket.isPaused) socket.resume();
          return message;
        }
        if (closing.signal.aborted) return undefined;
        await new Promise<void>((resolve) => readers.push(resolve));
      }
    },
    send(data) {
      return new Promise((resolve, reject) => {
        if (socket.readyState !== socket.OPEN) reject(new BrokenPipeError());
        else {
          socket.send(data, (error) =>
            error === undefined || error === null ? resolve() : reject(new BrokenPipeError()),
          );
        }
      });
    },
    close(code = 1000, reason = '') {
      if (socket.readyState === socket.CLOSED) return;
      socket.close(code, reason);
      // The peer's part of the closing handshake has to be read, and is not waited for long.
      if (socket.isPaused) socket.resume();
      const timer = setTimeout(() => socket.terminate(), lingerMs).unref();
      socket.once('close', () => clearTimeout(timer));
    },
  };
}

/** The binary messages of a WebSocket as one stream of bytes, for protocols that are tunnelled through it. */
export function createTunnel(socket: MessageSocket): ByteChannel {
  return {
    async read() {
      for (;;) {
        const message = await socket.receive();
        if (message === undefined || message.data.length > 0) return message?.data;
      }
    },
    cancel: () => socket.close(),
    write: (bytes) => socket.send(bytes),
    end: () => socket.close(),
  };
}
