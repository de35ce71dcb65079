import type { KubeObject } from '@drydock/base/apimachinery';
import { createTokenKey, createTokenKeys } from '@drydock/http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRest, type RestServer } from './rest.spec-support.ts';

const issuer = 'https://kubernetes.default.svc.cluster.local';
let server: RestServer;
const keys = createTokenKeys(createTokenKey());

beforeEach(async () => {
  server = await startRest({ tokenKeys: keys, core: { disableAdmission: ['ServiceAccount'] } });
  await post('/api/v1/namespaces/default/serviceaccounts', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'robot' },
  });
});
afterEach(() => server.stop());

const post = (path: string, body: unknown) => server.call('POST', path, { body });
const ask = (spec: object, more: object = {}) =>
  post('/api/v1/namespaces/default/serviceaccounts/robot/token', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec,
    ...more,
  });
interface Answered extends KubeObject {
  spec: Record<string, unknown>;
  status: { token: string; expirationTimestamp: string };
}
const tokenOf = async (spec: object): Promise<string> =>
  ((await ask(spec)).json as unknown as Answered).status.token;
const review = async (token: string, audiences?: string[]) =>
  (
    (
      await post('/apis/authentication.k8s.io/v1/tokenreviews', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token, audiences },
      })
    ).json as unknown as { status: Record<string, unknown> }
  ).status;

const pod = (name: string, serviceAccountName = 'robot') => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { serviceAccountName, nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] },
});

describe('serviceaccounts/token', () => {
  it('answers a token that says whose it is, for an hour unless another time is asked for', async () => {
    const { status, json } = await ask({});
    expect(status).toBe(201);
    const { spec, status: given, metadata } = json as unknown as Answered;
    expect(metadata).toMatchObject({ name: 'robot', namespace: 'default' });
    expect(spec).toMatchObject({ audiences: [issuer], expirationSeconds: 3600 });
    const claims = keys.verify(given.token)!;
    expect(claims).toMatchObject({
      iss: issuer,
      aud: [issuer],
      sub: 'system:serviceaccount:default:robot',
      'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'robot' } },
    });
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(3600);
    expect(Date.parse(given.expirationTimestamp) / 1000).toBe(claims['exp']);
  });

  it('refuses times that are too short or too long, other names and unknown accounts', async () => {
    const short = await ask({ expirationSeconds: 599 });
    expect(short.status).toBe(422);
    expect(short.json.message).toBe(
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
    );
    expect((await ask({ expirationSeconds: 2 ** 32 + 1 })).json.message).toContain(
      'larger than 2^32 seconds',
    );
    expect((await ask({}, { metadata: { name: 'other' } })).json.message).toContain(
      'must match the service account name',
    );
    const none = await post('/api/v1/namespaces/default/serviceaccounts/nobody/token', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {},
    });
    expect([none.status, none.json.message]).toEqual([404, 'serviceaccounts "nobody" not found']);
    expect((await server.call('GET', '/api/v1/namespaces/default/serviceaccounts/robot/token')).status).toBe(
      405,
    );
  });

  it('binds a token to a Pod, a Secret or a Node, with which it dies', async () => {
    await post('/api/v1/namespaces/default/pods', pod('p'));
    await post('/api/v1/namespaces/default/pods', pod('q', 'default'));
    const ref = { apiVersion: 'v1', kind: 'Pod', name: 'p' };
    const token = await tokenOf({ boundObjectRef: ref });
    expect(await review(token)).toMatchObject({
      authenticated: true,
      audiences: [issuer],
      user: {
        username: 'system:serviceaccount:default:robot',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
        extra: {
          'authentication.kubernetes.io/pod-name': ['p'],
          'authentication.kubernetes.io/node-name': ['n1'],
          'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^JTI=/)],
        },
      },
    });
    expect((await ask({ boundObjectRef: { ...ref, name: 'q' } })).json.message).toBe(
      'cannot bind token for serviceaccount "robot" to pod running with different serviceaccount name.',
    );
    expect((await ask({ boundObjectRef: { ...ref, name: 'none' } })).json.message).toBe(
      'pods "none" not found',
    );
    expect((await ask({ boundObjectRef: { ...ref, uid: 'x' } })).status).toBe(409);
    expect((await ask({ boundObjectRef: { ...ref, kind: 'ConfigMap' } })).json.message).toBe(
      'cannot bind token to object of type /v1, Kind=ConfigMap',
    );
    await server.call('DELETE', '/api/v1/namespaces/default/pods/p?gracePeriodSeconds=0');
    expect(await review(token)).toEqual({
      user: {},
      error: '[invalid bearer token, service account token has been invalidated]',
    });
  });

  it('is for its audiences, until it ends, while the account is there', async () => {
    const token = await tokenOf({ audiences: ['vault', 'other'], expirationSeconds: 600 });
    expect(await review(token)).toMatchObject({
      user: {},
      error: expect.stringContaining('is invalid for the target'),
    });
    expect(await review(token, ['vault'])).toMatchObject({ authenticated: true, audiences: ['vault'] });
    await server.clock.advance(600_000);
    expect(await review(token, ['vault'])).toMatchObject({
      error: '[invalid bearer token, service account token has expired]',
    });
    const next = await tokenOf({});
    await server.call('DELETE', '/api/v1/namespaces/default/serviceaccounts/robot');
    expect(await review(next)).toMatchObject({
      error: '[invalid bearer token, serviceaccounts "robot" not found]',
    });
    expect(await review('nonsense')).toEqual({ user: {}, error: 'invalid bearer token' });
  });

  it('gives kubelets tokens that outlive what they say, with a time from which clients are warned', async () => {
    await post('/api/v1/namespaces/default/pods', pod('p'));
    const token = await tokenOf({
      expirationSeconds: 3607,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p' },
    });
    const claims = keys.verify(token)!;
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(365 * 86_400);
    expect((claims['kubernetes.io'] as Record<string, number>)['warnafter']).toBe(
      Number(claims['iat']) + 3607,
    );
  });
});

describe('the issuer of tokens', () => {
  it('tells its configuration and its keys', async () => {
    const found = await server.call('GET', '/.well-known/openid-configuration');
    expect(found.json).toEqual({
      issuer,
      jwks_uri: 'https://127.0.0.1:6443/openid/v1/jwks',
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    });
    const { headers, text } = await server.call('GET', '/openid/v1/jwks');
    expect(headers['content-type']).toBe('application/jwk-set+json');
    expect(JSON.parse(text)).toEqual({ keys: keys.publicKeys() });
  });
});

describe('bindings', () => {
  it('gives the Pod that the body names its node', async () => {
    const { nodeName: _none, ...spec } = pod('free').spec;
    await post('/api/v1/namespaces/default/pods', { ...pod('free'), spec });
    const bind = (name: string) =>
      post('/api/v1/namespaces/default/bindings', {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name },
        target: { kind: 'Node', name: 'n7' },
      });
    expect((await bind('free')).status).toBe(201);
    const bound = await server.call('GET', '/api/v1/namespaces/default/pods/free');
    expect(bound.json).toMatchObject({
      spec: { nodeName: 'n7' },
      status: { conditions: [{ type: 'PodScheduled', status: 'True', observedGeneration: 1 }] },
    });
    expect((await bind('free')).status).toBe(409);
    expect((await bind('nothing')).json.message).toBe('pods "nothing" not found');
  });
});

describe('componentstatuses', () => {
  it('are read, in a table too, with the news that they are old', async () => {
    const list = await server.call('GET', '/api/v1/componentstatuses');
    expect(list.warnings).toEqual(['v1 ComponentStatus is deprecated in v1.19+']);
    expect(list.json.items.map(({ metadata }) => metadata.name)).toEqual(['etcd-0']);
    const table = await server.call('GET', '/api/v1/componentstatuses/etcd-0', {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    });
    expect((table.json as unknown as { rows: { cells: unknown[] }[] }).rows[0]?.cells).toEqual([
      'etcd-0',
      'Healthy',
      'ok',
      '',
    ]);
    expect((await server.call('GET', '/api/v1/componentstatuses/x')).status).toBe(404);
    expect(
      (await server.call('GET', '/api/v1/componentstatuses?fieldSelector=metadata.name=x')).json.items,
    ).toEqual([]);
    expect((await server.call('POST', '/api/v1/componentstatuses', { body: {} })).status).toBe(405);
  });
});

describe('tokens that are kept in Secrets', () => {
  const trackingPath =
    '/api/v1/namespaces/kube-system/configmaps/kube-apiserver-legacy-service-account-token-tracking';
  const today = (): string => new Date(server.clock.now()).toISOString().slice(0, 10);
  const secretPath = '/api/v1/namespaces/default/secrets/old';
  const labels = async () => (await server.call('GET', secretPath)).json.metadata.labels;
  const keep = async (): Promise<string> => {
    const account = await server.call('GET', '/api/v1/namespaces/default/serviceaccounts/robot');
    const token = keys.sign({
      iss: 'kubernetes/serviceaccount',
      sub: 'system:serviceaccount:default:robot',
      'kubernetes.io/serviceaccount/namespace': 'default',
      'kubernetes.io/serviceaccount/secret.name': 'old',
      'kubernetes.io/serviceaccount/service-account.name': 'robot',
      'kubernetes.io/serviceaccount/service-account.uid': account.json.metadata.uid,
    });
    await post('/api/v1/namespaces/default/secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/service-account-token',
      metadata: { name: 'old', annotations: { 'kubernetes.io/service-account.name': 'robot' } },
      data: { token: btoa(token) },
    });
    return token;
  };

  it('are labelled with the day of their last use, and tell when they are no longer good', async () => {
    const token = await keep();
    expect(await labels()).toBeUndefined();
    expect(await review(token)).toMatchObject({ authenticated: true });
    await expect.poll(labels).toEqual({ 'kubernetes.io/legacy-token-last-used': today() });
    await server.call('PATCH', secretPath, {
      type: 'application/merge-patch+json',
      body: { metadata: { labels: { 'kubernetes.io/legacy-token-invalid-since': today() } } },
    });
    expect((await review(token))['error']).toContain(
      'the token in secret default/old for service account default/robot has been marked invalid. Use tokens from the TokenRequest API',
    );
  });

  it('have their use noted since the day that a ConfigMap says, which comes back after a while', async () => {
    const since = async () => (await server.call('GET', trackingPath)).json as unknown as { data?: object };
    await expect.poll(async () => (await since()).data).toEqual({ since: today() });
    await server.call('PATCH', trackingPath, {
      type: 'application/merge-patch+json',
      body: { data: { since: 'once', other: 'x' } },
    });
    await server.clock.advance(1);
    await expect.poll(async () => (await since()).data).toEqual({ since: today(), other: 'x' });
    await server.call('DELETE', trackingPath);
    await server.clock.advance(29 * 60_000);
    expect((await server.call('GET', trackingPath)).status).toBe(404);
    await server.clock.advance(60_000);
    await expect.poll(async () => (await since()).data).toEqual({ since: today() });
  });
});
