import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '@drydock/port/store';
import { bytes, record, refusal, text } from '@drydock/port/store-suite';
import { afterEach, describe, expect, it } from 'vitest';
import { etcdctl, etcdInstalled, startEtcd, type EtcdServer } from './etcd-server.ts';
import { openEtcdStore, restoreEtcdStore, type EtcdStoreOptions } from './index.ts';

const user = { name: 'drydock', password: 'secret' };
const root = ['--user', 'root:all'];

describe.skipIf(!etcdInstalled())('an etcd that knows users', () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  /** With a user who may do all below `/registry/`, and nothing else. */
  async function server(...args: readonly string[]): Promise<EtcdServer> {
    const etcd = await startEtcd(['--bcrypt-cost', '4', ...args]);
    ends.push(() => etcd.dispose());
    for (const command of [
      'user add root:all',
      'user grant-role root root',
      'role add registry',
      'role grant-permission registry readwrite --prefix /registry/',
      `user add ${user.name}:${user.password}`,
      `user grant-role ${user.name} registry`,
    ])
      etcdctl(etcd.endpoint, ...command.split(' '));
    return etcd;
  }
  async function open(etcd: EtcdServer, options: Partial<EtcdStoreOptions> = {}): Promise<Store> {
    const place = { keyPrefix: '/registry', root: '/registry' };
    const store = await openEtcdStore({ endpoints: [etcd.endpoint], user, ...place, ...options });
    ends.push(() => store.close());
    return store;
  }

  it('takes a store by its user and password, and no other', async () => {
    const etcd = await server();
    const before = await open(etcd);
    const watch = record(before, await before.revision());
    await before.create('/registry/a', bytes('1'));
    etcdctl(etcd.endpoint, 'auth', 'enable');
    // Opened when nobody was asked for a name: goes on all the same.
    await before.create('/registry/b', bytes('2'));
    const store = await open(etcd);
    expect((await store.list('/registry/')).entries.map(({ value }) => text(value))).toEqual(['1', '2']);
    await store.compact(await store.revision());

    const opening = (wrong: Partial<EtcdStoreOptions>) => refusal(open(etcd, wrong), 'Unavailable');
    expect((await opening({ user: { ...user, password: 'wrong' } })).message).toBe(
      'etcd: etcdserver: authentication failed, invalid user ID or password',
    );
    const nobody = { endpoints: [etcd.endpoint], keyPrefix: '/registry', root: '/registry' };
    expect((await refusal(openEtcdStore(nobody), 'Unavailable')).message).toBe(
      'etcd: etcdserver: user name is empty',
    );
    expect((await opening({ keyPrefix: '/other' })).message).toBe('etcd: etcdserver: permission denied');
    await store.create('/registry/c', bytes('3'));
    expect((await watch.count(3)).map(({ key }) => key)).toEqual([
      '/registry/a',
      '/registry/b',
      '/registry/c',
    ]);
    watch.cancel();
  });

  it('forgets its tokens when it is killed: they are asked for again, and nothing is lost', async () => {
    const etcd = await server();
    etcdctl(etcd.endpoint, 'auth', 'enable');
    const store = await open(etcd);
    const watch = record(store, await store.revision());
    await store.create('/registry/a', bytes('1'));
    await watch.count(1);
    await etcd.kill();
    await etcd.start();
    await Promise.all(['b', 'c', 'd', 'e'].map((name) => store.create(`/registry/${name}`, bytes(name))));
    expect((await watch.count(5)).map(({ key }) => key).toSorted()).toEqual(
      ['a', 'b', 'c', 'd', 'e'].map((name) => `/registry/${name}`),
    );
    watch.cancel();
  });

  it('gives tokens that end: writes go on with new ones, also when what users may do is changed', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    });
    const dir = mkdtempSync(join(tmpdir(), 'drydock-etcd-tokens-'));
    ends.push(() => rmSync(dir, { recursive: true, force: true }));
    const [pub, priv] = [join(dir, 'pub'), join(dir, 'priv')];
    writeFileSync(pub, publicKey);
    writeFileSync(priv, privateKey);
    const keys = `pub-key=${pub},priv-key=${priv},sign-method=RS256`;
    const etcd = await server('--auth-token', `jwt,${keys},ttl=1s`);
    etcdctl(etcd.endpoint, 'auth', 'enable');
    const store = await open(etcd);
    const given = async () => {
      const figures = await (await fetch(`http://${etcd.endpoint}/metrics`)).text();
      return Number(
        /grpc_server_handled_total\{grpc_code="OK",grpc_method="Authenticate".*\} (\d+)/.exec(figures)?.[1],
      );
    };
    const atFirst = await given();
    let at = await store.create('/registry/a', bytes(''));
    while ((await given()) < atFirst + 2) at = await store.update('/registry/a', bytes(`${at}`), at);
    etcdctl(etcd.endpoint, ...root, 'role', 'grant-permission', 'registry', 'read', '/elsewhere');
    expect(await store.update('/registry/a', bytes('last'), at)).toBeGreaterThan(at);
  });
});

describe.skipIf(!etcdInstalled())('clusters that share an etcd', () => {
  it('have keys of their own, and hear nothing of one another', async () => {
    const etcd = await startEtcd();
    const open = (keyPrefix: string) =>
      openEtcdStore({ endpoints: [etcd.endpoint], keyPrefix, root: '/registry' });
    const options = { endpoints: [etcd.endpoint], keyPrefix: '/clusters/two', root: '/registry' };
    const entries = [{ key: '/registry/x', value: bytes('restored'), revision: 3 }];
    const one = await open('/registry');
    await one.create('/registry/x', bytes('one'));
    // One is there, and for the other the etcd is empty.
    await restoreEtcdStore(options, { entries, revision: 70_000 });
    const two = await open('/clusters/two');
    const raw = await openEtcdStore({ endpoints: [etcd.endpoint] });
    const [seenByOne, seenByTwo] = [record(one, await one.revision()), record(two, await two.revision())];
    await two.create('/registry/y', bytes('two'));
    await one.create('/registry/z', bytes('one'));
    expect((await raw.list('')).entries.map(({ key }) => key)).toEqual([
      '/clusters/two/drydock/revision-base',
      '/clusters/two/x',
      '/clusters/two/y',
      '/registry/x',
      '/registry/z',
    ]);
    const listed = async (store: Store) =>
      (await store.list('/registry/')).entries.map(({ key, value }) => `${key} ${text(value)}`);
    expect(await listed(one)).toEqual(['/registry/x one', '/registry/z one']);
    expect(await listed(two)).toEqual(['/registry/x restored', '/registry/y two']);
    expect([await one.revision(), await two.revision()].map((revision) => revision > 70_000)).toEqual([
      false,
      true,
    ]);
    // Writes are answered when the watch has told of them.
    expect(seenByOne.events.map(({ key }) => key)).toEqual(['/registry/z']);
    expect(seenByTwo.events.map(({ key }) => key)).toEqual(['/registry/y']);
    for (const watch of [seenByOne, seenByTwo]) watch.cancel();
    for (const store of [one, two, raw]) await store.close();
    await etcd.dispose();
  });
});
