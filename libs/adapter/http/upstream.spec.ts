import { request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { HttpHandler } from '@drydock/port/http';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  createHttpsServer,
  createNamedPlaces,
  createUpstream,
  loadCertificateMaker,
  type CertificatePair,
} from './index.ts';

let authority: CertificatePair;
let pair: CertificatePair;
const cleanups: (() => unknown)[] = [];
beforeAll(async () => {
  const maker = await loadCertificateMaker();
  authority = await maker.createCertificateAuthority('ca', Date.now());
  const wanted = { commonName: 'x', hosts: ['127.0.0.1', 'localhost', 'many'], usage: 'both' } as const;
  pair = await maker.issueCertificate(authority, wanted, Date.now());
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(handler: HttpHandler, port = 0, host = '127.0.0.1') {
  const server = createHttpsServer({ handler, port, host, tls: pair, drainMs: 200 });
  await server.start();
  cleanups.push(() => server.stop());
  return server;
}

/** A front that passes everything on to these ports. */
async function front(ports: readonly number[], more: Partial<Parameters<typeof createUpstream>[0]> = {}) {
  const upstream = createUpstream({
    places: () => ports.map((port) => ({ host: '127.0.0.1', port })),
    tls: { ca: authority.cert },
    ...more,
  });
  cleanups.push(() => upstream.close());
  return serve(() => upstream.forward(new Map([['x-remote-user', 'jane']]), ['authorization', 'x-remote-*']));
}

function call(port: number, options: RequestOptions = {}, body?: string | Buffer) {
  return new Promise<{ answer: IncomingMessage; text: string }>((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, ca: authority.cert, agent: false, ...options },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => (text += part));
        answer.on('end', () => resolve({ answer, text }));
        answer.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

const bytes = (text: string) => new TextEncoder().encode(text);
const told: HttpHandler = async (asked) => ({
  status: 201,
  headers: { 'content-type': 'text/plain', warning: ['299 - "a"', '299 - "b"'] },
  body: bytes(
    JSON.stringify({
      path: `${asked.path}?${asked.query}`,
      method: asked.method,
      user: asked.headerValues('x-remote-user'),
      groups: asked.headerValues('x-remote-group'),
      authorization: asked.header('authorization') ?? '',
      accept: asked.headerValues('accept'),
      size: (await asked.body(10_000_000)).length,
    }),
  ),
});

describe('an upstream', () => {
  it('gets the request as it came, with the headers that are set and without those that stay behind', async () => {
    const { port } = await front([(await serve(told)).port]);
    const { answer, text } = await call(
      port,
      {
        ...{ method: 'PUT', path: '/a%2Fb?x=%20' },
        headers: {
          ...{ authorization: 'Bearer x', 'x-remote-user': 'root', 'x-remote-group': 'system:masters' },
          accept: 'application/json',
        },
      },
      Buffer.alloc(3_000_000, 'x'),
    );
    expect(answer.statusCode).toBe(201);
    expect(answer.headersDistinct['warning']).toEqual(['299 - "a"', '299 - "b"']);
    expect(JSON.parse(text)).toEqual({
      ...{ path: '/a%2Fb?x=%20', method: 'PUT', user: ['jane'], groups: [], authorization: '' },
      ...{ accept: ['application/json'], size: 3_000_000 },
    });
  });

  it('streams at the pace of the reader, and is told when the reader goes', async () => {
    let made = 0;
    const ended = Promise.withResolvers<void>();
    const backend = await serve(() => ({
      status: 200,
      headers: {},
      body: (async function* () {
        try {
          for (; made < 10_000; made++) yield new Uint8Array(64 * 1024);
        } finally {
          ended.resolve();
        }
      })(),
    }));
    const { port } = await front([backend.port]);
    const reader = await new Promise<IncomingMessage>((resolve) => {
      request({ host: '127.0.0.1', port, ca: authority.cert, agent: false }, resolve).end();
    });
    reader.pause();
    let before = -1;
    // It stands still when all that is between them is full.
    while (before !== made) {
      before = made;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(made).toBeLessThan(1_000);
    reader.on('error', () => undefined);
    reader.destroy();
    await ended.promise;
    expect(made).toBeLessThan(10_000);
  });

  it('is another one when the first is not there: nothing was sent, so writes go there too', async () => {
    const gone = await serve(told);
    const dead = gone.port;
    await gone.stop();
    const { port } = await front([dead, (await serve(told)).port]);
    for (let i = 0; i < 4; i++) {
      const { answer, text } = await call(port, { method: 'POST' }, 'abc');
      expect([answer.statusCode, JSON.parse(text).size]).toEqual([201, 3]);
    }
  });

  it('is asked again for a read that broke, and never for a write', async () => {
    let asked = 0;
    const broken = await serve(() => {
      asked += 1;
      throw new Error('boom');
    });
    const { port } = await front([broken.port]);
    expect((await call(port)).answer.statusCode).toBe(500);
    expect(asked).toBe(1);
    const cut: HttpHandler = async (request) => {
      asked += 1;
      await request.body(1_000);
      await broken.stop();
      await new Promise(() => undefined);
      return { status: 200, headers: {}, body: undefined };
    };
    asked = 0;
    const cutter = await serve(cut);
    cleanups.push(() => cutter.stop());
    const { port: other } = await front([cutter.port]);
    const answer = call(other, { method: 'POST' }, 'abc');
    while (asked === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await cutter.stop();
    const { text } = await answer;
    expect(JSON.parse(text)).toMatchObject({ code: 503, message: 'error trying to reach service: EOF' });
    expect(asked).toBe(1);
  });

  it('that has fallen silent loses its readers to another', async () => {
    let silent = false;
    let waited = 0;
    const one = await serve((asked) => {
      if (!silent) return { status: 200, headers: {}, body: bytes(asked.path) };
      waited += 1;
      return new Promise(() => undefined);
    });
    const two = await serve(() => ({ status: 200, headers: {}, body: bytes('two') }));
    const { port } = await front([one.port, two.port], {
      probe: { path: '/readyz', everyMs: 20, timeoutMs: 500 },
    });
    silent = true;
    const texts = await Promise.all([call(port), call(port)]);
    expect(texts.map(({ text }) => text)).toEqual(['two', 'two']);
    expect(waited).toBeGreaterThan(0);
  });

  it('that stays silent is given up by writes, which may have been done, and by streams', async () => {
    let silent = false;
    const one = await serve((asked) => {
      if (asked.path === '/stream' && !silent)
        return {
          status: 200,
          headers: {},
          body: (async function* () {
            yield bytes('begun');
            await new Promise(() => undefined);
          })(),
        };
      if (silent) return new Promise(() => undefined);
      return { status: 200, headers: {}, body: bytes('one') };
    });
    let asked = 0;
    const two = await serve(({ path }) => {
      if (path !== '/readyz') asked += 1;
      return { status: 200, headers: {}, body: bytes('two') };
    });
    const { port } = await front([one.port, two.port], {
      probe: { path: '/readyz', everyMs: 20, timeoutMs: 300 },
    });
    const stream = await new Promise<IncomingMessage>((resolve) => {
      request({ host: '127.0.0.1', port, path: '/stream', ca: authority.cert, agent: false }, resolve).end();
    });
    const broken = new Promise((resolve) => stream.resume().once('close', resolve));
    expect((await call(port)).text).toBe('two');
    silent = true;
    const { answer, text } = await call(port, { method: 'DELETE', path: '/a' });
    expect(answer.statusCode).toBe(503);
    expect(text).toContain('does not answer');
    // Nobody else was asked to do it.
    expect(asked).toBe(1);
    await broken;
  });

  it('asks all that stand behind one name, by its certificate, and those that come later', async () => {
    const is =
      (name: string): HttpHandler =>
      (asked) => ({
        status: 200,
        headers: {},
        body: bytes(`${name} ${asked.header('host')?.replace(/:.*/, '') ?? ''}`),
      });
    const first = await serve(is('first'));
    await serve(is('second'), first.port, '127.0.0.2');
    const until = async (condition: () => boolean) => {
      while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    let addresses = ['127.0.0.1'];
    let lookedUp = 0;
    const many = createNamedPlaces({
      places: [{ host: 'many', port: first.port }],
      everyMs: 5,
      addressesOf: () => ((lookedUp += 1), Promise.resolve(addresses)),
    });
    cleanups.push(() => many.close());
    await until(() => lookedUp > 2);
    // A name of one address stays a name.
    expect(many.places()).toEqual([{ host: 'many', port: first.port }]);
    addresses = ['127.0.0.2', '127.0.0.1'];
    await until(() => many.places().length === 2);
    const { port } = await front([], { places: many.places });
    const answers = await Promise.all(Array.from({ length: 4 }, () => call(port)));
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['first many', 'second many']));
    await first.stop();
    for (let round = 0; round < 4; round++) expect((await call(port)).text).toBe('second many');
  });
});
