import { afterEach, describe, expect, it } from 'vitest';
import { Secret, ServiceAccount } from '@drydock/api/core/v1';
import { startCluster, type TestCluster } from '../shared/cluster.spec-support.ts';
import { runKilled } from '../shared/killed.spec-support.ts';
import { createServiceAccountTokenController } from './index.ts';

let cluster: TestCluster;
afterEach(() => cluster?.stop());
const keys = {
  sign: (claims: object) => `signed ${JSON.stringify(claims)}`,
  verify: () => undefined,
} as never;
const loop = (deps: TestCluster['deps']) =>
  createServiceAccountTokenController({ keys, rootCa: 'PEM' }, deps);
const accounts = () => cluster.client.resource(ServiceAccount).namespace('default');
const secrets = () => cluster.client.resource(Secret).namespace('default');
const make = (name: string, account: string) =>
  secrets().create({
    metadata: { name, namespace: 'default', annotations: { 'kubernetes.io/service-account.name': account } },
    type: 'kubernetes.io/service-account-token',
  });

describe('serviceaccount-token-controller', () => {
  it('fills token Secrets, and deletes them with their account, though killed at any point', async () => {
    cluster = await startCluster();
    const killed = runKilled(cluster, loop, { seed: 61, limit: 6 });
    const account = await accounts().create({ metadata: { name: 'robot', namespace: 'default' } });
    await make('t', 'robot');
    await make('stray', 'nobody');
    await cluster.until(async () => (await secrets().get('t')).data?.['token'] !== undefined);
    const { metadata, data } = await secrets().get('t');
    expect(metadata.annotations?.['kubernetes.io/service-account.uid']).toBe(account.metadata.uid);
    expect(atob(data?.['ca.crt'] ?? '')).toBe('PEM');
    expect(atob(data?.['namespace'] ?? '')).toBe('default');
    expect(JSON.parse(atob(data?.['token'] ?? '').slice('signed '.length))).toEqual({
      iss: 'kubernetes/serviceaccount',
      sub: 'system:serviceaccount:default:robot',
      'kubernetes.io/serviceaccount/namespace': 'default',
      'kubernetes.io/serviceaccount/secret.name': 't',
      'kubernetes.io/serviceaccount/service-account.name': 'robot',
      'kubernetes.io/serviceaccount/service-account.uid': account.metadata.uid,
    });
    const left = async () => (await cluster.list(Secret, 'default')).map((secret) => secret.metadata.name);
    await cluster.until(async () => String(await left()) === 't');
    await accounts().delete('robot');
    await cluster.until(async () => (await left()).length === 0);
    await killed.stop();
  });
});
