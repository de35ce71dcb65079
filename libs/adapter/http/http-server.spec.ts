import { once } from 'node:events';
import { get } from 'node:https';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { HttpHandler } from '@drydock/port/http';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpsServer, loadCertificateMaker } from './index.ts';

const maker = await loadCertificateMaker();
const authority = await maker.createCertificateAuthority('ca', Date.now());
const wanted = { commonName: 'x', hosts: ['127.0.0.1'], usage: 'both' } as const;
const tls = await maker.issueCertificate(authority, wanted, Date.now());

const open: Socket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});

async function serving(threads: number, handler: HttpHandler, drainMs = 100) {
  const server = createHttpsServer({ handler, port: 0, tls, drainMs, threads });
  await server.start();
  return server;
}

function keep<T extends Socket>(socket: T): T {
  socket.on('error', () => undefined);
  open.push(socket);
  return socket;
}

const stopTime = async (stop: () => Promise<void>): Promise<number> => {
  const began = performance.now();
  await stop();
  return performance.now() - began;
};

describe.each([0, 1])('a server that stops, with %i threads in front', (threads) => {
  it('waits for no handshake that does not come', async () => {
    const server = await serving(threads, () => ({ status: 200, headers: {}, body: undefined }));
    const socket = keep(connect(server.port, '127.0.0.1'));
    await once(socket, 'connect');
    expect(await stopTime(() => server.stop())).toBeLessThan(2_000);
  });

  it('waits for no connection that changed its protocol and whose client does not leave', async () => {
    let upgraded: (() => void) | undefined;
    const there = new Promise<void>((resolve) => (upgraded = resolve));
    const server = await serving(threads, () => ({
      status: 101,
      headers: {},
      body: undefined,
      upgrade: {
        kind: 'streams',
        // What it serves does not mind that its connection ends.
        serve: () => {
          upgraded?.();
          return new Promise<void>(() => undefined);
        },
      },
    }));
    const socket = keep(connectTls({ port: server.port, host: '127.0.0.1', ca: authority.cert }));
    await once(socket, 'secureConnect');
    socket.write(
      'POST /exec HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: 0\r\n\r\n',
    );
    await there;
    expect(await stopTime(() => server.stop())).toBeLessThan(2_000);
  });

  it('lets an answer under way go out', async () => {
    let asked: (() => void) | undefined;
    const there = new Promise<void>((resolve) => (asked = resolve));
    const server = await serving(
      threads,
      async () => {
        asked?.();
        await new Promise((resolve) => setTimeout(resolve, 30));
        return { status: 200, headers: {}, body: new TextEncoder().encode('whole') };
      },
      20_000,
    );
    const socket = keep(connectTls({ port: server.port, host: '127.0.0.1', ca: authority.cert }));
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => (text += part));
    await once(socket, 'secureConnect');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await there;
    await Promise.all([server.stop(), once(socket, 'close')]);
    expect(text).toMatch(/whole$/);
  });
});

describe.each([0, 1])('a large answer, with %i threads in front', (threads) => {
  it('comes whole, in slices, and says how long it is', async () => {
    const body = Uint8Array.from({ length: 3 * 1024 * 1024 + 17 }, (_, at) => (at * 31) % 251);
    const server = await serving(threads, () => ({ status: 200, headers: {}, body }));
    const received = await new Promise<{ length: string | undefined; bytes: Buffer }>((resolve, reject) => {
      const asked = get({ port: server.port, host: '127.0.0.1', ca: authority.cert, agent: false });
      asked.on('error', reject).on('response', (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () =>
          resolve({ length: answer.headers['content-length'], bytes: Buffer.concat(parts) }),
        );
      });
    });
    expect(received.length).toBe(String(body.length));
    expect(received.bytes.equals(body)).toBe(true);
    await server.stop();
  });

  it('ends for a client that leaves in the middle', async () => {
    const body = new Uint8Array(16 * 1024 * 1024);
    const server = await serving(threads, () => ({ status: 200, headers: {}, body }));
    const socket = keep(connectTls({ port: server.port, host: '127.0.0.1', ca: authority.cert }));
    await once(socket, 'secureConnect');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'data');
    socket.destroy();
    expect(await stopTime(() => server.stop())).toBeLessThan(2_000);
  });
});
