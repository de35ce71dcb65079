import { afterEach, describe, expect, it } from 'vitest';
import { ConfigMap, Namespace, Secret, ServiceAccount, type Pod } from '@drydock/api/core/v1';
import { namespaceNamed, startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { runKilled } from '../shared/killed.spec-support.ts';
import { createLegacyTokenCleaner, mountedSecrets, tokenFate } from './index.ts';

let cluster: TestCluster | undefined;
afterEach(() => cluster?.stop());
const day = 24 * 60 * 60 * 1000;
const now = Date.parse('2026-06-30T12:00:00Z');
const period = 100 * day;

describe('tokenFate', () => {
  const secret = (labels: Record<string, string> = {}, created = '2026-01-01T00:00:00Z') =>
    ({ metadata: { name: 't', creationTimestamp: created, labels } }) as Secret;
  const account = { metadata: { name: 'a' }, secrets: [{ name: 't' }] } as ServiceAccount;
  const used = (date: string) => ({ 'kubernetes.io/legacy-token-last-used': date });
  const invalid = (date: string) => ({ 'kubernetes.io/legacy-token-invalid-since': date });
  const nobody = new Set<string>();
  it.each<[string, Secret, ServiceAccount | undefined, ReadonlySet<string>, string]>([
    ['never used', secret(), account, nobody, 'invalidate'],
    ['young', secret({}, '2026-06-01T00:00:00Z'), account, nobody, 'keep'],
    ['made by hand', secret(), { metadata: { name: 'a' } } as ServiceAccount, nobody, 'keep'],
    ['no account', secret(), undefined, nobody, 'keep'],
    ['mounted', secret(), account, new Set(['t']), 'keep'],
    ['used of late', secret(used('2026-06-01')), account, nobody, 'keep'],
    ['used long ago', secret(used('2026-01-02')), account, nobody, 'invalidate'],
    ['used at a time that cannot be read', secret(used('soon')), account, nobody, 'keep'],
    ['marked of late', secret(invalid('2026-06-01')), account, nobody, 'keep'],
    ['marked long ago', secret(invalid('2026-02-01')), account, nobody, 'delete'],
    ['marked at a time that cannot be read', secret(invalid('2026-02-31')), account, nobody, 'invalidate'],
  ])('%s', (_, one, of, mounted, fate) => expect(tokenFate(one, of, mounted, now, period)).toBe(fate));

  it('sees Secrets wherever a Pod reads them', () => {
    const spec = {
      volumes: [
        { name: 'one', secret: { secretName: 'a' } },
        { name: 'two', projected: { sources: [{ secret: { name: 'b' } }] } },
        { name: 'three', csi: { driver: 'd', nodePublishSecretRef: { name: 'g' } } },
        { name: 'four', azureFile: { secretName: 'h' } },
        { name: 'five', cephfs: { secretRef: { name: 'i' } } },
        { name: 'six', emptyDir: {} },
      ],
      ephemeralContainers: [{ name: 'e', envFrom: [{ secretRef: { name: 'j' } }] }],
      containers: [{ name: 'c', envFrom: [{ secretRef: { name: 'd' } }] }],
      initContainers: [
        { name: 'c', env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'e', key: 'k' } } }] },
      ],
      imagePullSecrets: [{ name: 'f' }],
    };
    expect([...mountedSecrets([{ metadata: {}, spec } as unknown as Pod])].sort()).toEqual([
      'a',
      'b',
      'd',
      'e',
      'f',
      'g',
      'h',
      'i',
      'j',
    ]);
  });
});

describe('legacy-serviceaccount-token-cleaner-controller', () => {
  it('marks, then deletes what nobody uses, though killed at any point', async () => {
    cluster = await startCluster();
    const { client, clock } = cluster;
    await client.resource(Namespace).create(namespaceNamed('kube-system'));
    await client
      .resource(ConfigMap)
      .namespace('kube-system')
      .create({
        metadata: { name: 'kube-apiserver-legacy-service-account-token-tracking', namespace: 'kube-system' },
        data: { since: '2026-01-01' },
      });
    const secrets = client.resource(Secret).namespace('default');
    await client
      .resource(ServiceAccount)
      .namespace('default')
      .create({ metadata: { name: 'a', namespace: 'default' }, secrets: [{ name: 't' }] });
    for (const name of ['t', 'by-hand'])
      await secrets.create({
        metadata: { name, namespace: 'default', annotations: { 'kubernetes.io/service-account.name': 'a' } },
        type: 'kubernetes.io/service-account-token',
      });
    const loop = runKilled(cluster, (deps) => createLegacyTokenCleaner({ periodMs: 2 * day }, deps), {
      seed: 5,
      limit: 4,
    });
    const marked = async () => (await secrets.get('t')).metadata.labels !== undefined;
    await clock.advance(2 * day);
    expect(await marked()).toBe(false);
    await clock.advance(1 * day);
    expect(await marked()).toBe(true);
    await clock.advance(4 * day);
    expect((await cluster.list(Secret, 'default')).map(({ metadata }) => metadata.name)).toEqual(['by-hand']);
    await loop.stop();
  });
});
