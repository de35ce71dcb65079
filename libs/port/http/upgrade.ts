import type { ByteChannel } from '@drydock/base/streams';

/** One message of a WebSocket. */
export interface SocketMessage {
  readonly data: Uint8Array;
  readonly text: boolean;
}

/** A WebSocket, its frames already put together. Pings are answered by the server library. */
export interface MessageSocket {
  /** The next message; undefined when the socket is closed, by either side or by a fault. At most a few are held unread. */
  receive(): Promise<SocketMessage | undefined>;
  /** Resolves when the message has left; rejects when the socket is closed. */
  send(data: Uint8Array | string): Promise<void>;
  /** Starts the closing handshake. Default code 1000. Idempotent. */
  close(code?: number, reason?: string): void;
  /** Aborts when the socket is closed. */
  readonly closed: AbortSignal;
}

/** One stream of a session: bytes both ways, each way with its own end, and the headers with which the peer opened it. */
export interface SessionStream extends ByteChannel {
  readonly id: number;
  /** Lower-case names; several values of a name joined by `, `. */
  readonly headers: ReadonlyMap<string, string>;
  /** Tells the peer that the stream is broken off. */
  reset(): void;
}

/** Many streams over one connection, opened by the peer (SPDY/3.1). */
export interface StreamSession {
  /** The next stream that the peer opens; undefined when the session is closed. */
  accept(): Promise<SessionStream | undefined>;
  /** Says good-bye, lets what was written leave, and closes the connection. */
  close(): Promise<void>;
  /** Aborts when the session is closed, by either side or by a fault. */
  readonly closed: AbortSignal;
}

/**
 * What the connection becomes after `101 Switching Protocols`. `serve` owns it until its promise settles; then it is
 * closed. A rejection closes the connection and harms nothing else.
 */
export type HttpUpgrade =
  | {
      readonly kind: 'messages';
      /** The WebSocket subprotocol chosen. */
      readonly subprotocol?: string;
      serve(socket: MessageSocket): Promise<void>;
    }
  | {
      /** SPDY/3.1, on the connection itself, or in the binary messages of a WebSocket when the client asked for one. */
      readonly kind: 'streams';
      readonly subprotocol?: string;
      serve(session: StreamSession): Promise<void>;
    };
