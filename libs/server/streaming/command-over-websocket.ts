import { createBytePipe, type ByteSink } from '@drydock/base/streams';
import type { MessageSocket } from '@drydock/port/http';
import { decodeBase64, encodeBase64 } from './base64.ts';
import type { CommandConnection, CommandVersion, WantedStreams } from './remote-command.ts';
import { terminalSizes } from './terminal-size.ts';

const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

export interface ChannelProtocol {
  /** The subprotocol's name; '' for clients that name none. */
  readonly name: string;
  readonly version: CommandVersion;
  readonly base64: boolean;
}

/** In the order of preference. */
export const commandProtocols: readonly ChannelProtocol[] = [
  { name: 'v5.channel.k8s.io', version: 5, base64: false },
  { name: 'v4.channel.k8s.io', version: 4, base64: false },
  { name: 'v4.base64.channel.k8s.io', version: 4, base64: true },
  { name: 'channel.k8s.io', version: 1, base64: false },
  { name: 'base64.channel.k8s.io', version: 1, base64: true },
];

const digits = '0123456789';
const encoder = new TextEncoder();

/** Messages that begin with the number of their channel, as a byte or, in the base64 forms, as a digit. */
export function createChannels(socket: MessageSocket, base64: boolean) {
  return {
    send(channel: number, bytes: Uint8Array): Promise<void> {
      if (base64) return socket.send(`${digits[channel] ?? ''}${encodeBase64(bytes)}`);
      const message = new Uint8Array(bytes.length + 1);
      message[0] = channel;
      message.set(bytes, 1);
      return socket.send(message);
    },
    /** Undefined at the end, and for a message that says nothing in this protocol. */
    async receive(): Promise<{ channel: number; bytes: Uint8Array } | 'malformed' | undefined> {
      const message = await socket.receive();
      if (message === undefined) return undefined;
      const [first] = message.data;
      if (first === undefined) return 'malformed';
      if (!base64) return { channel: first, bytes: message.data.subarray(1) };
      const bytes = decodeBase64(message.data.subarray(1));
      const channel = digits.indexOf(String.fromCharCode(first));
      return bytes === undefined || channel < 0 ? 'malformed' : { channel, bytes };
    },
  };
}

/** The streams of `exec` and `attach` over a WebSocket. */
export async function commandOverWebSocket(
  socket: MessageSocket,
  protocol: ChannelProtocol,
  wanted: WantedStreams,
): Promise<CommandConnection> {
  const { send, receive } = createChannels(socket, protocol.base64);
  const stdin = wanted.stdin ? createBytePipe() : undefined;
  const resize = wanted.tty ? createBytePipe() : undefined;

  function sink(channel: number): ByteSink {
    return { write: (bytes) => send(channel, bytes), end() {} };
  }

  async function receiveAll(): Promise<void> {
    for (;;) {
      const message = await receive();
      if (message === undefined) break;
      if (message === 'malformed') continue;
      const { channel, bytes } = message;
      if (channel === channels.stdin && stdin !== undefined) {
        // While the container does not read, neither do we: the client feels it.
        if (!stdin.push(bytes)) await stdin.drained();
      } else if (channel === channels.resize) {
        resize?.push(bytes);
      } else if (channel === channels.close && protocol.version >= 5 && bytes[0] === channels.stdin) {
        stdin?.end();
      }
    }
    stdin?.end();
    resize?.end();
  }
  void receiveAll();

  // An empty message on the first channel tells the client that the connection stands.
  const lowest = wanted.stdout ? channels.stdout : wanted.stderr ? channels.stderr : channels.error;
  await send(lowest, new Uint8Array()).catch(() => undefined);

  return {
    version: protocol.version,
    closed: socket.closed,
    streams: {
      stdin,
      stdout: wanted.stdout ? sink(channels.stdout) : undefined,
      stderr: wanted.stderr ? sink(channels.stderr) : undefined,
      resize: resize === undefined ? undefined : terminalSizes(resize),
    },
    async report(text) {
      if (text !== '') await send(channels.error, encoder.encode(text));
      socket.close();
    },
  };
}
