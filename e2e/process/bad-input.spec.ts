import { request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { KubeConfig } from '@kubernetes/client-node';
import { createSeededRandom } from '@drydock/base/clock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeDataDir, samples, startClusterProcess, type ClusterProcess } from '../support/index.ts';

interface Shot {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

const shots = 3_000;
const mebi = 1024 * 1024;

describe('bad input over the wire', () => {
  let cluster: ClusterProcess;
  let tls: { ca: string; cert: string; key: string };
  let port: number;

  beforeAll(async () => {
    cluster = await startClusterProcess({ args: ['--store', 'memory', '--components', 'apiserver'] });
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    const pem = (text: string | undefined) => Buffer.from(text ?? '', 'base64').toString();
    const user = config.getCurrentUser();
    tls = { ca: pem(config.getCurrentCluster()?.caData), cert: pem(user?.certData), key: pem(user?.keyData) };
    port = Number(new URL(cluster.server).port);
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster !== undefined) removeDataDir(cluster.dataDir);
  });

  /** The status; 0 where the server hung up. */
  function send({ method, path, headers, body }: Shot): Promise<{ status: number; text: string }> {
    return new Promise((resolve) => {
      const length = body === undefined ? {} : { 'content-length': String(body.length) };
      const options = { host: '127.0.0.1', port, method, path, headers: { ...headers, ...length }, ...tls };
      const outgoing = request(options, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', () => resolve({ status: 0, text: '' }));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }),
        );
      });
      outgoing.on('error', () => resolve({ status: 0, text: '' }));
      outgoing.end(body);
    });
  }

  /** Sends bytes as they are, and answers what came back until the connection ended or there was nothing more for a while. */
  function raw(bytes: Buffer, end: boolean): Promise<string> {
    return new Promise((resolve) => {
      let answer = '';
      const socket: TLSSocket = connectTls({ host: '127.0.0.1', port, ...tls }, () => {
        if (end) socket.end(bytes);
        else socket.write(bytes);
      });
      const done = () => {
        socket.destroy();
        resolve(answer);
      };
      socket.setTimeout(2_000, done);
      socket.on('data', (part: Buffer) => (answer += part.toString('latin1')));
      socket.on('close', done);
      socket.on('error', done);
    });
  }

  async function alive(): Promise<void> {
    const { status, text } = await send({ method: 'GET', path: '/readyz' });
    expect([status, text]).toEqual([200, 'ok']);
    expect(cluster.child.exitCode).toBeNull();
  }

  it('mutated bytes of every kind, in JSON, YAML and protobuf, and of patches, paths and queries', async () => {
    const random = createSeededRandom(36);
    const int = (below: number) => Math.floor(random.next() * below);
    const pick = <T>(from: readonly T[]): T => from[int(from.length)]!;
    const spoil = (bytes: Buffer): Buffer => {
      const copy = Buffer.from(bytes);
      switch (int(5)) {
        case 0:
          return copy.subarray(0, int(copy.length));
        case 1:
          return Buffer.concat([copy, copy]);
        case 2: {
          const at = int(copy.length);
          return Buffer.concat([copy.subarray(0, at), Buffer.from([0xff, 0xc3, 0x28, 0]), copy.subarray(at)]);
        }
        default:
          for (let count = 1 + int(6); count > 0; count--) copy[int(copy.length)] = int(256);
          return copy;
      }
    };
    const types = [
      'application/json',
      'application/yaml',
      'application/vnd.kubernetes.protobuf',
      'application/merge-patch+json',
      'application/json-patch+json',
      'application/strategic-merge-patch+json',
      'application/apply-patch+yaml',
      'application/cbor',
      'text/plain',
      '\u00e9/x',
    ];
    // What protobufjs would send is close enough to what it does when it goes wrong: an envelope around other bytes.
    const envelope = (bytes: Buffer): Buffer =>
      Buffer.concat([Buffer.from('k8s\0\u0012'), Buffer.from([bytes.length & 0x7f]), bytes]);
    const suffixes = ['', '', '', '/status', '/scale', '/nothing', '/%2e%2e', '//', '/a/b/c', '/%00', '/%zz'];
    const queries = [
      '',
      '',
      '?dryRun=All',
      '?fieldManager=x&force=true',
      '?fieldValidation=Strict',
      '?limit=-1&continue=%00',
      '?watch=1&timeoutSeconds=1&resourceVersion=0x1',
      `?labelSelector=${'a,'.repeat(200)}`,
      '?fieldSelector=%%%',
      `?x=${'y'.repeat(8_000)}`,
    ];
    const failures: string[] = [];
    const statuses = new Set<number>();
    let next = 0;
    const shoot = async () => {
      while (next < shots) {
        const { object, namespaced, resource, name } = samples[next++ % samples.length]!;
        const apiVersion = String(object['apiVersion']);
        const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
        const collection = `${root}${namespaced ? '/namespaces/default' : ''}/${resource.split('.')[0]}`;
        const method = pick(['POST', 'POST', 'PUT', 'PATCH', 'PATCH', 'DELETE', 'GET', 'OPTIONS']);
        const path = method === 'POST' ? collection : `${collection}/${name}${pick(suffixes)}`;
        const plain = Buffer.from(JSON.stringify(object));
        const type = pick(types);
        const bytes = type.endsWith('protobuf') ? envelope(plain) : plain;
        const shot = {
          method,
          path: path + pick(queries),
          headers: { 'content-type': type, accept: pick(['application/json', '*/*', type]) },
          ...(method === 'GET' ? {} : { body: int(6) === 0 ? bytes : spoil(bytes) }),
        };
        const { status, text } = await send(shot);
        statuses.add(status);
        if (status === 0 || status >= 500)
          failures.push(`${shot.method} ${shot.path.slice(0, 200)} ${type} ${status} ${text.slice(0, 300)}`);
      }
    };
    await Promise.all(Array.from({ length: 8 }, shoot));
    expect(failures).toEqual([]);
    for (const status of [200, 201, 400, 404, 415, 422]) expect(statuses).toContain(status);
    await alive();
  });

  it('bodies that are too large, too deep, or never end', async () => {
    const headers = { 'content-type': 'application/json' };
    const path = '/api/v1/namespaces/default/configmaps';
    const large = Buffer.from(
      JSON.stringify({ metadata: { name: 'large' }, data: { a: 'x'.repeat(3 * mebi) } }),
    );
    const { status } = await send({ method: 'POST', path, headers, body: large });
    // The server may have hung up before all was sent.
    expect([413, 0]).toContain(status);
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
      ['- ', ''],
    ] as const) {
      const depth = 400_000 / open.length;
      const body = Buffer.from(`${open.repeat(depth)}1${close.repeat(depth)}`);
      for (const type of ['application/json', 'application/yaml', 'application/apply-patch+yaml']) {
        const method = type.includes('patch') ? 'PATCH' : 'POST';
        const where = method === 'PATCH' ? `${path}/deep?fieldManager=x` : path;
        const answer = await send({ method, path: where, headers: { 'content-type': type }, body });
        expect(answer.status, `${type} ${open} ${answer.text.slice(0, 200)}`).toBe(400);
      }
    }
    // Aliases that stand for a billion lines.
    const laughs = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (const [name, before] of ['ba', 'cb', 'dc', 'ed', 'fe', 'gf', 'hg', 'ih'].map((pair) => [...pair]))
      laughs.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(',')}]`);
    const bomb = await send({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/yaml' },
      body: Buffer.from(laughs.join('\n')),
    });
    expect(bomb.status).toBe(400);
    // Promised and never sent: nothing but this connection waits.
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;
    await Promise.all([
      raw(Buffer.from(`${head}Content-Length: 1000\r\n\r\n{"a":`), false),
      raw(Buffer.from(`${head}Content-Length: 1000\r\n\r\n{"a":`), true),
      raw(Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{"a":`), true),
    ]);
    await alive();
  });

  it('what is no HTTP at all', async () => {
    const random = createSeededRandom(7);
    const noise = (length: number) =>
      Buffer.from(Array.from({ length }, () => Math.floor(random.next() * 256)));
    const head = 'GET /api HTTP/1.1\r\nHost: x\r\n';
    const lines = [
      noise(300),
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      Buffer.from(`${head}X-Large: ${'y'.repeat(100_000)}\r\n\r\n`),
      Buffer.from(`${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
      Buffer.from(`${head}Content-Length: -1\r\n\r\n`),
      Buffer.from('GET  HTTP/1.1\r\n\r\n'),
      Buffer.from('GET /api HTTP/9.9\r\n\r\n'),
      Buffer.from(`${head}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`),
      Buffer.from(`${head}Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n\u0080\u0003`),
      Buffer.from(`${head}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n`),
      Buffer.from('CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n'),
      Buffer.from('GET http://example.org/api HTTP/1.1\r\nHost: x\r\n\r\n'),
      Buffer.from('OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n'),
      Buffer.from(`${head}Expect: 100-continue\r\n\r\n`),
      Buffer.from(`${head}Expect: miracles\r\n\r\n`),
    ];
    const answers = await Promise.all(lines.map((line) => raw(line, true)));
    for (const answer of answers) expect(answer).not.toMatch(/^HTTP\/1\.1 5/);
    // Bytes that are no TLS either.
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        return new Promise<void>((resolve) => {
          const socket = connectTcp(port, '127.0.0.1', () => socket.end(noise(1 + index * 40)));
          socket.resume();
          socket.setTimeout(2_000, () => socket.destroy());
          socket.on('close', () => resolve());
          socket.on('error', () => {});
        });
      }),
    );
    await alive();
    expect(cluster.output()).not.toMatch(/unhandled|uncaught|request failed/i);
  });
});
