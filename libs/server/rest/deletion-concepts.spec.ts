import type { KubeObject } from '@drydock/base/apimachinery';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RestServer } from './rest.spec-support.ts';
import { startRest } from './rest.spec-support.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
const merge = 'application/merge-patch+json';

let server: RestServer;
beforeEach(async () => {
  server = await startRest();
  // Pods wait for their account.
  await server.call('POST', '/api/v1/namespaces/default/serviceaccounts', {
    body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } },
  });
});
afterEach(() => server.stop());

const createMap = (name: string, metadata: object = {}) =>
  server.call('POST', maps, {
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata } },
  });
const get = (path: string) => server.call('GET', path);
const remove = (path: string, options?: object) =>
  server.call(
    'DELETE',
    path,
    options === undefined ? {} : { body: { kind: 'DeleteOptions', apiVersion: 'v1', ...options } },
  );

/** A Pod that a node has taken, so that it is deleted gracefully. */
async function runningPod(name: string, metadata: object = {}): Promise<void> {
  const created = await server.call('POST', pods, {
    body: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, ...metadata },
      spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }], terminationGracePeriodSeconds: 40 },
    },
  });
  expect(created.status).toBe(201);
}

const secondsLeft = ({ metadata }: KubeObject): number =>
  (Date.parse(metadata.deletionTimestamp!) - server.clock.now()) / 1000;

describe('graceful deletion', () => {
  it('starts with the object’s own period; it can be shortened, not prolonged', async () => {
    await runningPod('p');
    const first = await remove(`${pods}/p`);
    expect(first).toMatchObject({
      status: 200,
      json: { kind: 'Pod', metadata: { deletionGracePeriodSeconds: 40 } },
    });
    expect(secondsLeft(first.json)).toBeCloseTo(40, -1);
    const { resourceVersion } = first.json.metadata;
    // No new wish, and a longer one, change nothing.
    expect((await remove(`${pods}/p`)).json.metadata.resourceVersion).toBe(resourceVersion);
    expect((await remove(`${pods}/p`, { gracePeriodSeconds: 50 })).json.metadata.resourceVersion).toBe(
      resourceVersion,
    );
    const shorter = (await remove(`${pods}/p`, { gracePeriodSeconds: 10 })).json;
    expect(shorter.metadata.deletionGracePeriodSeconds).toBe(10);
    expect(secondsLeft(shorter)).toBeCloseTo(10, -1);
    expect((await remove(`${pods}/p`, { gracePeriodSeconds: 0 })).status).toBe(200);
    expect((await get(`${pods}/p`)).status).toBe(404);
  });

  it('is never put into the past', async () => {
    await runningPod('p');
    await remove(`${pods}/p`);
    await server.clock.advance(30_000);
    const late = (await remove(`${pods}/p`, { gracePeriodSeconds: 5 })).json;
    expect(late.metadata.deletionGracePeriodSeconds).toBe(1);
    expect(secondsLeft(late)).toBeGreaterThan(-1);
  });

  it('takes a negative period for one second', async () => {
    await runningPod('p');
    expect(
      (await remove(`${pods}/p`, { gracePeriodSeconds: -7 })).json.metadata.deletionGracePeriodSeconds,
    ).toBe(1);
  });

  it('bumps the generation once', async () => {
    await runningPod('p', { finalizers: ['example.org/hold'] });
    const { generation } = (await get(`${pods}/p`)).json.metadata;
    expect((await remove(`${pods}/p`)).json.metadata.generation).toBe(generation! + 1);
    expect((await remove(`${pods}/p`, { gracePeriodSeconds: 1 })).json.metadata.generation).toBe(
      generation! + 1,
    );
  });

  it('ends at once where nothing waits: the answer is a Status with the uid', async () => {
    const { uid } = (await createMap('a')).json.metadata;
    expect((await remove(`${maps}/a`)).json).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'a', kind: 'configmaps', uid },
    });
  });
});

describe('preconditions', () => {
  it('on uid and resourceVersion', async () => {
    const { uid, resourceVersion } = (await createMap('a')).json.metadata;
    const wrongUid = await remove(`${maps}/a`, { preconditions: { uid: 'x' } });
    expect(wrongUid.json).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: `Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (x) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    });
    const wrongVersion = await remove(`${maps}/a`, { preconditions: { resourceVersion: '1' } });
    expect(wrongVersion.json).toMatchObject({
      code: 409,
      message: `Operation cannot be fulfilled on ConfigMap "a": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    });
    expect((await remove(`${maps}/a`, { preconditions: { resourceVersion: '' } })).status).toBe(409);
    expect((await remove(`${maps}/a`, { preconditions: { uid, resourceVersion } })).status).toBe(200);
  });
});

describe('finalizers', () => {
  it('hold the object until the last is taken away', async () => {
    await createMap('a', { finalizers: ['example.org/one', 'example.org/two'] });
    const deleted = await remove(`${maps}/a`);
    expect(deleted.json).toMatchObject({
      kind: 'ConfigMap',
      metadata: { deletionGracePeriodSeconds: 0, deletionTimestamp: expect.any(String) as string },
    });
    const patch = (finalizers: string[]) =>
      server.call('PATCH', `${maps}/a`, { body: { metadata: { finalizers } }, type: merge });
    expect((await patch(['example.org/one'])).status).toBe(200);
    expect((await patch(['example.org/one', 'example.org/new'])).json).toMatchObject({
      code: 422,
      message:
        'ConfigMap "a" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.org/new"}',
    });
    const last = await patch([]);
    expect(last).toMatchObject({ status: 200, json: { kind: 'ConfigMap', metadata: { name: 'a' } } });
    expect((await get(`${maps}/a`)).status).toBe(404);
  });

  it('are changed, and labels too, while the object is going', async () => {
    await createMap('a', { finalizers: ['example.org/one'] });
    const { deletionTimestamp } = (await remove(`${maps}/a`)).json.metadata;
    const put = await server.call('PATCH', `${maps}/a`, {
      body: { metadata: { labels: { x: 'y' }, deletionTimestamp: null } },
      type: merge,
    });
    expect(put.json.metadata).toMatchObject({ deletionTimestamp, labels: { x: 'y' } });
  });
});

describe('propagation', () => {
  it.each([
    [{ propagationPolicy: 'Foreground' }, ['foregroundDeletion']],
    [{ propagationPolicy: 'Orphan' }, ['orphan']],
    [{ orphanDependents: true }, ['orphan']],
  ])('%o leaves its finalizer to the garbage collector', async (options, finalizers) => {
    await createMap('a');
    expect((await remove(`${maps}/a`, options)).json.metadata.finalizers).toEqual(finalizers);
  });

  it('the last wish counts, and a wish for the background takes the finalizers away', async () => {
    await createMap('a');
    await remove(`${maps}/a`, { propagationPolicy: 'Foreground' });
    expect((await remove(`${maps}/a`, { propagationPolicy: 'Orphan' })).json.metadata.finalizers).toEqual([
      'orphan',
    ]);
    expect((await remove(`${maps}/a`, { propagationPolicy: 'Background' })).json.kind).toBe('Status');
  });

  it('orphanDependents=false on what is held is Accepted', async () => {
    await createMap('a', { finalizers: ['example.org/one'] });
    expect((await remove(`${maps}/a`, { orphanDependents: false })).status).toBe(202);
  });

  it('both ways at once are refused, and unknown ones', async () => {
    await createMap('a');
    expect(
      (await remove(`${maps}/a`, { propagationPolicy: 'Orphan', orphanDependents: true })).json,
    ).toMatchObject({
      code: 422,
      message:
        'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
    });
    expect((await remove(`${maps}/a`, { propagationPolicy: 'Sometimes' })).json).toMatchObject({
      code: 422,
      message:
        'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Sometimes": supported values: "Foreground", "Background", "Orphan", "nil"',
    });
  });
});

describe('DeleteOptions', () => {
  it('come from the address where there is no body', async () => {
    await createMap('a');
    const answer = await server.call('DELETE', `${maps}/a?propagationPolicy=Foreground&dryRun=All`);
    expect(answer.json.metadata.finalizers).toEqual(['foregroundDeletion']);
    expect((await get(`${maps}/a`)).json.metadata.finalizers).toBeUndefined();
    const real = await server.call('DELETE', `${maps}/a?propagationPolicy=Foreground`);
    expect(real.json.metadata.finalizers).toEqual(['foregroundDeletion']);
  });

  it('of the body stand alone', async () => {
    await createMap('a');
    const answer = await server.call('DELETE', `${maps}/a?propagationPolicy=Foreground`, {
      body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Orphan' },
    });
    expect(answer.json.metadata.finalizers).toEqual(['orphan']);
  });

  it.each(['v1', 'meta.k8s.io/v1', 'apps/v1'])('are known in %s', async (apiVersion) => {
    await createMap('a');
    expect((await remove(`${maps}/a`, { apiVersion })).status).toBe(200);
  });

  it.each([
    [
      '{"kind":"DeleteOptions","gracePeriodSeconds":"x"}',
      'json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64',
    ],
    ['{', "couldn't get version/kind; json parse error: unexpected end of JSON input"],
  ])('that cannot be read: %s', async (body, message) => {
    await createMap('a');
    expect((await server.call('DELETE', `${maps}/a`, { body })).json).toMatchObject({ code: 400, message });
  });

  it('know one dry run', async () => {
    await createMap('a');
    expect((await remove(`${maps}/a`, { dryRun: ['Some'] })).json).toMatchObject({
      code: 422,
      message:
        'DeleteOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
    });
    expect((await remove(`${maps}/a`, { dryRun: ['All'] })).json).toMatchObject({ status: 'Success' });
    expect((await get(`${maps}/a`)).status).toBe(200);
  });
});

describe('resourceVersion of updates', () => {
  it('that is older is a conflict, and one that is none is refused', async () => {
    await createMap('a');
    const put = (resourceVersion: string) =>
      server.call('PUT', `${maps}/a`, {
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', resourceVersion } },
      });
    expect((await put('1')).json).toMatchObject({
      code: 409,
      message:
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    });
    expect((await put('abc')).json).toMatchObject({
      code: 400,
      message: 'strconv.ParseUint: parsing "abc": invalid syntax',
    });
  });
});

describe('names of finalizers', () => {
  it('have a domain, or are those that Kubernetes knows', async () => {
    expect((await createMap('a', { finalizers: ['mine'] })).json).toMatchObject({
      code: 422,
      message:
        'ConfigMap "a" is invalid: metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    });
    expect((await createMap('a', { finalizers: ['orphan', 'example.org/mine'] })).status).toBe(201);
  });
});
