import { isNotFound, notFound } from '@drydock/base/apimachinery';
import { createBytePipe, readAll, sourceOf, transfer, type ByteChannel } from '@drydock/base/streams';
import { ConnectionRefusedError, KubeletError, type KubeletConnector } from '@drydock/port/kubelet';
import { silentLogger } from '@drydock/port/observability';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRemoteKubelets, type RemoteKubelets } from './kubelet-client.ts';
import { createKubeletService } from './kubelet-service.ts';
import { createRpcServer, type RpcServer } from './rpc-server.ts';

const pod = { namespace: 'default', name: 'web', uid: 'u1', nodeName: 'node-0' };
const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const never = new AbortController().signal;

/** A container that repeats its input, tells the sizes it is given, and does what its command's first word says. */
function fakeKubelet() {
  const seen: string[] = [];
  const kubelet: KubeletConnector = {
    async *logs(of, options, signal) {
      if (of.name !== 'web') throw notFound({ group: '', resource: 'pods' }, of.name);
      yield encode(`${options.container} ${options.tailLines ?? 'all'} ${options.timestamps ?? false}\n`);
      if (options.follow !== true) return;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      seen.push('the reader has gone');
    },
    exec(of, { command, tty }) {
      if (of.name !== 'web') return Promise.reject(new KubeletError('pod does not exist', 404));
      return Promise.resolve({
        async run({ stdin, stdout, stderr, resize }, signal) {
          const [what = ''] = command;
          if (what === 'fails') throw new Error('no such program');
          if (what === 'waits') {
            seen.push('runs');
            await new Promise((resolve) => signal.addEventListener('abort', resolve));
            seen.push('ended');
            return 137;
          }
          if (resize !== undefined) {
            for await (const { width, height } of resize) {
              await stdout?.write(encode(`${width}x${height}`));
              return 0;
            }
          }
          await stderr?.write(encode(`tty ${tty}`));
          if (stdin !== undefined && stdout !== undefined) await transfer(stdin, { ...stdout, end() {} });
          return 3;
        },
      });
    },
    attach: () => Promise.reject(new KubeletError('container not found ("c")')),
    portForward(of) {
      if (of.name !== 'web') return Promise.reject(new KubeletError('pod not found ("x")', 404));
      return Promise.resolve({
        async connect(port, channel) {
          if (port !== 80) throw new Error(`failed to connect to localhost:${port}`);
          await transfer(channel, channel);
        },
      });
    },
    request(_, port, { method, path, query, headers, body }) {
      if (port !== 80) return Promise.reject(new ConnectionRefusedError('refused'));
      const text = `${method} ${path}?${query} ${headers.get('x') ?? ''} ${decode(body)}`;
      return Promise.resolve({ status: 201, headers: { y: 'z' }, body: encode(text) });
    },
    nodeRequest: (nodeName, { path }) =>
      Promise.resolve({ status: 200, headers: {}, body: encode(`${nodeName}${path}`) }),
  };
  return { kubelet, seen };
}

describe('nodes of another process', () => {
  let server: RpcServer;
  let kubelets: RemoteKubelets;
  let seen: string[];
  let address: string | undefined;

  beforeEach(async () => {
    const fake = fakeKubelet();
    seen = fake.seen;
    server = createRpcServer({
      port: 0,
      logger: silentLogger,
      services: [createKubeletService(fake.kubelet, () => ['node-0'])],
      drainMs: 50,
    });
    await server.start();
    address = `127.0.0.1:${server.port}`;
    kubelets = createRemoteKubelets({ address: () => Promise.resolve(address) });
  });
  afterEach(async () => {
    kubelets.close();
    await server.stop();
  });

  const command = (...words: string[]) => ({ container: 'c', command: words, tty: false });

  it('runs a program: input, both outputs, its exit code', async () => {
    const session = await kubelets.exec(pod, command('cat'));
    const [stdout, stderr] = [createBytePipe({ highWaterBytes: 1 << 24 }), createBytePipe()];
    const input = new Uint8Array(300_000).map((_, at) => at % 251);
    const exit = await session.run({ stdin: sourceOf(input), stdout, stderr }, never);
    stdout.end();
    stderr.end();
    expect(exit).toBe(3);
    expect(Buffer.compare(await readAll(stdout), input)).toBe(0);
    expect(decode(await readAll(stderr))).toBe('tty false');
  });

  it('holds a program up whose output nobody takes', async () => {
    const session = await kubelets.exec(pod, command('cat'));
    const stdout = createBytePipe({ highWaterBytes: 1024 });
    let given = 0;
    const chunk = new Uint8Array(64 * 1024);
    const total = 600;
    const stdin = {
      read: () => Promise.resolve(given++ < total ? chunk : undefined),
      cancel() {},
    };
    const running = session.run({ stdin, stdout }, never);
    let before = -1;
    while (given !== before) {
      before = given;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(given).toBeLessThan(total);
    let taken = 0;
    void (async () => {
      for (let bytes = await stdout.read(); bytes !== undefined; bytes = await stdout.read())
        taken += bytes.length;
    })();
    await running;
    expect(taken).toBe(total * chunk.length);
  });

  it('tells of sizes, of programs that cannot run, and ends those whose client has gone', async () => {
    const stdout = createBytePipe();
    const sizes = (async function* () {
      yield await Promise.resolve({ width: 80, height: 24 });
    })();
    await (await kubelets.exec(pod, { ...command('size'), tty: true })).run({ stdout, resize: sizes }, never);
    stdout.end();
    expect(decode(await readAll(stdout))).toBe('80x24');
    await expect((await kubelets.exec(pod, command('fails'))).run({}, never)).rejects.toThrow(
      'no such program',
    );
    const gone = new AbortController();
    const running = (await kubelets.exec(pod, command('waits'))).run({}, gone.signal);
    await expect.poll(() => seen).toContain('runs');
    gone.abort(new Error('gone'));
    await expect(running).rejects.toThrow();
    await expect.poll(() => seen).toContain('ended');
  });

  it('keeps the kinds of errors', async () => {
    const other = { ...pod, name: 'x' };
    const missing = await kubelets.exec(other, command('cat')).catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(KubeletError);
    expect(missing).toMatchObject({ message: 'pod does not exist', statusCode: 404 });
    await expect(kubelets.attach(pod, { container: 'c', tty: false })).rejects.toMatchObject({
      message: 'container not found ("c")',
      statusCode: 500,
    });
    await expect(kubelets.portForward(other)).rejects.toMatchObject({ statusCode: 404 });
    const log = kubelets.logs(other, { container: 'c' }, never)[Symbol.asyncIterator]().next();
    expect(isNotFound(await log.catch((error: unknown) => error))).toBe(true);
    const request = { method: 'GET', path: '/', query: '', headers: new Map(), body: new Uint8Array() };
    await expect(kubelets.request(pod, 81, request)).rejects.toBeInstanceOf(ConnectionRefusedError);
  });

  it('says what a dialer says of nodes that nobody keeps, or that are away', async () => {
    address = undefined;
    await expect(kubelets.exec(pod, command('cat'))).rejects.toThrow(
      'error dialing backend: dial tcp: lookup node-0: no such host',
    );
    address = `127.0.0.1:${server.port}`;
    await server.stop();
    await expect(kubelets.exec(pod, command('cat'))).rejects.toThrow(
      `error dialing backend: dial tcp ${address}: connect: connection refused`,
    );
  });

  it('sends logs, and stops when nobody follows any more', async () => {
    const all: string[] = [];
    for await (const bytes of kubelets.logs(pod, { container: 'c', tailLines: 5, timestamps: true }, never))
      all.push(decode(bytes));
    expect(all).toEqual(['c 5 true\n']);
    const stop = new AbortController();
    for await (const _ of kubelets.logs(pod, { container: 'c', follow: true }, stop.signal)) stop.abort();
    await expect.poll(() => seen).toContain('the reader has gone');
  });

  it('carries connections both ways, each with its own end', async () => {
    const [there, back] = [createBytePipe(), createBytePipe()];
    const channel: ByteChannel = {
      read: () => there.read(),
      cancel: () => there.cancel(),
      write: (bytes) => back.write(bytes),
      end: (error) => back.end(error),
    };
    const ports = await kubelets.portForward(pod);
    const carried = ports.connect(80, channel, never);
    await there.write(encode('hello'));
    expect(decode((await back.read()) ?? new Uint8Array())).toBe('hello');
    there.end();
    await carried;
    expect(await back.read()).toBeUndefined();
    await expect(ports.connect(81, channel, never)).rejects.toThrow('failed to connect to localhost:81');
  });

  it('passes requests to Pods and nodes', async () => {
    const answer = await kubelets.request(pod, 80, {
      method: 'POST',
      path: '/a%20b',
      query: 'c=d',
      headers: new Map([['x', 'w']]),
      body: encode('body'),
    });
    expect([answer.status, answer.headers['y'], decode(answer.body)]).toEqual([
      201,
      'z',
      'POST /a%20b?c=d w body',
    ]);
    const request = { method: 'GET', path: '/pods', query: '', headers: new Map(), body: new Uint8Array() };
    expect(decode((await kubelets.nodeRequest('node-0', request)).body)).toBe('node-0/pods');
  });
});
