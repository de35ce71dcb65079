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

describe('what becomes of a token Secret', () => {
  const b64 = (text: string) => btoa(text);
  const full = { token: b64('T'), 'ca.crt': b64('PEM'), namespace: b64('default') };
  const { token: _token, ...withoutToken } = full;
  const { 'ca.crt': _ca, ...withoutCa } = full;
  const { namespace: _namespace, ...withoutNamespace } = full;
  const decoded = (data: Record<string, string> = {}) =>
    Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, atob(value).replace(/^signed .*/, 'signed')]),
    );
  const whole = { token: 'T', 'ca.crt': 'PEM', namespace: 'default' };

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['a whole one stays', full, whole],
    ['without a token it gets one', withoutToken, { ...whole, token: 'signed' }],
    ['without the authority it gets it', withoutCa, whole],
    ['with another authority it gets ours', { ...full, 'ca.crt': b64('other') }, whole],
    ['without a namespace it gets it', withoutNamespace, whole],
    [
      'with another namespace it keeps that',
      { ...full, namespace: b64('custom') },
      { ...whole, namespace: 'custom' },
    ],
  ])('%s', async (_title, data, expected) => {
    cluster = await startCluster();
    await accounts().create({ metadata: { name: 'robot', namespace: 'default' } });
    const annotations = { 'kubernetes.io/service-account.name': 'robot' };
    await secrets().create({
      metadata: { name: 't', namespace: 'default', annotations },
      type: 'kubernetes.io/service-account-token',
      data,
    });
    cluster.run(loop);
    const uid = async () =>
      (await secrets().get('t')).metadata.annotations?.['kubernetes.io/service-account.uid'];
    await cluster.until(async () => (await uid()) !== undefined);
    expect(decoded((await secrets().get('t')).data)).toEqual(expected);
  });

  it.each<[string, string, keeps: boolean]>([
    ['goes where it is for an account of the same name that is gone', 'another', false],
    ['stays where it is for this one', '', true],
  ])('%s', async (_title, uid, keeps) => {
    cluster = await startCluster();
    const account = await accounts().create({ metadata: { name: 'robot', namespace: 'default' } });
    await secrets().create({
      metadata: {
        name: 't',
        namespace: 'default',
        annotations: {
          'kubernetes.io/service-account.name': 'robot',
          'kubernetes.io/service-account.uid': uid || (account.metadata.uid ?? ''),
        },
      },
      type: 'kubernetes.io/service-account-token',
    });
    await make('other', 'robot');
    cluster.run(loop);
    await cluster.until(async () => (await secrets().get('other')).data?.['token'] !== undefined);
    await cluster.settle();
    const names = (await cluster.list(Secret)).map(({ metadata }) => metadata.name);
    expect(names).toEqual(keeps ? ['other', 't'] : ['other']);
  });

  it('is taken off its account’s list when it is deleted', async () => {
    cluster = await startCluster();
    cluster.run(loop);
    await accounts().create({
      metadata: { name: 'robot', namespace: 'default' },
      secrets: [{ name: 't' }, { name: 'kept' }],
    });
    await make('t', 'robot');
    await cluster.until(async () => (await secrets().get('t')).data?.['token'] !== undefined);
    await secrets().delete('t');
    await cluster.until(async () => (await accounts().get('robot')).secrets?.length === 1);
    expect((await accounts().get('robot')).secrets).toEqual([{ name: 'kept' }]);
  });
});
