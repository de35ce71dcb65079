import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, systemRandom } from '@drydock/base/clock';
import { noMetrics, silentLogger } from '@drydock/port/observability';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addClusterFlags,
  addStoreFlags,
  clusterOptions,
  createProcessServer,
  parseProcessArguments,
  storeOptions,
  writeClusterPki,
  type ClusterOptions,
  type ProcessProgram,
  type StoreOptions,
} from './index.ts';
import { etcdStoreOptions } from './api-server/open-store.ts';

const dir = mkdtempSync(join(tmpdir(), 'drydock-process-'));
const day = 86_400_000;

beforeAll(async () => {
  await writeClusterPki({ dir, hosts: ['10.1.2.3'], server: 'https://front:6443' }, Date.now());
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const program: ProcessProgram<ClusterOptions> = {
  name: 'scheduler',
  description: 'test',
  securePort: 10259,
  flags: (command) => void addClusterFlags(command),
  options: (raw) => clusterOptions(raw, 'scheduler'),
};

function parse(...argv: string[]) {
  const errors: string[] = [];
  const found = parseProcessArguments(program, argv, { out() {}, err: (text) => errors.push(text) });
  return { found, errors };
}

describe('flags of a process', () => {
  it('have defaults, of files those of the PKI folder', () => {
    const { found } = parse('--pki-dir', dir, '--nats-servers', 'tls://a:4222,tls://b:4222');
    expect(found).toMatchObject({
      kind: 'run',
      options: {
        securePort: 10259,
        tlsCertFile: join(dir, 'scheduler.crt'),
        clientCaFile: join(dir, 'ca.crt'),
        rpcKeyFile: join(dir, 'scheduler.key'),
        rpcServerName: 'apiserver',
        natsServers: ['tls://a:4222', 'tls://b:4222'],
        natsCaFile: join(dir, 'ca.crt'),
        shutdownTimeoutMs: 5_000,
      },
    });
  });

  it('are read from the environment where the command line is silent', () => {
    process.env['DRYDOCK_SECURE_PORT'] = '0';
    process.env['DRYDOCK_APISERVER'] = 'a:1,b:2';
    try {
      expect(parse('--secure-port', '7').found).toMatchObject({
        options: { securePort: 7, apiserver: ['a:1', 'b:2'] },
      });
      expect(parse().found).toMatchObject({ options: { securePort: 0, rpcCaFile: undefined } });
    } finally {
      delete process.env['DRYDOCK_SECURE_PORT'];
      delete process.env['DRYDOCK_APISERVER'];
    }
  });

  it('are refused in one line', () => {
    const { found, errors } = parse('--secure-port', 'many');
    expect(found).toEqual({ kind: 'exit', code: 1 });
    expect(parse('--apiserver', 'one:7050,two').errors[0]).toContain('"two" is not host:port.');
    expect(errors).toEqual([
      "scheduler: option '--secure-port <n>' argument 'many' is invalid. It must be a whole number from 0 to 65535.\n",
    ]);
  });
});

describe('flags of the store', () => {
  const storeProgram: ProcessProgram<StoreOptions> = {
    name: 'apiserver',
    description: 'test',
    securePort: 7443,
    flags: (command) => void addStoreFlags(command),
    options: (raw) => storeOptions(raw, 'apiserver'),
  };
  function store(...argv: string[]) {
    const errors: string[] = [];
    const found = parseProcessArguments(storeProgram, argv, { out() {}, err: (text) => errors.push(text) });
    return found.kind === 'run' ? etcdStoreOptions(found.options) : errors;
  }

  it('say where in etcd the keys are, and who asks', () => {
    expect(store('--store', 'etcd')).toMatchObject({
      endpoints: ['http://127.0.0.1:2379'],
      keyPrefix: '/registry',
      root: '/registry',
      compactionIntervalMs: 300_000,
    });
    expect(() => store('--etcd-user', 'me')).toThrow('--etcd-user and --etcd-password go together');
    process.env['DRYDOCK_ETCD_PASSWORD'] = 'secret';
    try {
      expect(store('--etcd-prefix', 'a/b/', '--etcd-user', 'me')).toMatchObject({
        keyPrefix: '/a/b',
        user: { name: 'me', password: 'secret' },
      });
    } finally {
      delete process.env['DRYDOCK_ETCD_PASSWORD'];
    }
    expect(store('--etcd-prefix', '/')).toEqual([
      "apiserver: option '--etcd-prefix <path>' argument '/' is invalid. It must be a path such as /registry.\n",
    ]);
  });
});

describe('the folder of certificates', () => {
  const read = (name: string) => readFileSync(join(dir, name), 'utf8');

  it('is left alone when everything in it is good, and made anew where it is not', async () => {
    const before = ['ca.crt', 'apiserver.crt', 'sa.key', 'front-proxy-client.crt'].map(read);
    await writeClusterPki({ dir, hosts: ['10.1.2.3'], server: 'https://front:6443' }, Date.now());
    expect(['ca.crt', 'apiserver.crt', 'sa.key', 'front-proxy-client.crt'].map(read)).toEqual(before);

    await writeClusterPki({ dir, hosts: ['10.1.2.3', 'more'], server: 'https://front:6443' }, Date.now());
    expect(read('ca.crt')).toBe(before[0]);
    expect(read('apiserver.crt')).not.toBe(before[1]);

    const other = mkdtempSync(join(tmpdir(), 'drydock-process-'));
    try {
      await writeClusterPki({ dir: other, hosts: [], server: 'https://front:6443' }, Date.now() - 350 * day);
      const old = readFileSync(join(other, 'admin.crt'), 'utf8');
      await writeClusterPki({ dir: other, hosts: [], server: 'https://front:6443' }, Date.now());
      expect(readFileSync(join(other, 'admin.crt'), 'utf8')).not.toBe(old);
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });

  it('has a kubeconfig of the administrator', () => {
    expect(read('kubeconfig')).toContain('server: https://front:6443');
  });
});

describe('the server of a process', () => {
  it('tells health, version and, to those with a certificate, figures', async () => {
    const { found } = parse('--pki-dir', dir, '--secure-port', '0');
    if (found.kind !== 'run') throw new Error('not parsed');
    let leading = false;
    const server = await createProcessServer({
      name: 'scheduler',
      options: found.options,
      deps: { clock: systemClock, random: systemRandom, logger: silentLogger, metrics: noMetrics },
      checks: [{ name: 'leader', healthy: () => leading, readinessOnly: true }],
    });
    await server.start();
    const pem = (name: string) => readFileSync(join(dir, name));
    const get = (path: string, shown: object = {}) =>
      new Promise<[number | undefined, string]>((resolve, reject) => {
        request(
          { host: '127.0.0.1', port: server.port, path, ca: pem('ca.crt'), agent: false, ...shown },
          (answer) => {
            let text = '';
            answer.on('data', (part) => (text += part)).on('end', () => resolve([answer.statusCode, text]));
          },
        )
          .on('error', reject)
          .end();
      });
    try {
      expect(await get('/livez')).toEqual([200, 'ok']);
      expect(await get('/readyz?exclude=leader')).toEqual([200, 'ok']);
      expect(await get('/readyz')).toEqual([
        500,
        '[+]ping ok\n[-]leader failed: reason withheld\nreadyz check failed\n',
      ]);
      leading = true;
      expect(await get('/readyz?verbose&exclude=foo')).toEqual([
        200,
        '[+]ping ok\n[+]leader ok\nwarn: some health checks cannot be excluded: no matches for "foo"\nreadyz check passed\n',
      ]);
      expect(await get('/readyz/leader')).toEqual([200, 'ok']);
      expect((await get('/livez/leader'))[0]).toBe(404);
      expect(JSON.parse((await get('/version'))[1])).toMatchObject({ major: '1', minor: '36' });
      expect((await get('/metrics'))[0]).toBe(401);
      expect((await get('/metrics', { cert: pem('admin.crt'), key: pem('admin.key') }))[0]).toBe(200);
      expect((await get('/else'))[0]).toBe(404);
    } finally {
      await server.stop();
    }
  });
});
