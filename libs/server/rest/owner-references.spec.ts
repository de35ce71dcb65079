import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRest, type RestServer } from './rest.spec-support.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const owner = (uid: string, name = uid) => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid });
const warning = (uids: string, when = '') =>
  `.metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${uids}`;

let server: RestServer;
beforeAll(async () => {
  server = await startRest();
});
afterAll(() => server.stop());

const map = (name: string, ownerReferences: object[], apiVersion = 'v1') => ({
  body: { apiVersion, kind: 'ConfigMap', metadata: { name, ownerReferences } },
});

describe('owner references that are there twice', () => {
  it('are dropped from what is created and replaced, with a warning', async () => {
    const twice = [owner('a'), owner('b'), owner('a'), owner('b')];
    const made = await server.call('POST', maps, map('one', twice));
    expect(made).toMatchObject({ status: 201, warnings: [warning('a, b')] });
    expect(made.json.metadata.ownerReferences).toEqual([owner('a'), owner('b')]);
    const put = await server.call('PUT', `${maps}/one`, map('one', [owner('c'), owner('c')]));
    expect(put).toMatchObject({ status: 200, warnings: [warning('c')] });
    expect(put.json.metadata.ownerReferences).toEqual([owner('c')]);
  });

  it('are dropped from what a patch makes', async () => {
    await server.call('POST', maps, map('two', [owner('a')]));
    const patched = await server.call('PATCH', `${maps}/two`, {
      type: 'application/json-patch+json',
      body: [{ op: 'add', path: '/metadata/ownerReferences/-', value: owner('a') }],
    });
    expect(patched).toMatchObject({
      status: 200,
      warnings: [warning('a', ' after mutating admission happens')],
    });
    expect(patched.json.metadata.ownerReferences).toEqual([owner('a')]);
  });

  it('are two where anything of them differs', async () => {
    const two = [owner('a'), owner('a', 'other')];
    const made = await server.call('POST', maps, map('three', two));
    expect(made).toMatchObject({ status: 201, warnings: [] });
    expect(made.json.metadata.ownerReferences).toEqual(two);
  });
});

it('the core group may be written with its slash', async () => {
  const made = await server.call('POST', maps, map('slash', [], '/v1'));
  expect(made).toMatchObject({ status: 201, json: { apiVersion: 'v1' } });
});
