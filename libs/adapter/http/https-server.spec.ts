import { once } from 'node:events';
import { request } from 'node:https';
import type { Worker } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';
import { ApiError } from '@drydock/base/apimachinery';
import type { HttpRequest } from '@drydock/port/http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  authority,
  bytes,
  jane,
  proxy,
  serve,
  serving,
  text,
  until,
  type Served,
} from './https-server.spec-support.ts';
import { createHttpsServer, createUpstream, ListenError } from './index.ts';

const get = (path = '/', more = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
const large = Uint8Array.from({ length: 3 * 1024 * 1024 + 17 }, (_, at) => (at * 31) % 251);

/** A handler that tells what it was asked. */
const tell = (look: (asked: HttpRequest) => unknown) => async (asked: HttpRequest) =>
  text(JSON.stringify(await look(asked)));
const told = ({ body }: { body: Buffer }) => JSON.parse(body.toString()) as unknown;

describe.each([
  ['on the thread of its handler', 0],
  ['with a thread in front', 1],
])('an HTTPS server %s', (_, threads) => {
  let served: Served;
  beforeAll(async () => {
    served = await serve(threads);
  });
  afterEach(() => served.closeConnections());
  afterAll(() => served.server.stop());

  describe('tells its handler', () => {
    it('method, path and query as they were sent, and where from', async () => {
      served.handler = tell(({ method, path, query, remoteAddress }) => [method, path, query, remoteAddress]);
      const answer = await served.call({ method: 'PUT', path: '/a%2Fb?x=%20&y' });
      expect(told(answer)).toEqual(['PUT', '/a%2Fb', 'x=%20&y', '127.0.0.1']);
    });

    it('headers, joined or one by one', async () => {
      const names = ['accept', 'authorization', 'x-one', 'x-none'];
      served.handler = tell((asked) => [
        names.map((name) => asked.header(name) ?? null),
        names.map((name) => asked.headerValues(name)),
        asked.headers?.get('accept'),
      ]);
      const answer = await served.call({
        headers: [
          'Host',
          'x',
          'Accept',
          'a',
          'ACCEPT',
          'b',
          'authorization',
          'A',
          'authorization',
          'B',
        ].concat(['X-One', 'ü'].map((part) => Buffer.from(part).toString('latin1'))),
      });
      expect(told(answer)).toEqual([
        ['a, b', 'A', Buffer.from('ü').toString('latin1'), null],
        [['a', 'b'], ['A', 'B'], [Buffer.from('ü').toString('latin1')], []],
        'a, b',
      ]);
    });

    it('who shows a certificate, each connection for itself', async () => {
      served.handler = tell((asked) => asked.clientCertificate ?? null);
      const asJane = { commonName: 'jane', organizations: ['a', 'b'] };
      expect(told(await served.call())).toBeNull();
      expect(told(await served.call({ ...jane }))).toEqual(asJane);
      expect(told(await served.call({ ...proxy }))).toEqual({
        ...{ commonName: 'front', organizations: [], frontProxy: true },
      });
      expect(told(await served.call({ ...jane }))).toEqual(asJane);
      expect(told(await served.call())).toBeNull();
    });

    it('the same certificate with each request of a connection', async () => {
      const seen: unknown[] = [];
      served.handler = (asked) => {
        seen.push(asked.clientCertificate);
        return text('ok');
      };
      for (let i = 0; i < 2; i++) await served.call({ ...jane });
      expect(seen[0]).toEqual(seen[1]);
    });
  });

  describe('hands over bodies', () => {
    const size = tell(async (asked) => (await asked.body(5_000_000)).length);

    it.each([
      ['none', 0],
      ['small ones', 1_000],
      ['large ones', 3_000_000],
    ])('%s', async (_name, length) => {
      served.handler = size;
      expect(told(await served.call({ method: 'POST' }, Buffer.alloc(length, 'x')))).toBe(length);
    });

    it('byte by byte as they are', async () => {
      served.handler = async (asked) => ({ status: 200, headers: {}, body: await asked.body(5_000_000) });
      expect((await served.call({ method: 'POST' }, Buffer.from(large))).body.equals(large)).toBe(true);
      expect((await served.call({ method: 'POST' }, Buffer.from('é€'))).body.toString()).toBe('é€');
    });

    it('that come in pieces, chunked or later than their head', async () => {
      served.handler = size;
      const socket = await served.connect();
      let all = '';
      socket.setEncoding('latin1').on('data', (part: string) => (all += part));
      socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc');
      await new Promise((resolve) => setTimeout(resolve, 30));
      socket.write('def');
      await until(() => all.endsWith('\r\n\r\n6'));
      all = '';
      socket.write('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
      await new Promise((resolve) => setTimeout(resolve, 30));
      socket.write('2\r\nde\r\n0\r\n\r\n');
      await until(() => all.endsWith('\r\n\r\n5'));
    });

    it('to a client that waits to be asked for them', async () => {
      served.handler = size;
      const socket = await served.connect();
      let all = '';
      socket.setEncoding('latin1').on('data', (part: string) => (all += part));
      socket.write('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n');
      await until(() => all.startsWith('HTTP/1.1 100 Continue'));
      socket.write('abc');
      await until(() => all.endsWith('\r\n\r\n3'));
    });

    it.each([
      ['by what they declare', 'Content-Length: 2000', 'x'.repeat(2_000)],
      ['by what they are', 'Transfer-Encoding: chunked', `7d0\r\n${'x'.repeat(2_000)}\r\n0\r\n\r\n`],
      [
        'by what they are, when they are large',
        'Transfer-Encoding: chunked',
        `186a0\r\n${'x'.repeat(100_000)}\r\n0\r\n\r\n`,
      ],
    ])('no larger than may be, %s', async (_name, header, body) => {
      served.handler = async (asked) => {
        const failure = await asked.body(1_000).catch((error: unknown) => error);
        return text(failure instanceof ApiError ? `${failure.code} ${failure.message}` : 'none');
      };
      const all = await served.exchange(
        `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${header}\r\n\r\n${body}`,
      );
      expect(all).toMatch(/413 .*limit is 1000/);
    });

    it('that nobody reads are thrown away, and the connection goes on', async () => {
      served.handler = ({ path }) => text(path);
      const all = await served.exchange(
        `POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(100_000)}${get('/2', 'Connection: close\r\n')}`,
      );
      expect(all).toMatch(/\/1HTTP.*\/2$/s);
    });

    it('that break off are told as such', async () => {
      let failure: unknown;
      served.handler = async (asked) => {
        failure = await asked.body(1_000_000).catch((error: unknown) => error);
        return text('late');
      };
      const socket = await served.connect();
      socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\nabc');
      await new Promise((resolve) => setTimeout(resolve, 20));
      socket.destroy();
      await until(() => failure !== undefined);
      expect(failure).toMatchObject({ code: 400 });
    });
  });

  describe('answers', () => {
    it('with status and headers', async () => {
      served.handler = () => ({
        status: 201,
        headers: { 'content-type': 'a/b', warning: ['299 - "a"', '299 - "b"'] },
        body: [bytes('a'), bytes(''), bytes('bc')],
      });
      const { message, body } = await served.call();
      expect([message.statusCode, message.headers['content-length'], body.toString()]).toEqual([
        201,
        '3',
        'abc',
      ]);
      expect(message.headersDistinct).toMatchObject({
        'content-type': ['a/b'],
        warning: ['299 - "a"', '299 - "b"'],
      });
    });

    it.each([
      [undefined, 200, '0'],
      [undefined, 204, undefined],
      [bytes('x'), 304, undefined],
      [bytes(''), 200, '0'],
    ])('without a body', async (given, status, length) => {
      served.handler = () => ({ status, headers: {}, body: given });
      const { message, body } = await served.call();
      expect([message.statusCode, message.headers['content-length'], body.length]).toEqual([
        status,
        length,
        0,
      ]);
    });

    it.each([
      ['whole', large],
      ['in parts', [large.subarray(0, 5), large.subarray(5, 2_000_000), large.subarray(2_000_000)]],
    ])('large ones, %s', async (_name, body) => {
      served.handler = () => ({ status: 200, headers: {}, body });
      const answer = await served.call();
      expect(answer.message.headers['content-length']).toBe(String(large.length));
      expect(answer.body.equals(large)).toBe(true);
    });

    it.each([false, true])('large ones made for them alone, compressed: %s', async (gzip) => {
      served.handler = () => ({ status: 200, headers: {}, body: large.slice(), freshBody: true, gzip });
      const { body } = await served.call();
      expect((gzip ? gunzipSync(body) : body).equals(large)).toBe(true);
    });

    it.each([
      ['small', bytes('abc')],
      ['large', large],
      ['in parts', [large, bytes('abc')]],
    ])('compressed where it is told to, %s', async (_name, body) => {
      served.handler = () => ({ status: 200, headers: { 'content-type': 'a/b' }, body, gzip: true });
      const { message, body: packed } = await served.call();
      expect(message.headers).toMatchObject({ 'content-encoding': 'gzip', 'content-type': 'a/b' });
      expect(message.headers['content-length']).toBe(String(packed.length));
      expect(
        gunzipSync(packed).equals(Array.isArray(body) ? Buffer.concat(body) : (body as Uint8Array)),
      ).toBe(true);
    });

    it.each([
      ['small', bytes('abc'), '3'],
      ['large', large, String(large.length)],
      ['in parts', [bytes('ab'), bytes('c')], '3'],
      ['streamed', (async function* () {})(), undefined],
    ])('HEAD without the body, %s', async (_name, body, length) => {
      served.handler = () => ({ status: 200, headers: {}, body, gzip: true });
      const { message, body: received } = await served.call({ method: 'HEAD' });
      expect([message.headers['content-length'], received.length]).toEqual([length, 0]);
    });

    it('in the order of the requests of a connection', async () => {
      served.handler = async ({ path }) => {
        if (path === '/1') await new Promise((resolve) => setTimeout(resolve, 30));
        return text(path);
      };
      const all = await served.exchange(get('/1') + get('/2') + get('/3', 'Connection: close\r\n'));
      expect(all.match(/\/\d(?=HTTP|$)/g)).toEqual(['/1', '/2', '/3']);
    });

    it('many at once, each with its own', async () => {
      served.handler = async (asked) => text(`${asked.path} ${(await asked.body(1_000)).length}`);
      const answers = await Promise.all(
        Array.from({ length: 30 }, (_, at) =>
          served.call({ method: 'POST', path: `/${at}` }, Buffer.alloc(at, 'x')),
        ),
      );
      expect(answers.map(({ body }) => body.toString())).toEqual(answers.map((_, at) => `/${at} ${at}`));
    });

    it('500 when the handler fails, and goes on', async () => {
      served.handler = () => {
        throw new Error('boom');
      };
      expect((await served.call()).message.statusCode).toBe(500);
      served.handler = () => Promise.reject(new Error('boom'));
      const { message, body } = await served.call();
      expect([message.statusCode, body.toString()]).toEqual([500, 'internal server error\n']);
    });

    it('400 to what is no HTTP', async () => {
      expect(await served.exchange('nonsense\r\n\r\n')).toMatch(/^HTTP\/1.1 400 Bad Request/);
    });

    it('as if it was not there to an upgrade that nobody knows', async () => {
      served.handler = ({ upgrade }) => text(String(upgrade));
      const all = await served.exchange(get('/', 'Connection: Upgrade, close\r\nUpgrade: h2c\r\n'));
      expect(all).toMatch(/^HTTP\/1.1 200 OK.*undefined$/s);
    });
  });

  describe('streams', () => {
    it('chunks in order, each as soon as it is there', async () => {
      const gate = Promise.withResolvers<void>();
      served.handler = () => ({
        status: 200,
        headers: {},
        body: (async function* () {
          yield bytes('one,');
          await gate.promise;
          for (let i = 0; i < 100; i++) yield bytes(`${i},`);
        })(),
      });
      const asked = request({
        host: '127.0.0.1',
        port: served.server.port,
        ca: authority.cert,
        agent: false,
      });
      asked.end();
      const [message] = (await once(asked, 'response')) as [NodeJS.ReadableStream];
      let all = '';
      message.setEncoding('utf8');
      message.on('data', (part: string) => (all += part));
      await until(() => all === 'one,');
      gate.resolve();
      await once(message, 'end');
      expect(all).toBe(`one,${Array.from({ length: 100 }, (_, at) => `${at},`).join('')}`);
    });

    it('the same bytes to many', async () => {
      const shared = large.subarray(0, 100_000);
      const gate = Promise.withResolvers<void>();
      let there = 0;
      served.handler = () => ({
        status: 200,
        headers: {},
        body: (async function* () {
          if (++there === 20) gate.resolve();
          await gate.promise;
          for (let i = 0; i < 5; i++) yield shared;
        })(),
      });
      const answers = await Promise.all(Array.from({ length: 20 }, () => served.call()));
      const expected = Buffer.concat([shared, shared, shared, shared, shared]);
      for (const { body } of answers) expect(body.equals(expected)).toBe(true);
    });

    it('only as fast as the client reads', async () => {
      let made = 0;
      served.handler = () => ({
        status: 200,
        headers: {},
        body: (async function* () {
          for (; made < 300; made++) yield new Uint8Array(64 * 1024);
        })(),
      });
      const socket = await served.connect();
      let received = 0;
      socket.pause();
      socket.write(get('/', 'Connection: close\r\n'));
      let before = -1;
      // It stands still when all that is between them is full.
      while (made === 0 || before !== made) {
        before = made;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(made).toBeLessThan(200);
      socket.on('data', (part: Buffer) => (received += part.length));
      socket.resume();
      await once(socket, 'close');
      expect(made).toBe(300);
      expect(received).toBeGreaterThan(300 * 64 * 1024);
    });

    it('until the client leaves: the signal of the request tells', async () => {
      let ended = false;
      let began = false;
      served.handler = ({ signal }) => ({
        status: 200,
        headers: {},
        body: (async function* () {
          try {
            yield bytes('one');
            began = true;
            await new Promise((resolve) => signal.addEventListener('abort', resolve));
          } finally {
            ended = true;
          }
        })(),
      });
      const socket = await served.connect();
      socket.write(get());
      await until(() => began);
      socket.destroy();
      await until(() => ended);
    });

    it('not to a client that left before the answer', async () => {
      let aborted = false;
      let asked = false;
      let ended = false;
      served.handler = async ({ signal }) => {
        asked = true;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        aborted = true;
        return {
          status: 200,
          headers: {},
          body: (async function* () {
            try {
              for (;;) yield bytes('x');
            } finally {
              ended = true;
            }
          })(),
        };
      };
      const socket = await served.connect();
      socket.write(get());
      await until(() => asked);
      socket.destroy();
      await until(() => ended);
      expect(aborted).toBe(true);
    });

    it('that fail midway are cut: no end is said', async () => {
      served.handler = () => ({
        status: 200,
        headers: {},
        body: (async function* () {
          yield bytes('one');
          await new Promise((resolve) => setTimeout(resolve, 20));
          throw new Error('boom');
        })(),
      });
      await expect(served.call()).rejects.toMatchObject({ code: 'ECONNRESET' });
    });
  });

  describe('lets connections become something else', () => {
    it('WebSockets, both ways, and who they are', async () => {
      served.handler = (asked) => ({
        status: 101,
        headers: {},
        body: undefined,
        upgrade: {
          kind: 'messages',
          subprotocol: 'v1.x',
          async serve(socket) {
            const hello = [asked.clientCertificate?.commonName, asked.remoteAddress, asked.upgrade];
            await socket.send(hello.join(' '));
            for (let got = await socket.receive(); got !== undefined; got = await socket.receive())
              await socket.send(got.data);
          },
        },
      });
      const socket = new WebSocket(`wss://127.0.0.1:${served.server.port}/x`, ['v1.x'], {
        ca: authority.cert,
        ...jane,
      });
      const received: Buffer[] = [];
      socket.on('message', (part: Buffer) => received.push(part));
      await once(socket, 'open');
      expect(socket.protocol).toBe('v1.x');
      socket.send(large);
      socket.send('bye');
      await until(() => received.length === 3);
      expect(received[0]?.toString()).toBe('jane 127.0.0.1 websocket');
      expect(received[1]?.equals(large)).toBe(true);
      expect(received[2]?.toString()).toBe('bye');
      socket.close(1000);
      const [code] = (await once(socket, 'close')) as [number];
      expect(code).toBe(1000);
    });

    it('and hears when their client leaves', async () => {
      let gone = false;
      served.handler = () => ({
        status: 101,
        headers: {},
        body: undefined,
        upgrade: {
          kind: 'messages',
          async serve(socket) {
            while ((await socket.receive()) !== undefined);
            gone = true;
          },
        },
      });
      const socket = new WebSocket(`wss://127.0.0.1:${served.server.port}/x`, { ca: authority.cert });
      await once(socket, 'open');
      socket.terminate();
      await until(() => gone);
    });

    it('only as fast as the client reads', async () => {
      let sent = 0;
      served.handler = () => ({
        status: 101,
        headers: {},
        body: undefined,
        upgrade: {
          kind: 'messages',
          async serve(socket) {
            for (; sent < 300; sent++) await socket.send(new Uint8Array(64 * 1024));
          },
        },
      });
      const socket = new WebSocket(`wss://127.0.0.1:${served.server.port}/x`, { ca: authority.cert });
      await once(socket, 'open');
      socket.pause();
      let before = -1;
      while (sent === 0 || before !== sent) {
        before = sent;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(sent).toBeLessThan(200);
      let received = 0;
      socket.on('message', (part: Buffer) => (received += part.length));
      socket.resume();
      await once(socket, 'close');
      expect(received).toBe(300 * 64 * 1024);
    });

    it('and hears when a client leaves that did not read', async () => {
      let failure: unknown;
      let sent = 0;
      served.handler = () => ({
        status: 101,
        headers: {},
        body: undefined,
        upgrade: {
          kind: 'messages',
          async serve(socket) {
            try {
              for (; ; sent++) await socket.send(new Uint8Array(64 * 1024));
            } catch (error) {
              failure = error;
            }
          },
        },
      });
      const socket = new WebSocket(`wss://127.0.0.1:${served.server.port}/x`, { ca: authority.cert });
      await once(socket, 'open');
      socket.pause();
      let before = -1;
      while (sent === 0 || before !== sent) {
        before = sent;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      socket.terminate();
      await until(() => failure !== undefined);
    });

    it('or not: the answer goes out and the connection ends', async () => {
      served.handler = () => ({ status: 403, headers: { 'content-type': 'text/plain' }, body: large });
      const all = await served.exchange(get('/', 'Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n'));
      expect(all).toMatch(/^HTTP\/1.1 403 Forbidden/);
      expect(all.slice(all.indexOf('\r\n\r\n') + 4)).toHaveLength(large.length);
    });
  });

  describe('passes requests on', () => {
    let behind: Served;
    let upstream: ReturnType<typeof createUpstream>;
    beforeAll(async () => {
      behind = await serve(0);
      upstream = createUpstream({
        places: () => [{ host: '127.0.0.1', port: behind.server.port }],
        tls: { ca: authority.cert },
      });
    });
    afterAll(async () => {
      upstream.close();
      await behind.server.stop();
    });

    it('bodies, headers, answers', async () => {
      behind.handler = async (asked) =>
        text(
          JSON.stringify([
            asked.method,
            `${asked.path}?${asked.query}`,
            asked.header('x-remote-user'),
            asked.header('x-forwarded-for'),
            asked.headerValues('accept'),
            (await asked.body(5_000_000)).length,
          ]),
          { warning: ['299 - "a"', '299 - "b"'] },
        );
      served.handler = () => upstream.forward(new Map([['x-remote-user', 'jane']]));
      for (const length of [0, 1_000, 3_000_000]) {
        const answer = await served.call(
          {
            method: 'PUT',
            path: '/a%2Fb?x',
            headers: ['Host', 'x', 'Accept', 'a', 'Accept', 'b', 'content-length', `${length}`],
          },
          Buffer.alloc(length, 'x'),
        );
        expect(told(answer)).toEqual(['PUT', '/a%2Fb?x', 'jane', '127.0.0.1', ['a', 'b'], length]);
        expect(answer.message.headersDistinct['warning']).toEqual(['299 - "a"', '299 - "b"']);
      }
    });

    it('upgrades', async () => {
      behind.handler = () => ({
        status: 101,
        headers: {},
        body: undefined,
        upgrade: { kind: 'messages', serve: (socket) => socket.send('from behind') },
      });
      served.handler = () => upstream.forward(new Map());
      const socket = new WebSocket(`wss://127.0.0.1:${served.server.port}/x`, { ca: authority.cert });
      const [message] = (await once(socket, 'message')) as [Buffer];
      expect(message.toString()).toBe('from behind');
      await once(socket, 'close');
    });

    it('and ends them with their client', async () => {
      let left = false;
      let asked = false;
      behind.handler = ({ signal }) => {
        asked = true;
        signal.addEventListener('abort', () => (left = true));
        return new Promise(() => undefined);
      };
      served.handler = () => upstream.forward(new Map());
      const socket = await served.connect();
      socket.write(get());
      await until(() => asked);
      socket.destroy();
      await until(() => left);
    });
  });
});

describe.each([0, 1, 2])('an HTTPS server with %i threads in front', (threads) => {
  it('answers all its connections on one port, and says why another cannot listen there', async () => {
    const served = await serve(threads);
    served.handler = ({ path }) => text(path);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => served.call({ path: `/${at}` })));
    expect(answers.map(({ body }) => body.toString())).toEqual(answers.map((_, at) => `/${at}`));
    const { port } = served.server;
    const other = createHttpsServer({ handler: () => text(''), port, tls: serving, threads });
    const failure: unknown = await other.start().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ListenError);
    expect(failure).toMatchObject({
      code: 'EADDRINUSE',
      message: `cannot listen on 127.0.0.1:${port}: the address is already in use`,
    });
    expect(other.ready()).toBe(false);
    await served.server.stop();
    await other.stop();
  });
});

describe('a thread in front that ends', () => {
  it('is followed by another on the same port; what it served is told that nobody is there', async () => {
    const workers: Worker[] = [];
    const heard = (worker: Worker) => workers.push(worker);
    process.on('worker', heard);
    const served = await serve(1);
    process.off('worker', heard);
    let left = false;
    served.handler = ({ signal }) => {
      signal.addEventListener('abort', () => (left = true));
      return new Promise(() => undefined);
    };
    const { port } = served.server;
    const waiting = await served.connect();
    waiting.write(get());
    const cut = once(waiting, 'close');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await workers[0]?.terminate();
    await cut;
    await until(() => left);
    served.handler = () => text('again');
    let answer: string | undefined;
    while (answer === undefined)
      answer = await served.call().then(
        ({ body }) => body.toString(),
        () => undefined,
      );
    expect(answer).toBe('again');
    expect(served.server.port).toBe(port);
    await served.server.stop();
  });
});
