import { readFileSync, mkdtempSync, mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { Attach, Cp, Exec, KubeConfig, Log, PortForward, type V1Status } from '@kubernetes/client-node';
import WebSocket from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKubectl,
  eventually,
  interactivePods,
  kubectlsToTest,
  removeDataDir,
  startClusterProcess,
  type ClusterProcess,
  type Kubectl,
} from '../support/index.ts';

/** A stream that keeps what is written to it. */
class Sink extends Writable {
  readonly chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.chunks.push(Buffer.from(chunk));
    done();
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }
}

const [binary] = kubectlsToTest().slice(-1);

describe.skipIf(binary === undefined)('interactive subresources with client-node and raw protocols', () => {
  let cluster: ClusterProcess;
  let kubectl: Kubectl;
  let config: KubeConfig;

  beforeAll(async () => {
    cluster = await startClusterProcess({ args: ['--http-threads', '1'] });
    kubectl = createKubectl(binary!, cluster.kubeconfig);
    config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    await kubectl('apply -f -', { stdin: interactivePods });
    await kubectl('wait --for=condition=Ready pod/web pod/named --timeout=20s');
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
  });

  function credentials() {
    const cluster_ = config.getCurrentCluster()!;
    const user = config.getCurrentUser()!;
    const pem = (text: string | undefined) => Buffer.from(text ?? '', 'base64').toString();
    return {
      ca: pem(cluster_.caData),
      cert: pem(user.certData),
      key: pem(user.keyData),
      host: '127.0.0.1',
      port: Number(new URL(cluster_.server).port),
    };
  }

  async function exec(command: string[], options: { stdin?: PassThrough; tty?: boolean } = {}) {
    const [stdout, stderr] = [new Sink(), new Sink()];
    const status = await new Promise<V1Status>((resolve, reject) => {
      new Exec(config)
        .exec(
          'default',
          'web',
          'web',
          command,
          stdout,
          stderr,
          options.stdin ?? null,
          options.tty ?? false,
          resolve,
        )
        .catch(reject);
    });
    return { status, out: stdout.text, err: stderr.text };
  }

  it('Exec: streams, status, exit code', async () => {
    expect(await exec(['sh', '-c', 'echo out; echo err >&2'])).toEqual({
      status: { metadata: {}, status: 'Success' },
      out: 'out\n',
      err: 'err\n',
    });
    const failed = await exec(['sh', '-c', 'exit 9']);
    expect(failed.status).toMatchObject({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '9' }] },
    });
    const unknown = await exec(['nosuchprogram']);
    expect(unknown.status).toMatchObject({ status: 'Failure', reason: 'InternalError', code: 500 });
  });

  it('Exec: standard input ends when the client ends it (v5)', async () => {
    const stdin = new PassThrough();
    const running = exec(['cat'], { stdin });
    stdin.write('one ');
    stdin.end('two');
    expect((await running).out).toBe('one two');
  });

  it('Exec: a terminal echoes, edits lines, interrupts and ends', async () => {
    const stdin = new PassThrough();
    const stdout = new Sink();
    const ended = new Promise<V1Status>((resolve, reject) => {
      new Exec(config)
        .exec('default', 'web', 'web', ['sh'], stdout, stdout, stdin, true, resolve)
        .catch(reject);
    });
    const type = async (keys: string, until: string) => {
      stdin.write(keys);
      await eventually(() => stdout.text.includes(until), {
        what: `${JSON.stringify(until)} in ${JSON.stringify(stdout.text)}`,
      });
    };
    await eventually(() => stdout.text.endsWith('# '));
    await type('echo a\x7fbc\r', 'echo a\b \bbc\r\nbc\r\n');
    await type('sleep 100\r', 'sleep 100\r\n');
    await type('\x03', '^C\r\n');
    await type('echo $?\r', '130\r\n');
    await type('cat\r', 'cat\r\n');
    await type('typed\r', 'typed\r\ntyped\r\n');
    stdin.write('\x04');
    await type('tty\r', '/dev/pts/0\r\n');
    stdin.write('exit 7\r');
    expect(await ended).toMatchObject({ details: { causes: [{ message: '7' }] } });
  });

  it('Attach: shows what the container says from now on, and feeds it', async () => {
    await kubectl([
      'run',
      'talk',
      '--image=busybox',
      '--restart=Never',
      '-i',
      '--attach=false',
      '--',
      'sh',
      '-c',
      'while read x; do echo "got $x"; done',
    ]);
    await kubectl('wait --for=condition=Ready pod/talk --timeout=20s');
    const [stdout, stdin] = [new Sink(), new PassThrough()];
    const socket = await new Attach(config).attach('default', 'talk', 'talk', stdout, null, stdin, false);
    stdin.write('hello\n');
    await eventually(() => stdout.text === 'got hello\n');
    socket.close();
  });

  it('PortForward: bytes of HTTP both ways', async () => {
    const [output, errors, input] = [new Sink(), new Sink(), new PassThrough()];
    const socket = await new PortForward(config).portForward('default', 'web', [80], output, errors, input);
    input.write('GET /pf HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await eventually(() => output.text.includes('GET /pf HTTP/1.1'));
    expect(output.text.startsWith('HTTP/1.1 200 OK\r\n')).toBe(true);
    if (typeof socket !== 'function') socket.close();
    const refused = new Sink();
    await new PortForward(config).portForward('default', 'web', [81], new Sink(), refused, new PassThrough());
    await eventually(() => refused.text.includes('connection refused'));
  });

  it('Log: follows to the end of the container', async () => {
    const stream = new PassThrough();
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const ended = new Promise((resolve) => stream.once('end', resolve));
    await new Log(config).log('default', 'counting', 'c', stream, { follow: true });
    await ended;
    expect(text).toBe([1, 2, 3, 4].map((at) => `line ${at}\nfault ${at}\n`).join(''));
  });

  it('Cp: both ways', async () => {
    // In the cluster's folder, which goes at the end: the file's owner and times are set after its content, unseen.
    const folder = mkdtempSync(join(cluster.dataDir, 'cp-'));
    mkdirSync(join(folder, 'from'));
    mkdirSync(join(folder, 'to'));
    writeFileSync(join(folder, 'from', 'a file'), 'content');
    await new Cp(config).cpToPod('default', 'web', 'web', join(folder, 'from'), '/tmp');
    await eventually(async () => (await exec(['cat', '/tmp/a file'])).out === 'content');
    await new Cp(config).cpFromPod('default', 'web', 'web', 'a file', join(folder, 'to'), '/tmp');
    await eventually(() => readFileSync(join(folder, 'to', 'a file'), 'utf8') === 'content');
  });

  function open(path: string, protocols: string[]): WebSocket {
    const { port, ...tls } = credentials();
    return new WebSocket(`wss://127.0.0.1:${port}${path}`, protocols, tls);
  }

  const execPath = (script: string, more = '') =>
    `/api/v1/namespaces/default/pods/web/exec?container=web&stdout=true&stderr=true&stdin=true${more}&${['sh', '-c', script].map((word) => `command=${encodeURIComponent(word)}`).join('&')}`;

  async function messages(socket: WebSocket): Promise<{ protocol: string; all: Buffer[] }> {
    const all: Buffer[] = [];
    socket.on('message', (data: Buffer) => all.push(data));
    await new Promise((resolve, reject) => {
      socket.on('close', resolve);
      socket.on('error', reject);
    });
    return { protocol: socket.protocol, all };
  }

  it('speaks each of the channel protocols', async () => {
    for (const protocol of ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'channel.k8s.io']) {
      const { protocol: chosen, all } = await messages(open(execPath('echo hi'), [protocol]));
      expect(chosen).toBe(protocol);
      expect(Buffer.concat(all.filter((one) => one[0] === 1).map((one) => one.subarray(1))).toString()).toBe(
        'hi\n',
      );
      const status = all
        .find((one) => one[0] === 3)
        ?.subarray(1)
        .toString();
      if (protocol === 'channel.k8s.io') expect(status).toBeUndefined();
      else expect(JSON.parse(status!)).toEqual({ metadata: {}, status: 'Success' });
    }
    for (const protocol of ['v4.base64.channel.k8s.io', 'base64.channel.k8s.io']) {
      const { protocol: chosen, all } = await messages(open(execPath('echo hi'), [protocol]));
      expect(chosen).toBe(protocol);
      expect(all.map(String)).toContain(`1${Buffer.from('hi\n').toString('base64')}`);
    }
    const { all } = await messages(open(execPath('echo hi; exit 2'), []));
    expect(
      all
        .find((one) => one[0] === 3)
        ?.subarray(1)
        .toString(),
    ).toContain('command terminated with non-zero exit code');
  });

  it('refuses protocols that it does not know, and requests without credentials', async () => {
    const refused = (socket: WebSocket) =>
      new Promise<number>((resolve) =>
        socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0)),
      );
    expect(await refused(open(execPath('true'), ['v9.channel.k8s.io']))).toBe(400);
    const { port, ca } = credentials();
    expect(
      await refused(
        new WebSocket(`wss://127.0.0.1:${port}${execPath('true')}`, ['v5.channel.k8s.io'], { ca }),
      ),
    ).toBe(401);
    expect(
      await refused(
        open('/api/v1/namespaces/default/pods/none/exec?command=ls&stdout=1', ['v5.channel.k8s.io']),
      ),
    ).toBe(404);
    expect(
      await refused(open('/api/v1/namespaces/default/pods', ['v5.channel.k8s.io'])),
    ).toBeGreaterThanOrEqual(200);
    const status = await new Promise<number | undefined>((resolve) => {
      const { host, ...tls } = credentials();
      request(
        {
          host,
          ...tls,
          method: 'POST',
          path: execPath('true'),
          headers: {
            Connection: 'Upgrade',
            Upgrade: 'SPDY/3.1',
            'X-Stream-Protocol-Version': 'v9.channel.k8s.io',
          },
        },
        (response) => resolve(response.statusCode),
      ).end();
    });
    expect(status).toBe(403);
  });

  it.skipIf(process.platform !== 'linux')(
    'a slow reader holds the container up instead of filling memory',
    async () => {
      const socket = open(execPath('yes'), ['v5.channel.k8s.io']);
      await new Promise((resolve) => socket.on('open', resolve));
      socket.pause();
      // Linux tells how much of the process is in memory.
      const memoryBytes = () =>
        Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${cluster.pid}/status`, 'utf8'))?.[1]) * 1024;
      const before = memoryBytes();
      // Meanwhile others are served.
      for (let round = 0; round < 20; round++) expect((await exec(['echo', 'x'])).out).toBe('x\n');
      const after = memoryBytes();
      socket.terminate();
      expect(after - before).toBeLessThan(40 * 1024 * 1024);
      await eventually(async () => !(await exec(['ps'])).out.includes('yes'));
    },
  );

  it('many sessions leave nothing behind', async () => {
    for (let round = 0; round < 5; round++) {
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, at) => exec(['sh', '-c', `echo ${at}; exit ${at % 3}`])),
      );
      results.forEach(({ out }, at) => expect(out).toBe(`${at}\n`));
    }
    // Broken off in the middle, too.
    const sockets = Array.from({ length: 30 }, () => open(execPath('sleep 1000'), ['v5.channel.k8s.io']));
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.on('open', resolve))));
    sockets.forEach((socket, at) => (at % 2 === 0 ? socket.terminate() : socket.close()));
    await eventually(async () => (await exec(['ps'])).out.trim().split('\n').length === 3, {
      what: 'only the main process and ps',
    });
  });

  async function rawUpgrade(upgrade: string, headers: string): Promise<TLSSocket> {
    const socket = connectTls({ ...credentials(), servername: 'localhost' });
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    socket.write(
      `POST ${execPath('cat')} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\n${headers}\r\n`,
    );
    await new Promise((resolve) => socket.once('data', resolve));
    return socket;
  }

  it('bad frames close their connection and harm nothing else', async () => {
    let seed = 7;
    const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
    for (let round = 0; round < 40; round++) {
      const spdy = round % 2 === 0;
      const socket = spdy
        ? await rawUpgrade('SPDY/3.1', 'X-Stream-Protocol-Version: v4.channel.k8s.io\r\n')
        : await rawUpgrade(
            'websocket',
            'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n',
          );
      const bytes = Buffer.from(
        Array.from({ length: 64 + Math.floor(random() * 400) }, () => Math.floor(random() * 256)),
      );
      if (spdy && round % 4 === 0) Buffer.from([0x80, 3, 0, 1 + (round % 9), 0, 0, 0, 60]).copy(bytes);
      socket.end(bytes);
      await new Promise((resolve) => {
        socket.once('close', resolve);
        socket.resume();
      });
    }
    expect((await exec(['echo', 'alive'])).out).toBe('alive\n');
    expect(cluster.child.exitCode).toBeNull();
    expect(cluster.output()).not.toContain('unexpected:');
  });

  it('ends sessions when their Pod goes', async () => {
    await kubectl('run doomed --image=busybox --restart=Never');
    await kubectl('wait --for=condition=Ready pod/doomed --timeout=20s');
    const output = new Sink();
    const command = ['sh', '-c', 'echo up; sleep 1000'];
    const ended = new Promise<V1Status>((resolve, reject) => {
      new Exec(config)
        .exec('default', 'doomed', 'doomed', command, output, new Sink(), null, false, resolve)
        .catch(reject);
    });
    await eventually(() => output.text.includes('up'));
    await kubectl('delete pod doomed --now');
    expect(await ended).toMatchObject({ details: { causes: [{ message: '137' }] } });
  });
});
