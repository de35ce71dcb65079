import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RestServer } from './rest.spec-support.ts';
import { startRest } from './rest.spec-support.ts';

const deployments = '/apis/apps/v1/namespaces/default/deployments';
const types = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
};

let server: RestServer;
let counter = 0;
let path: string;
beforeAll(async () => {
  server = await startRest();
});
afterAll(() => server.stop());
beforeEach(async () => {
  const name = `d-${++counter}`;
  path = `${deployments}/${name}`;
  const created = await server.call('POST', deployments, {
    body: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, labels: { app: 'web' }, finalizers: ['example.org/a', 'example.org/b'] },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: {
            containers: [
              { name: 'one', image: 'a', ports: [{ containerPort: 80 }], env: [{ name: 'A', value: '1' }] },
              { name: 'two', image: 'b' },
            ],
          },
        },
      },
    },
  });
  expect(created.status).toBe(201);
});

const patch = (type: keyof typeof types, body: unknown, query = '') =>
  server.call('PATCH', path + query, { body, type: types[type] });
const get = async () => (await server.call('GET', path)).json;
interface Template {
  spec: {
    replicas: number;
    strategy: unknown;
    template: { spec: { containers: Record<string, unknown>[] } };
  };
}
const containersOf = (answer: { json: unknown }) => (answer.json as Template).spec.template.spec.containers;
const ofContainers = (containers: unknown, more: object = {}) => ({
  spec: { template: { spec: { containers, ...more } } },
});

describe('a patch that changes nothing', () => {
  it.each([
    ['json', []],
    ['json', [{ op: 'test', path: '/spec/replicas', value: 2 }]],
    ['json', [{ op: 'replace', path: '/spec/replicas', value: 2 }]],
    ['merge', {}],
    ['merge', { spec: { replicas: 2 } }],
    ['strategic', {}],
    ['strategic', { metadata: { labels: { app: 'web' } } }],
  ] as const)('keeps the resourceVersion: %s %j', async (type, body) => {
    const before = await get();
    const answer = await patch(type, body);
    expect(answer.status).toBe(200);
    expect(answer.json.metadata).toMatchObject({
      resourceVersion: before.metadata.resourceVersion,
      generation: before.metadata.generation,
    });
  });

  it('and a PUT of what is there does so too', async () => {
    const before = await get();
    const answer = await server.call('PUT', path, { body: before });
    expect(answer.json.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });
});

describe('a patch of what it may not change', () => {
  const name = () => path.slice(path.lastIndexOf('/') + 1);
  it('the name and the namespace', async () => {
    expect((await patch('merge', { metadata: { name: 'other' } })).json).toMatchObject({
      code: 400,
      message: `the name of the object (other) does not match the name on the URL (${name()})`,
    });
    expect((await patch('merge', { metadata: { namespace: 'other' } })).json).toMatchObject({
      code: 400,
      message: 'the namespace of the provided object does not match the namespace sent on the request',
    });
  });

  it('the uid', async () => {
    const { json } = await patch('strategic', { metadata: { uid: 'other' } });
    expect(json).toMatchObject({ code: 409, reason: 'Conflict' });
    expect(json.message).toContain('Precondition failed: UID in precondition: other, UID in object meta: ');
  });

  it('the resourceVersion is a precondition', async () => {
    expect(
      (await patch('merge', { metadata: { resourceVersion: '1' }, spec: { replicas: 9 } })).json,
    ).toMatchObject({
      code: 409,
      reason: 'Conflict',
    });
  });

  it.each(['json', 'merge'] as const)('kind and apiVersion: %s', async (type) => {
    const body = type === 'json' ? [{ op: 'replace', path: '/kind', value: 'Other' }] : { kind: 'Other' };
    const { json } = await patch(type, body);
    expect(json).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(json.message).toContain('no kind "Other" is registered for version "apps/v1" in scheme');
  });

  it('a strategic patch of the kind means nothing', async () => {
    expect((await patch('strategic', { kind: 'Other', spec: { replicas: 3 } })).json).toMatchObject({
      kind: 'Deployment',
      spec: { replicas: 3 },
    });
  });

  it('of what is not there', async () => {
    const answer = await server.call('PATCH', `${deployments}/nobody`, { body: {}, type: types.merge });
    expect(answer.json).toMatchObject({ code: 404, message: 'deployments.apps "nobody" not found' });
  });
});

describe('JSON patches', () => {
  const rejected = {
    code: 422,
    reason: 'Invalid',
    message: 'the server rejected our request due to an error in our request',
    details: {},
  };
  it.each([
    [[{ op: 'test', path: '/spec/replicas', value: 7 }]],
    [[{ op: 'remove', path: '/spec/nothing' }]],
    [[{ op: 'replace', path: '/nothing/below', value: 1 }]],
    [[{ op: 'add', path: '/spec/template/spec/containers/9', value: {} }]],
    [[{ op: 'explode', path: '/spec' }]],
    [[{ op: 'copy', from: '/nothing', path: '/spec' }]],
  ])('that do not fit: %j', async (body) => {
    expect((await patch('json', body)).json).toMatchObject(rejected);
  });

  it('add, remove, replace, move, copy', async () => {
    const answer = await patch('json', [
      { op: 'add', path: '/metadata/labels/x~1y', value: 'z' },
      { op: 'copy', from: '/metadata/labels/app', path: '/metadata/labels/copy' },
      { op: 'move', from: '/metadata/labels/copy', path: '/metadata/labels/moved' },
      { op: 'remove', path: '/spec/template/spec/containers/1' },
      { op: 'add', path: '/spec/template/spec/containers/-', value: { name: 'three', image: 'c' } },
      { op: 'replace', path: '/spec/replicas', value: 0 },
    ]);
    expect(answer.json.metadata.labels).toEqual({ app: 'web', 'x/y': 'z', moved: 'web' });
    expect(containersOf(answer).map(({ name }) => name)).toEqual(['one', 'three']);
    expect((answer.json as unknown as Template).spec.replicas).toBe(0);
  });

  it('have at most 10,000 operations', async () => {
    const many = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'Deployment' }));
    expect((await patch('json', many.slice(1))).status).toBe(200);
    expect((await patch('json', many)).json).toMatchObject({
      code: 413,
      reason: 'RequestEntityTooLarge',
      message: 'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    });
  });

  it.each([
    [
      '{"op":"add"}',
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    ],
    ['[', 'error decoding patch: unexpected end of JSON input'],
  ])('that are none: %s', async (body, message) => {
    expect((await patch('json', body)).json).toMatchObject({ code: 400, reason: 'BadRequest', message });
  });

  it('that leave something of another shape', async () => {
    const { json } = await patch('json', [{ op: 'replace', path: '/spec/replicas', value: 'x' }]);
    expect(json).toMatchObject({ code: 422, details: { causes: [{ field: 'patch' }] } });
    expect(json.message).toContain(
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    );
  });
});

describe('merge patches', () => {
  it('replace lists, merge objects and take null for removal', async () => {
    const answer = await patch('merge', {
      metadata: { labels: { app: null, new: 'x' } },
      ...ofContainers([{ name: 'only', image: 'z' }]),
    });
    expect(answer.json.metadata.labels).toEqual({ new: 'x' });
    expect(containersOf(answer).map(({ name }) => name)).toEqual(['only']);
  });

  it.each([
    [
      '[]',
      'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    ],
    ['null', 'Invalid JSON Patch'],
    ['{', 'error decoding patch: unexpected end of JSON input'],
  ])('that are none: %s', async (body, message) => {
    expect((await patch('merge', body)).json).toMatchObject({ code: 400, message });
  });
});

describe('strategic merge patches', () => {
  it('merge lists by their keys, at every depth', async () => {
    const answer = await patch(
      'strategic',
      ofContainers([
        { name: 'one', image: 'new', env: [{ name: 'B', value: '2' }] },
        { name: 'three', image: 'c' },
      ]),
    );
    const containers = containersOf(answer);
    expect(containers.map(({ name }) => name).sort()).toEqual(['one', 'three', 'two']);
    const one = containers.find(({ name }) => name === 'one')!;
    expect(one).toMatchObject({ image: 'new', ports: [{ containerPort: 80 }] });
    expect((one['env'] as { name: string }[]).map(({ name }) => name).sort()).toEqual(['A', 'B']);
  });

  it('$patch: delete takes an element away, $patch: replace the whole list or object', async () => {
    expect(
      containersOf(await patch('strategic', ofContainers([{ name: 'two', $patch: 'delete' }]))).map(
        ({ name }) => name,
      ),
    ).toEqual(['one']);
    const replaced = await patch(
      'strategic',
      ofContainers([{ $patch: 'replace' }, { name: 'new', image: 'n' }]),
    );
    expect(containersOf(replaced).map(({ name }) => name)).toEqual(['new']);
    const labels = await patch('strategic', { metadata: { labels: { $patch: 'replace', only: 'x' } } });
    expect(labels.json.metadata.labels).toEqual({ only: 'x' });
    const none = await patch('strategic', { metadata: { labels: { $patch: 'delete' } } });
    expect(none.json.metadata.labels).toBeUndefined();
  });

  it('$deleteFromPrimitiveList and $setElementOrder', async () => {
    const shorter = await patch('strategic', {
      metadata: { '$deleteFromPrimitiveList/finalizers': ['example.org/a'] },
    });
    expect(shorter.json.metadata.finalizers).toEqual(['example.org/b']);
    const ordered = await patch(
      'strategic',
      ofContainers([{ name: 'zero', image: 'z' }], {
        '$setElementOrder/containers': [{ name: 'two' }, { name: 'zero' }, { name: 'one' }],
      }),
    );
    expect(containersOf(ordered).map(({ name }) => name)).toEqual(['two', 'zero', 'one']);
  });

  it('$retainKeys leaves only what is named', async () => {
    const answer = await patch('strategic', {
      spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
    });
    expect((answer.json as unknown as Template).spec.strategy).toEqual({ type: 'Recreate' });
  });

  it.each([
    [ofContainers([{ image: 'x' }]), 400, 'map: map[image:x] does not contain declared merge key: name'],
    [{ spec: { $patch: 'mix' } }, 400, 'unknown patch type: mix in map: map[$patch:mix]'],
    [
      { metadata: { '$deleteFromPrimitiveList/finalizers': null } },
      400,
      'invalid patch format of primitive list',
    ],
    [
      { spec: { strategy: { $retainKeys: ['type'], rollingUpdate: {} } } },
      400,
      'invalid patch format of retainKeys',
    ],
  ])('malformed: %j', async (body, code, message) => {
    expect((await patch('strategic', body)).json).toMatchObject({ code, message });
  });

  it.each([
    [{ spec: { replicas: 'x' } }, 'map[spec:map[replicas:x]]', 'unrecognized type: int32'],
    [
      { spec: { template: { spec: { containers: 'x' } } } },
      'map[spec:map[template:map[spec:map[containers:x]]]]',
      'cannot restore slice from string',
    ],
    [{ spec: 5 }, 'map[spec:5]', 'cannot restore struct from: int64'],
    [{ metadata: { labels: 'x' } }, 'map[metadata:map[labels:x]]', 'cannot restore map from string'],
    [
      { metadata: { labels: { a: 5 } } },
      'map[metadata:map[labels:map[a:5]]]',
      'cannot convert int64 to string',
    ],
  ])('that leave something of another shape: %j', async (body, shown, why) => {
    expect((await patch('strategic', body)).json).toMatchObject({
      code: 422,
      reason: 'Invalid',
      message: ` "" is invalid: patch: Invalid value: "${shown}": ${why}`,
    });
  });

  it.each([
    ['[]', 'json: cannot unmarshal array into Go value of type map[string]interface {}'],
    ['{', 'unexpected end of JSON input'],
  ])('that are none: %s', async (body, message) => {
    expect((await patch('strategic', body)).json).toMatchObject({ code: 400, message });
  });
});
