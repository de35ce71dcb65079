import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '@drydock/base/clock';
import { createBytePipe, readAll, type BytePipe } from '@drydock/base/streams';
import type { MessageSocket, SessionStream, SocketMessage, StreamSession } from '@drydock/port/http';
import type { ContainerSession, PodPorts } from '@drydock/port/kubelet';
import { decodeBase64, encodeBase64 } from './base64.ts';
import {
  commandOverSpdy,
  commandOverWebSocket,
  commandProtocols,
  portForwardOverChannels,
  portForwardOverSpdy,
  runCommand,
} from './index.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const pod = { namespace: 'default', name: 'p', uid: 'a-b', nodeName: 'n' };

function fakeSocket() {
  const inbox: SocketMessage[] = [];
  const waiting: (() => void)[] = [];
  const sent: (Uint8Array | string)[] = [];
  const closed = new AbortController();
  const close = () => {
    closed.abort();
    waiting.splice(0).forEach((go) => go());
  };
  const socket: MessageSocket = {
    closed: closed.signal,
    close,
    send(data) {
      sent.push(data);
      return Promise.resolve();
    },
    async receive() {
      for (;;) {
        const message = inbox.shift();
        if (message !== undefined || closed.signal.aborted) return message;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
  const type = (data: Uint8Array | string) => {
    inbox.push(typeof data === 'string' ? { data: encoder.encode(data), text: true } : { data, text: false });
    waiting.splice(0).forEach((go) => go());
  };
  return { socket, sent, type, close };
}

const message = (channel: number, text: string) => Uint8Array.of(channel, ...encoder.encode(text));
const protocol = (name: string) => commandProtocols.find((one) => one.name === name)!;
const everything = { stdin: true, stdout: true, stderr: true, tty: true };

/** Says back what it reads, and ends with 3. */
const echo: ContainerSession = {
  async run({ stdin, stdout, stderr }) {
    const text = decoder.decode(await readAll(stdin!));
    await stdout?.write(encoder.encode(`<${text}>`));
    await stderr?.write(encoder.encode('fault'));
    return 3;
  },
};

describe('a command over a WebSocket', () => {
  it('v5: channels, a close of standard input, sizes, a status', async () => {
    const { socket, sent, type } = fakeSocket();
    const connection = await commandOverWebSocket(socket, protocol('v5.channel.k8s.io'), everything);
    expect(sent.splice(0)).toEqual([Uint8Array.of(1)]);
    type(message(4, '{"Width":100,"Height"'));
    type(message(4, ':30}{"Width":1,"Height":2}'));
    type(message(0, 'he'));
    type(message(0, 'llo'));
    type(message(9, 'nobody'));
    type(new Uint8Array());
    type(Uint8Array.of(255, 0));
    const sizes = connection.streams.resize![Symbol.asyncIterator]();
    expect(await sizes.next()).toEqual({ done: false, value: { width: 100, height: 30 } });
    expect(await sizes.next()).toEqual({ done: false, value: { width: 1, height: 2 } });
    await runCommand(echo, ['cat'], connection);
    expect(sent.slice(0, 2)).toEqual([message(1, '<hello>'), message(2, 'fault')]);
    const status = sent[2] as Uint8Array;
    expect(status[0]).toBe(3);
    expect(JSON.parse(decoder.decode(status.subarray(1)))).toEqual({
      metadata: {},
      status: 'Failure',
      reason: 'NonZeroExitCode',
      message: 'command terminated with non-zero exit code: error executing command [cat], exit code 3',
      details: { causes: [{ reason: 'ExitCode', message: '3' }] },
    });
    expect(socket.closed.aborted).toBe(true);
  });

  it('base64: a digit and text, both ways', async () => {
    const { socket, sent, type, close } = fakeSocket();
    const connection = await commandOverWebSocket(socket, protocol('v4.base64.channel.k8s.io'), {
      ...everything,
      tty: false,
    });
    expect(sent.splice(0)).toEqual(['1']);
    type('0aGk=');
    type('0!!');
    type('x');
    expect(decoder.decode(await connection.streams.stdin!.read())).toBe('hi');
    await connection.streams.stdout!.write(encoder.encode('out'));
    expect(sent).toEqual(['1b3V0']);
    close();
    expect(await connection.streams.stdin!.read()).toBeUndefined();
  });

  it('before v4 the error channel has text, and nothing for success', async () => {
    const { socket, sent } = fakeSocket();
    const connection = await commandOverWebSocket(socket, protocol('channel.k8s.io'), {
      ...everything,
      stdin: false,
    });
    sent.length = 0;
    await runCommand({ run: () => Promise.resolve(0) }, [], connection);
    expect(sent).toEqual([]);
    const failing = fakeSocket();
    const second = await commandOverWebSocket(failing.socket, protocol('channel.k8s.io'), {
      ...everything,
      stdin: false,
    });
    failing.sent.length = 0;
    await runCommand(() => Promise.reject(new Error('no container')), [], second);
    expect(failing.sent).toEqual([message(3, 'Internal error occurred: no container')]);
  });
});

interface FakeStream extends SessionStream {
  readonly inbound: BytePipe;
  readonly outbound: BytePipe;
  readonly wasReset: () => boolean;
}

function fakeSession() {
  const waiting: (() => void)[] = [];
  const opened: SessionStream[] = [];
  const closed = new AbortController();
  let lastId = -1;
  const session: StreamSession = {
    closed: closed.signal,
    close() {
      closed.abort();
      waiting.splice(0).forEach((go) => go());
      return Promise.resolve();
    },
    async accept() {
      for (;;) {
        const stream = opened.shift();
        if (stream !== undefined || closed.signal.aborted) return stream;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
  const open = (headers: Record<string, string>): FakeStream => {
    const [inbound, outbound] = [createBytePipe(), createBytePipe()];
    let reset = false;
    lastId += 2;
    const stream: FakeStream = {
      id: lastId,
      headers: new Map(Object.entries(headers)),
      inbound,
      outbound,
      wasReset: () => reset,
      read: () => inbound.read(),
      cancel: () => inbound.cancel(),
      write: (bytes) => outbound.write(bytes),
      end: (error) => outbound.end(error),
      reset: () => void (reset = true),
    };
    opened.push(stream);
    waiting.splice(0).forEach((go) => go());
    return stream;
  };
  return { session, open };
}

describe('a command over SPDY', () => {
  it('waits for the streams that were asked for, and tells its end on the error stream', async () => {
    const { session, open } = fakeSession();
    const clock = createVirtualClock();
    const wanted = { stdin: true, stdout: true, stderr: true, tty: false };
    const waiting = commandOverSpdy(session, 4, wanted, clock);
    const error = open({ streamtype: 'error' });
    const other = open({ streamtype: 'what' });
    const [stdin, stdout] = [open({ streamtype: 'stdin' }), open({ streamtype: 'stdout' })];
    open({ streamtype: 'stderr' });
    const connection = await waiting;
    expect(other.wasReset()).toBe(true);
    stdin.inbound.push(encoder.encode('in'));
    stdin.inbound.end();
    await runCommand(echo, ['cat'], connection!);
    expect(decoder.decode(await readAll(stdout.outbound))).toBe('<in>');
    expect(JSON.parse(decoder.decode(await readAll(error.outbound)))).toMatchObject({
      reason: 'NonZeroExitCode',
    });
  });

  it('gives up when the streams do not come', async () => {
    const { session } = fakeSession();
    const clock = createVirtualClock();
    const waiting = commandOverSpdy(
      session,
      4,
      { stdin: false, stdout: true, stderr: false, tty: false },
      clock,
    );
    await clock.advance(30_000);
    expect(await waiting).toBeUndefined();
    expect(session.closed.aborted).toBe(true);
  });
});

const ports: PodPorts = {
  async connect(port, channel) {
    if (port !== 80) throw new Error(`nothing at ${port}`);
    const bytes = await channel.read();
    await channel.write(encoder.encode(`[${decoder.decode(bytes)}]`));
  },
};

describe('port forwarding', () => {
  it('pairs streams by request id, in any order, and says what went wrong', async () => {
    const { session, open } = fakeSession();
    const done = portForwardOverSpdy(session, ports, pod, createVirtualClock());
    const data = open({ streamtype: 'data', port: '80', requestid: '0' });
    open({ streamtype: 'error', port: '81', requestid: '1' });
    open({ streamtype: 'error', port: '80', requestid: '0' });
    const bad = open({ streamtype: 'data', port: '99999', requestid: '7' });
    data.inbound.push(encoder.encode('ping'));
    expect(decoder.decode(await readAll(data.outbound))).toBe('[ping]');
    open({ streamtype: 'data', port: '81', requestid: '1' });
    // Old clients name no request: the data stream follows the error stream.
    const oldError = open({ streamtype: 'error', port: '82' });
    const oldData = open({ streamtype: 'data', port: '82' });
    expect(decoder.decode(await readAll(oldError.outbound))).toBe(
      'error forwarding port 82 to pod ab, uid : nothing at 82',
    );
    expect(await oldData.outbound.read()).toBeUndefined();
    expect(bad.wasReset()).toBe(true);
    await session.close();
    await done;
  });

  it('over channels leads each with the number of its port', async () => {
    const { socket, sent, type } = fakeSocket();
    const done = portForwardOverChannels(socket, false, [80, 300], ports, pod);
    type(message(0, 'ping'));
    await done;
    expect(sent).toContainEqual(Uint8Array.of(0, 80, 0));
    expect(sent).toContainEqual(Uint8Array.of(3, 300 & 255, 1));
    expect(sent).toContainEqual(message(0, '[ping]'));
    expect(sent).toContainEqual(message(3, 'error forwarding port 300 to pod ab, uid : nothing at 300'));
  });
});

describe('base64', () => {
  it('goes both ways for every length, and refuses what is none', () => {
    for (let length = 0; length < 70; length++) {
      const bytes = Uint8Array.from({ length }, (_, at) => (at * 83) % 256);
      expect(decodeBase64(encoder.encode(encodeBase64(bytes)))).toEqual(bytes);
    }
    expect(decodeBase64(encoder.encode('a'))).toBeUndefined();
    expect(decodeBase64(encoder.encode('ab*d'))).toBeUndefined();
  });
});
