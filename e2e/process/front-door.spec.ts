import { readdirSync, readlinkSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { natsInstalled, startNats, type NatsServer } from '@drydock/events-nats/nats-server';
import { createNatsSubscriber } from '@drydock/events-nats';
import { createHttpsServer } from '@drydock/http';
import { openPkiFolder } from '@drydock/process';
import { silentLogger } from '@drydock/port/observability';
import { createRpcTransport, listBackends } from '@drydock/rpc';
import { etcdInstalled, startEtcd, type EtcdServer } from '@drydock/store-etcd/etcd-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKubectl,
  eventually,
  kubectlsToTest,
  newDataDir,
  removeDataDir,
  startApp,
  startLedger,
  writeCertificates,
  type AppProcess,
  type Kubectl,
} from '../support/index.ts';

const ports = ['--secure-port', '0', '--log-level', 'warn'];

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One request to the front door, with a certificate of the folder where one is named. */
function ask(
  pki: string,
  address: string,
  path: string,
  more: { method?: string; user?: string; headers?: Record<string, string>; body?: object } = {},
): Promise<Answer> {
  const { method = 'GET', user, headers, body } = more;
  const pem = (name: string) => readFileSync(join(pki, name));
  return new Promise((resolve, reject) => {
    const call = request(
      `https://${address}${path}`,
      {
        method,
        agent: false,
        ca: pem('ca.crt'),
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(user === undefined ? {} : { cert: pem(`${user}.crt`), key: pem(`${user}.key`) }),
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => (text += part));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }));
      },
    );
    call.on('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const sockets = (pid: number): number =>
  readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;

const binary = kubectlsToTest().at(-1);
const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
const reviews = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const configMap = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
});

describe.skipIf(binary === undefined)('apiserver and aggregator as processes, on the embedded store', () => {
  const dir = newDataDir();
  const pki = join(dir, 'pki');
  let apiserver: AppProcess;
  let aggregator: AppProcess;
  let kubectl: Kubectl;
  let door = '';

  const startAggregator = () =>
    startApp('aggregator', [
      ...['--grpc-port', '0'],
      ...['--pki-dir', pki, ...ports, '--apiserver', apiserver.addresses['grpc'] ?? ''],
      ...['--apiserver-url', `https://${apiserver.addresses['https']}`],
    ]);

  beforeAll(async () => {
    await writeCertificates(pki);
    apiserver = await startApp('apiserver', [
      ...['--pki-dir', pki, ...ports, '--grpc-port', '0'],
      ...['--data-dir', dir, '--authorization-mode', 'RBAC'],
    ]);
    aggregator = await startAggregator();
    door = aggregator.addresses['https'] ?? '';
    await writeCertificates(pki, `https://${door}`);
    kubectl = createKubectl(binary!, join(pki, 'kubeconfig'));
    await eventually(async () => (await ask(pki, door, '/readyz')).status === 200);
  });
  afterAll(async () => {
    await Promise.all([aggregator?.stop(), apiserver?.stop()]);
    removeDataDir(dir);
  });

  it('serves kubectl: create, get, apply, watch, delete, discovery, explain', async () => {
    await kubectl('create configmap one --from-literal=a=1');
    expect(await kubectl('get configmap one -o jsonpath={.data.a}')).toBe('1');
    const watch = kubectl.start('get configmaps -w -o name --field-selector metadata.name=one');
    await eventually(() => watch.stdout().includes('configmap/one'));
    await kubectl('apply --server-side --force-conflicts -f -', {
      stdin: JSON.stringify(configMap('one', { a: '2' })),
    });
    await eventually(() => watch.stdout().split('\n').filter(Boolean).length >= 2);
    await kubectl('delete configmap one');
    await eventually(() => watch.stdout().split('\n').filter(Boolean).length >= 3);
    await watch.stop();
    expect(await kubectl('api-resources -o name')).toContain('deployments.apps');
    expect(await kubectl('explain deployment.spec.replicas')).toContain('replicas <integer>');
    const { code, stderr } = await kubectl.try('get configmap gone');
    expect([code, stderr]).toEqual([1, 'Error from server (NotFound): configmaps "gone" not found\n']);
  });

  it('passes upgrades on, and what is said against them', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'lost' },
      spec: { nodeName: 'nowhere', containers: [{ name: 'c', image: 'nginx' }] },
    };
    // Here is no controller manager to make it.
    await kubectl('create serviceaccount default');
    const node = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'nowhere' },
      status: { addresses: [{ type: 'Hostname', address: 'nowhere' }] },
    };
    for (const object of [node, pod]) await kubectl('create -f -', { stdin: JSON.stringify(object) });
    for (const websockets of ['true', 'false']) {
      const { code, stderr } = await kubectl.try('exec lost -- true', {
        env: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: websockets },
      });
      expect([code, stderr]).toEqual([1, expect.stringMatching(/error dialing backend|no such host/)]);
    }
    const { stderr } = await kubectl.try('exec nopod -- true');
    expect(stderr).toBe('Error from server (NotFound): pods "nopod" not found\n');
  });

  it('knows who asks, and believes nobody else', async () => {
    const who = async (more: Parameters<typeof ask>[3]) => {
      const { status, body } = await ask(pki, door, reviews, { method: 'POST', body: review, ...more });
      return status === 201 ? (JSON.parse(body).status.userInfo.username as string) : status;
    };
    expect(await who({ user: 'admin' })).toBe('kubernetes-admin');
    expect(await who({})).toBe(401);
    expect(await who({ headers: { authorization: 'Bearer nonsense' } })).toBe(401);
    expect(
      await who({ headers: { 'x-remote-user': 'kubernetes-admin', 'x-remote-group': 'system:masters' } }),
    ).toBe(401);
    expect(await who({ user: 'admin', headers: { 'x-remote-user': 'somebody' } })).toBe('kubernetes-admin');
    expect(await who({ user: 'admin', headers: { 'impersonate-user': 'jane' } })).toBe('jane');
    // The front proxy's certificate makes no user, here or there.
    expect(await who({ user: 'front-proxy-client', headers: { 'x-remote-user': 'x' } })).toBe(401);

    await kubectl('create serviceaccount robot');
    const authorization = `Bearer ${(await kubectl('create token robot')).trim()}`;
    expect(await who({ headers: { authorization } })).toBe('system:serviceaccount:default:robot');
    const listed = await ask(pki, door, '/api/v1/namespaces/default/secrets', { headers: { authorization } });
    expect(JSON.parse(listed.body)).toMatchObject({
      code: 403,
      message:
        'secrets is forbidden: User "system:serviceaccount:default:robot" cannot list resource "secrets" in API group "" in the namespace "default"',
    });
  });

  it('answers big bodies both ways, and leaves no connection of clients that went away', async () => {
    const big = 'x'.repeat(900_000);
    const created = await ask(pki, door, '/api/v1/namespaces/default/configmaps', {
      ...{ method: 'POST', user: 'admin', body: configMap('big', { big }) },
    });
    expect(created.status).toBe(201);
    const got = await ask(pki, door, '/api/v1/namespaces/default/configmaps/big', { user: 'admin' });
    expect(JSON.parse(got.body).data.big).toBe(big);
    const before = sockets(aggregator.pid) + sockets(apiserver.pid);
    const watches = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const pem = (name: string) => readFileSync(join(pki, name));
        const call = request(`https://${door}/api/v1/configmaps?watch=1`, {
          ...{ agent: false, ca: pem('ca.crt'), cert: pem('admin.crt'), key: pem('admin.key') },
        });
        call.on('error', () => undefined);
        call.end();
        await new Promise((resolve) => call.once('response', resolve));
        return call;
      }),
    );
    expect(sockets(aggregator.pid) + sockets(apiserver.pid)).toBeGreaterThanOrEqual(before + 20);
    for (const one of watches) one.destroy();
    await eventually(() => sockets(aggregator.pid) + sockets(apiserver.pid) <= before);
  });

  it('routes an APIService that names a Service to where that is, with who asks', async () => {
    const folder = openPkiFolder(pki, Date.now());
    const hosts = ['extension.default.svc'];
    const pair = await folder.certificate('ca', 'extension', { commonName: 'x', hosts, usage: 'server' });
    const { cert: clientCa } = await folder.authority('front-proxy-ca');
    const json = (value: object) => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: new TextEncoder().encode(JSON.stringify(value)),
    });
    const server = createHttpsServer({
      port: 0,
      tls: { ...pair, clientCa },
      handler: (asked) =>
        asked.clientCertificate?.commonName !== 'front-proxy-client'
          ? { status: 401, headers: {}, body: undefined }
          : asked.path === '/apis/example.com/v1'
            ? json({
                ...{ kind: 'APIResourceList', groupVersion: 'example.com/v1' },
                resources: [{ name: 'widgets', kind: 'Widget', namespaced: false, verbs: ['get', 'list'] }],
              })
            : json({
                ...{ kind: 'Widget', apiVersion: 'example.com/v1' },
                metadata: { name: asked.path.split('/').at(-1) },
                who: asked.header('x-remote-user'),
                groups: asked.headerValues('x-remote-group'),
                leaked: asked.header('authorization') ?? asked.header('impersonate-user') ?? '',
              }),
    });
    await server.start();
    try {
      const items = [
        {
          ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'extension', namespace: 'default' } },
          spec: { type: 'ExternalName', externalName: 'localhost' },
        },
        {
          ...{ apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService' },
          metadata: { name: 'v1.example.com' },
          spec: {
            ...{ group: 'example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10 },
            caBundle: Buffer.from((await folder.authority('ca')).cert).toString('base64'),
            service: { name: 'extension', namespace: 'default', port: server.port },
          },
        },
      ];
      await kubectl('apply -f -', { stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) });
      await kubectl('wait --for=condition=Available apiservice/v1.example.com --timeout=20s');
      const path = '/apis/example.com/v1/widgets/w';
      const widget = await eventually(async () => {
        const { status, body } = await ask(pki, door, path, { user: 'admin' });
        return status === 200 ? (JSON.parse(body) as object) : undefined;
      });
      expect(widget).toMatchObject({
        ...{ who: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'], leaked: '' },
      });
      const other = await ask(pki, door, path, { user: 'admin', headers: { 'impersonate-user': 'jane' } });
      expect(JSON.parse(other.body)).toMatchObject({ code: 403, reason: 'Forbidden' });
      expect(await kubectl('api-resources -o name')).toContain('widgets.example.com');
      const backends = await listBackends(aggregator.addresses['grpc'] ?? '', (name) =>
        readFileSync(join(pki, name)),
      );
      expect(backends).toEqual({
        apiservers: [{ address: apiserver.addresses['https'], well: true }],
        extensions: [
          {
            ...{ apiService: 'v1.example.com', service: `default/extension:${server.port}` },
            ...{ address: `localhost:${server.port}`, available: true, message: '' },
          },
        ],
      });
      await kubectl('delete apiservice v1.example.com');
      await eventually(async () => (await ask(pki, door, path, { user: 'admin' })).status === 404);
    } finally {
      await server.stop();
    }
  });

  it('says that no API server answers, and goes on when one does', async () => {
    const [, port = ''] = (apiserver.addresses['https'] ?? '').split(':');
    const [, grpcPort = ''] = (apiserver.addresses['grpc'] ?? '').split(':');
    await apiserver.kill();
    const { status, body } = await ask(pki, door, '/api/v1/namespaces', { user: 'admin' });
    expect([status, JSON.parse(body)]).toEqual([
      503,
      expect.objectContaining({
        reason: 'ServiceUnavailable',
        message: `error trying to reach service: dial tcp 127.0.0.1:${port}: connect: connection refused`,
      }),
    ]);
    apiserver = await startApp('apiserver', [
      ...['--pki-dir', pki, '--log-level', 'warn', '--secure-port', port, '--grpc-port', grpcPort],
      ...['--data-dir', dir, '--authorization-mode', 'RBAC'],
    ]);
    expect(await kubectl('get configmap big -o name')).toBe('configmap/big\n');
  });

  it('ends watches cleanly at SIGTERM, and exits with 0', async () => {
    const watch = kubectl.start('get namespaces -w -o name');
    await eventually(() => watch.stdout().includes('namespace/default'));
    // Told by the watch itself, which is there then.
    await kubectl('create namespace watched');
    await eventually(() => watch.stdout().includes('namespace/watched'));
    expect(await aggregator.stop()).toBe(0);
    const { code, stderr } = await watch.ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(await apiserver.stop()).toBe(0);
  });
});

describe.skipIf(binary === undefined || !etcdInstalled() || !natsInstalled())(
  'two API servers on one etcd, with NATS',
  () => {
    const dir = newDataDir();
    const pki = join(dir, 'pki');
    let etcd: EtcdServer;
    let nats: NatsServer;
    let apiservers: AppProcess[] = [];
    let aggregator: AppProcess;
    const started: AppProcess[] = [];

    const startApiserver = async (more: readonly string[] = ['--secure-port', '0', '--grpc-port', '0']) => {
      const one = await startApp('apiserver', [
        ...['--pki-dir', pki, '--log-level', 'warn', ...more],
        ...['--store', 'etcd', '--etcd-servers', `http://${etcd.endpoint}`],
        ...['--event-bus', 'nats', '--nats-servers', nats.address],
      ]);
      started.push(one);
      return one;
    };
    const list = (name: string) => apiservers.map(({ addresses }) => addresses[name] ?? '');

    beforeAll(async () => {
      [etcd, nats] = await Promise.all([startEtcd(), startNats(), writeCertificates(pki)]);
      apiservers = await Promise.all([startApiserver(), startApiserver()]);
      aggregator = await startApp('aggregator', [
        ...['--grpc-port', '0'],
        ...['--pki-dir', pki, ...ports, '--apiserver', list('grpc').join(',')],
        ...['--event-bus', 'nats', '--nats-servers', nats.address],
        ...[
          '--apiserver-url',
          list('https')
            .map((one) => `https://${one}`)
            .join(','),
        ],
      ]);
      started.push(aggregator);
      await writeCertificates(pki, `https://${aggregator.addresses['https']}`);
    });
    afterAll(async () => {
      await Promise.all(started.map((one) => one.kill()));
      await Promise.all([etcd?.dispose(), nats?.dispose()]);
      removeDataDir(dir);
    });

    it('give every Service an address of its own', async () => {
      const make = (server: string, name: string) =>
        ask(pki, server, '/api/v1/namespaces/default/services', {
          ...{ method: 'POST', user: 'admin' },
          body: {
            apiVersion: 'v1',
            kind: 'Service',
            metadata: { name },
            spec: { ports: [{ port: 80 }], type: 'NodePort' },
          },
        });
      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, i) => make(list('https')[i % 2] ?? '', `s-${i}`)),
      );
      const specs = answers.map(({ status, body }) => {
        expect([status, body]).toEqual([201, expect.any(String)]);
        return JSON.parse(body).spec as { clusterIP: string; ports: { nodePort: number }[] };
      });
      expect(new Set(specs.map(({ clusterIP }) => clusterIP)).size).toBe(60);
      expect(new Set(specs.map(({ ports: [port] }) => port?.nodePort)).size).toBe(60);
      // One number, asked for from both at once.
      for (let i = 0; i < 10; i++) {
        const both = await Promise.all(
          list('https').map((server, which) =>
            ask(pki, server, '/api/v1/namespaces/default/services', {
              ...{ method: 'POST', user: 'admin' },
              body: {
                ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: `asked-${i}-${which}` } },
                spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 30_010 + i }] },
              },
            }),
          ),
        );
        expect(both.map(({ status }) => status).sort()).toEqual([201, 422]);
      }
    });

    it('show at once what was written through the other', async () => {
      const servers = list('https');
      const at = (i: number) => servers[i % 2] ?? '';
      const collection = '/api/v1/namespaces/default/configmaps';
      const merge = { 'content-type': 'application/merge-patch+json' };
      const send = async (i: number, method: string, path: string, body?: object, headers = {}) => {
        const { status, body: text } = await ask(pki, at(i), path, {
          ...{ method, user: 'admin', headers },
          ...(body === undefined ? {} : { body }),
        });
        return {
          status,
          object: JSON.parse(text) as { data?: object; items?: { metadata: { name: string } }[] },
        };
      };
      for (let i = 0; i < 10; i++) {
        const one = `${collection}/shared`;
        expect((await send(i, 'POST', collection, configMap('shared', { n: '0' }))).status).toBe(201);
        expect((await send(i + 1, 'POST', collection, configMap('shared'))).status).toBe(409);
        expect((await send(i + 1, 'GET', one)).object.data).toEqual({ n: '0' });
        expect((await send(i + 1, 'PATCH', one, { data: { n: '1' } }, merge)).status).toBe(200);
        expect((await send(i, 'GET', one)).object.data).toEqual({ n: '1' });
        const patched = await send(i, 'PATCH', one, { data: { m: '2' } }, merge);
        expect(patched.object.data).toEqual({ n: '1', m: '2' });
        expect((await send(i + 1, 'PUT', one, configMap('shared', { n: '3' }))).status).toBe(200);
        const { object } = await send(i, 'GET', collection);
        expect(object.items?.map(({ metadata }) => metadata.name)).toContain('shared');
        expect((await send(i, 'DELETE', one)).status).toBe(200);
        expect((await send(i + 1, 'GET', one)).status).toBe(404);
      }
      // At the same time: each of many patches is made, none is lost.
      await send(0, 'POST', collection, configMap('busy'));
      const keys = Array.from({ length: 30 }, (_, i) => `k${i}`);
      const patches = keys.map((key, i) =>
        send(i, 'PATCH', `${collection}/busy`, { data: { [key]: 'x' } }, merge),
      );
      expect((await Promise.all(patches)).map(({ status }) => status)).toEqual(keys.map(() => 200));
      const busy = (await send(0, 'GET', `${collection}/busy`)).object;
      expect(Object.keys(busy.data ?? {}).sort()).toEqual([...keys].sort());
    });

    it('publish each change once while one is killed, and lose nothing that was acknowledged', async () => {
      const pem = (name: string) => readFileSync(join(pki, name));
      const transport = createRpcTransport({
        address: list('grpc'),
        tls: {
          ...{ certificateAuthority: pem('ca.crt'), certificate: pem('admin.crt'), key: pem('admin.key') },
          serverName: 'apiserver',
        },
      });
      const subscriber = createNatsSubscriber({ servers: [nats.address], logger: silentLogger });
      const stopper = new AbortController();
      const ledger = await startLedger(join(pki, 'kubeconfig'));
      try {
        const maps = { group: '', version: 'v1', resource: 'configmaps' };
        const { list: before, cursor } = await eventually(async () => {
          const found = await transport.listWithCursor(maps);
          return found.cursor === undefined ? undefined : found;
        });
        const seen: number[] = [];
        const following = (async () => {
          const position = { revision: Number(before.metadata.resourceVersion), cursor };
          for await (const batch of subscriber.subscribe(maps, position, stopper.signal))
            for (const event of batch) if (event.type !== 'BOOKMARK') seen.push(event.revision);
        })();
        await ledger.more(50);
        // Whichever of them publishes at the moment: both go, one after the other.
        for (const [i, victim] of [...apiservers].entries()) {
          await victim.kill();
          await ledger.more(30, 30_000);
          const port = (name: string) => (victim.addresses[name] ?? '').split(':')[1] ?? '';
          apiservers[i] = await startApiserver(['--secure-port', port('https'), '--grpc-port', port('grpc')]);
        }
        await ledger.more(30, 30_000);
        await ledger.check();
        await ledger.stop();
        const after = await transport.list(maps);
        const newest = after.items.map(({ metadata }) => Number(metadata.resourceVersion));
        await eventually(() => newest.every((revision) => revision <= (seen.at(-1) ?? 0)), {
          timeoutMs: 20_000,
          what: 'the stream to have all changes',
        });
        expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
        const known = new Set([
          ...seen,
          ...before.items.map(({ metadata }) => Number(metadata.resourceVersion)),
        ]);
        expect(newest.filter((revision) => !known.has(revision))).toEqual([]);
        stopper.abort();
        await following;
      } finally {
        stopper.abort();
        await ledger.stop();
        await subscriber.close();
        await transport.close();
      }
    });
  },
);
