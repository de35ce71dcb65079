import { afterEach, describe, expect, it } from 'vitest';
import { ConfigMap, Namespace, Secret } from '@drydock/api/core/v1';
import { namespaceNamed, startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { runKilled } from '../shared/killed.spec-support.ts';
import { createTokenCleaner } from '../token-cleaner/index.ts';
import { createBootstrapSigner } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster?.stop());

const [systems, publics] = ['kube-system', 'kube-public'];
async function start(data: Record<string, string> = { kubeconfig: 'payload' }) {
  cluster = await startCluster();
  for (const name of [systems, publics])
    await cluster.client.resource(Namespace).create(namespaceNamed(name));
  await cluster.client
    .resource(ConfigMap)
    .create({ metadata: { name: 'cluster-info', namespace: publics }, data });
}
const token = (id: string, more: Record<string, string> = {}, name = `bootstrap-token-${id}`): Secret => {
  const data = { 'token-id': id, 'token-secret': 'tokenSecret', 'usage-bootstrap-signing': 'true', ...more };
  return {
    metadata: { name, namespace: systems },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, btoa(value)])),
  };
};
const create = (secret: Secret) => cluster.client.resource(Secret).create(secret);
const data = async () =>
  (await cluster.client.resource(ConfigMap).namespace(publics).get('cluster-info')).data ?? {};
const ids = async () =>
  Object.keys(await data())
    .filter((key) => key.startsWith('jws-'))
    .join();

/** The signature that kube-controller-manager makes of this content with this token. */
const signature = 'eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiYzEyMyJ9..QSxpUG7Q542CirTI2ECPSZjvBOJURUW5a7XqFpNI958';

describe('bootstrap-signer-controller', () => {
  it.each<[string, Record<string, string>]>([
    ['signs', {}],
    ['replaces a signature that is wrong', { 'jws-kubeconfig-abc123': 'old' }],
    ['removes the signatures of tokens that are gone', { 'jws-kubeconfig-abcdef': 'old' }],
  ])('%s', async (_title, before) => {
    await start({ kubeconfig: 'payload', other: 'stays', ...before });
    await create(token('abc123'));
    cluster.run(createBootstrapSigner);
    await cluster.until(async () => (await data())['jws-kubeconfig-abc123'] === signature);
    expect(await data()).toEqual({
      kubeconfig: 'payload',
      other: 'stays',
      'jws-kubeconfig-abc123': signature,
    });
  });

  it.each<[string, Secret]>([
    ['for another use', token('abcdef', { 'usage-bootstrap-signing': 'false' })],
    ['of an age', token('abcdef', { expiration: '2025-12-31T00:00:00Z' })],
    ['of an age that nobody can read', token('abcdef', { expiration: 'soon' })],
    ['without a secret', token('abcdef', { 'token-secret': '' })],
    ['by the name of another one', token('abcdef', {}, 'bootstrap-token-123456')],
    ['by no such name', token('abcdef', {}, 'abcdef')],
    ['of another type', { ...token('abcdef'), type: 'Opaque' }],
    ['elsewhere', { ...token('abcdef'), metadata: { name: 'bootstrap-token-abcdef', namespace: 'default' } }],
  ])('does not sign with a token %s', async (_title, secret) => {
    await start();
    await create(secret);
    await create(token('abc123'));
    cluster.run(createBootstrapSigner);
    await cluster.until(async () => (await ids()) === 'jws-kubeconfig-abc123');
    await cluster.settle();
    expect(await ids()).toBe('jws-kubeconfig-abc123');
  });

  it('signs nothing where there is nothing to sign', async () => {
    await start({ 'jws-kubeconfig-abc123': 'old' });
    await create(token('abc123'));
    cluster.run(createBootstrapSigner);
    await cluster.settle();
    expect(await data()).toEqual({ 'jws-kubeconfig-abc123': 'old' });
  });

  it.each([21, 22, 23])(
    'follows tokens as they come, expire and go, though killed (seed %d)',
    async (seed) => {
      await start();
      const loops = [createBootstrapSigner, createTokenCleaner].map((factory) =>
        runKilled(cluster, factory, { seed, chance: 0.6, limit: 6 }),
      );
      await create(token('aaaaaa', { expiration: '2026-01-01T01:00:00Z' }));
      await create(token('bbbbbb', { expiration: '2030-01-01T00:00:00Z' }));
      await create(token('cccccc'));
      const all = ['aaaaaa', 'bbbbbb', 'cccccc'].map((id) => `jws-kubeconfig-${id}`);
      await cluster.until(async () => (await ids()) === String(all), 300_000);
      await cluster.clock.advance(3_600_000);
      await cluster.until(async () => (await ids()) === String(all.slice(1)), 300_000);
      expect((await cluster.list(Secret)).map(({ metadata }) => metadata.name)).toEqual([
        'bootstrap-token-bbbbbb',
        'bootstrap-token-cccccc',
      ]);
      expect(loops.reduce((sum, loop) => sum + loop.kills(), 0)).toBeGreaterThan(0);
      for (const loop of loops) await loop.stop();
    },
  );
});

describe('token-cleaner-controller', () => {
  it.each<[string, Record<string, string>, left: boolean]>([
    ['without an end', {}, true],
    ['with an end to come', { expiration: '2026-01-01T01:00:00Z' }, true],
    ['with an end long ago', { expiration: '2025-12-31T23:00:00Z' }, false],
    ['with an end that nobody can read', { expiration: 'soon' }, false],
  ])('a token %s', async (_title, more, left) => {
    await start();
    await create(token('abcdef', more));
    cluster.run(createTokenCleaner);
    await cluster.settle();
    expect(await cluster.list(Secret)).toHaveLength(left ? 1 : 0);
  });

  it('looks again when the time of a token is over, and not before', async () => {
    await start();
    await create(token('abcdef', { expiration: '2026-01-01T00:00:02Z' }));
    cluster.run(createTokenCleaner);
    await cluster.clock.advance(1_900);
    expect(await cluster.list(Secret)).toHaveLength(1);
    await cluster.clock.advance(100);
    await cluster.until(async () => (await cluster.list(Secret)).length === 0);
  });

  it('leaves a token whose time is prolonged', async () => {
    await start();
    await create(token('abcdef', { expiration: '2026-01-01T00:00:02Z' }));
    cluster.run(createTokenCleaner);
    await cluster.clock.advance(1_000);
    await cluster.client
      .resource(Secret)
      .namespace(systems)
      .patch('bootstrap-token-abcdef', {
        type: 'merge',
        body: { data: { expiration: btoa('2026-01-01T00:00:09Z') } },
      });
    await cluster.clock.advance(5_000);
    expect(await cluster.list(Secret)).toHaveLength(1);
  });
});
