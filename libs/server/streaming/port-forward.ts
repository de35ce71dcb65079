import { createBytePipe, type ByteChannel } from '@drydock/base/streams';
import type { Clock } from '@drydock/base/clock';
import type { MessageSocket, SessionStream, StreamSession } from '@drydock/port/http';
import type { PodPorts, PodRef } from '@drydock/port/kubelet';
import { createChannels } from './command-over-websocket.ts';

export const portForwardProtocol = 'portforward.k8s.io';
/** The same streams, in SPDY frames, in the messages of a WebSocket. */
export const tunnelledPortForwardProtocol = `SPDY/3.1+${portForwardProtocol}`;

const pairTimeoutMs = 30_000;
const encoder = new TextEncoder();

function failureText(port: number, pod: PodRef, error: unknown): Uint8Array {
  const reason = error instanceof Error ? error.message : String(error);
  return encoder.encode(
    `error forwarding port ${port} to pod ${pod.uid.replaceAll('-', '')}, uid : ${reason}`,
  );
}

interface Pair {
  data?: SessionStream;
  error?: SessionStream;
}

/** Each connection of the client is a pair of streams with one request id: the data, and what went wrong. */
export async function portForwardOverSpdy(
  session: StreamSession,
  ports: PodPorts,
  pod: PodRef,
  clock: Clock,
): Promise<void> {
  const pairs = new Map<string, Pair>();
  const running = new Set<Promise<void>>();

  async function forward(port: number, data: SessionStream, error: SessionStream): Promise<void> {
    error.cancel();
    try {
      await ports.connect(port, data, session.closed);
    } catch (reason) {
      await error.write(failureText(port, pod, reason)).catch(() => undefined);
    }
    data.cancel();
    data.end();
    error.end();
  }

  for (;;) {
    const stream = await session.accept();
    if (stream === undefined) break;
    const type = stream.headers.get('streamtype');
    const port = Number(stream.headers.get('port'));
    if ((type !== 'data' && type !== 'error') || !Number.isInteger(port) || port < 1 || port > 65_535) {
      stream.reset();
      continue;
    }
    // Old clients send no id: their error stream comes first, and the data stream is the next of theirs.
    const id = stream.headers.get('requestid') ?? `#${type === 'error' ? stream.id : stream.id - 2}`;
    const pair = pairs.get(id) ?? {};
    if (pair[type] !== undefined) {
      stream.reset();
      continue;
    }
    pair[type] = stream;
    if (pair.data === undefined || pair.error === undefined) {
      pairs.set(id, pair);
      const timer = clock.setTimeout(() => {
        if (pairs.get(id) !== pair) return;
        pairs.delete(id);
        stream.reset();
      }, pairTimeoutMs);
      session.closed.addEventListener('abort', () => timer.cancel(), { once: true });
      continue;
    }
    pairs.delete(id);
    const work = forward(port, pair.data, pair.error).finally(() => running.delete(work));
    running.add(work);
  }
  await Promise.all(running);
}

/** The older form: two channels a port, data and error, each led by the port's number in two bytes. */
export async function portForwardOverChannels(
  socket: MessageSocket,
  base64: boolean,
  portNumbers: readonly number[],
  ports: PodPorts,
  pod: PodRef,
): Promise<void> {
  const { send, receive } = createChannels(socket, base64);
  const inbound = portNumbers.map(() => createBytePipe());
  const work = portNumbers.map(async (port, index) => {
    const label = new Uint8Array([port & 0xff, port >> 8]);
    await send(index * 2, label);
    await send(index * 2 + 1, label);
    const pipe = inbound[index]!;
    const channel: ByteChannel = {
      read: () => pipe.read(),
      cancel: () => pipe.cancel(),
      write: (bytes) => send(index * 2, bytes),
      end() {},
    };
    try {
      await ports.connect(port, channel, socket.closed);
    } catch (error) {
      await send(index * 2 + 1, failureText(port, pod, error));
    }
    pipe.cancel();
  });
  const done = Promise.allSettled(work).then(() => socket.close());
  for (;;) {
    const message = await receive();
    if (message === undefined) break;
    if (message === 'malformed') continue;
    const pipe = message.channel % 2 === 0 ? inbound[message.channel / 2] : undefined;
    if (pipe !== undefined && !pipe.push(message.bytes)) await pipe.drained();
  }
  for (const pipe of inbound) pipe.end();
  await done;
}
