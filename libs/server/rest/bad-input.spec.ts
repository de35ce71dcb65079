import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RestServer } from './rest.spec-support.ts';
import { startRest } from './rest.spec-support.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const configMap = (fields: object) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'x' },
  ...fields,
});

let server: RestServer;
beforeAll(async () => {
  server = await startRest();
  await server.call('POST', maps, { body: configMap({ metadata: { name: 'here' } }) });
});
afterAll(() => server.stop());

const notFound = 'the server could not find the requested resource';
const notAllowed = 'the server does not allow this method on the requested resource';

describe('paths', () => {
  it.each([
    ['GET', '/api/v1/nothings', 404, notFound],
    ['GET', `${maps}/here/nothing`, 404, notFound],
    ['GET', `${maps}/here/status`, 404, notFound],
    ['GET', '/api/v1/namespaces/default/pods/p/status/more', 404, notFound],
    ['GET', '/api/v1/namespaces/default/nodes', 404, notFound],
    ['GET', '/api/v1/configmaps/here', 404, notFound],
    ['GET', '/api/v1/namespaces//configmaps', 404, notFound],
    ['GET', `${maps}/nobody`, 404, 'configmaps "nobody" not found'],
    ['GET', `${maps}/a%2Fb`, 404, notFound],
    ['GET', `${maps}/%2e%2e`, 400, `Name parameter invalid: "..": may not be '..'`],
    ['DELETE', `${maps}/.`, 400, `Name parameter invalid: ".": may not be '.'`],
    ['GET', `${maps}/a%25b`, 400, `Name parameter invalid: "a%b": may not contain '%'`],
    ['GET', `${maps}/%zz`, 400, 'invalid URL escape "%zz"'],
    ['GET', `${maps}/__proto__`, 404, 'configmaps "__proto__" not found'],
    ['GET', '/api/v1/namespaces/default/__proto__', 404, notFound],
    ['GET', '/api/v1/namespaces/default/pods/p/constructor', 404, notFound],
  ])('%s %s', async (method, path, code, message) => {
    expect((await server.call(method, path)).json).toMatchObject({ kind: 'Status', code, message });
  });
});

it.each(['/api/v2/pods', '/apis/apps/v9/deployments', '/apis/nothing.example.org/v1/things'])(
  '%s is no path of the API',
  async (path) => {
    expect(await server.call('GET', path)).toMatchObject({ status: 404, text: '404 page not found\n' });
  },
);

describe('methods', () => {
  it.each([
    ['PUT', maps],
    ['PATCH', maps],
    ['POST', `${maps}/here`],
    ['OPTIONS', maps],
    ['TRACE', `${maps}/here`],
    ['POST', '/api/v1/configmaps'],
    ['DELETE', '/api/v1/configmaps'],
    ['POST', '/api/v1'],
    ['DELETE', '/apis/apps/v1'],
    ['GET', '/apis/authentication.k8s.io/v1/tokenreviews'],
    ['POST', '/api/v1/namespaces/default/pods/p/status'],
    ['DELETE', '/apis/apps/v1/namespaces/default/deployments/d/scale'],
    ['GET', '/api/v1/namespaces/default/pods/p/eviction'],
  ])('%s %s is not allowed', async (method, path) => {
    expect((await server.call(method, path)).json).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: notAllowed,
      reason: 'MethodNotAllowed',
      details: {},
      code: 405,
    });
  });

  it('of paths that are nothing are not found', async () => {
    expect(await server.call('POST', '/nothing')).toMatchObject({
      status: 404,
      text: '404 page not found\n',
    });
  });
});

describe('bodies', () => {
  const create = (body: unknown, type = 'application/json') => server.call('POST', maps, { body, type });

  it('of more than 3 MiB are too large', async () => {
    const answer = await create(configMap({ data: { big: 'x'.repeat(3 * 1024 * 1024) } }));
    expect(answer.json).toMatchObject({
      code: 413,
      reason: 'RequestEntityTooLarge',
      message: 'Request entity too large: limit is 3145728',
    });
  });

  it('are nested ten thousand levels at most', async () => {
    const deep = (levels: number) => `{"a":`.repeat(levels) + '1' + '}'.repeat(levels);
    expect((await create(deep(10_001))).json.message).toContain("invalid character '{' exceeded max depth");
    const revision = (levels: number) =>
      `{"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{"name":"deep"},"revision":1,"data":${deep(levels)}}`;
    const revisions = '/apis/apps/v1/namespaces/default/controllerrevisions';
    const answer = await server.call('POST', revisions, { body: revision(9_900) });
    expect(answer.status).toBeLessThan(500);
    expect(
      (await server.call('POST', revisions, { body: '['.repeat(100_000), type: 'application/yaml' })).status,
    ).toBe(400);
  });

  it('that are no UTF-8 have the replacement character instead', async () => {
    const bytes = new TextEncoder().encode(
      JSON.stringify(configMap({ metadata: { name: 'utf' }, data: { a: '?' } })),
    );
    bytes[bytes.lastIndexOf('?'.charCodeAt(0))] = 0xff;
    const answer = await create(bytes);
    expect(answer.json).toMatchObject({ data: { a: '\ufffd' } });
    expect((await create(Uint8Array.of(0xff, 0xfe))).json.message).toContain(
      'json parse error: invalid character',
    );
  });

  it('may hold the names of what every object has, as data', async () => {
    const body =
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"proto","__proto__":{"polluted":1},"labels":{"constructor":"a"},' +
      '"annotations":{"toString":"c"}},"data":{"__proto__":"x","constructor":"y","hasOwnProperty":"z"}}';
    const answer = await create(body);
    expect(answer.status).toBe(201);
    expect(answer.warnings).toEqual(['unknown field "metadata.__proto__"']);
    const read = (await server.call('GET', `${maps}/proto`)).text;
    expect(read).toContain('"__proto__":"x"');
    expect(read).toContain('"constructor":"y"');
    expect(read).not.toContain('polluted');
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    const patched = await server.call('PATCH', `${maps}/proto`, {
      body: '{"data":{"__proto__":"w","valueOf":"v"},"__proto__":{"polluted":1}}',
      type: 'application/merge-patch+json',
    });
    expect(patched.text).toContain('"__proto__":"w"');
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('in media types that are not understood are refused', async () => {
    expect((await create('{}', 'text/plain')).json).toMatchObject({
      code: 415,
      reason: 'UnsupportedMediaType',
    });
    const patch = await server.call('PATCH', `${maps}/here`, { body: '{}', type: 'application/json' });
    expect(patch.json).toMatchObject({
      code: 415,
      message:
        'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml',
    });
  });

  it('null is an object without anything', async () => {
    expect((await create('null')).json).toMatchObject({ code: 422, reason: 'Invalid' });
    expect((await create('', 'application/yaml')).json).toMatchObject({ code: 422, reason: 'Invalid' });
  });
});

describe('options of writes', () => {
  it.each([
    [
      'dryRun=Some',
      'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
    ],
    [
      'dryRun=',
      'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: [""]: supported values: "All"',
    ],
    [
      'dryRun=All&dryRun=x',
      'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["All","x"]: supported values: "All"',
    ],
    [
      `fieldManager=${'x'.repeat(129)}`,
      'CreateOptions.meta.k8s.io "" is invalid: fieldManager: Too long: may not be more than 128 bytes',
    ],
    [
      'fieldManager=a%0Ab',
      'CreateOptions.meta.k8s.io "" is invalid: fieldManager: Invalid value: "a\\nb": invalid character U+000A (at position 1)',
    ],
  ])('%s', async (query, message) => {
    const answer = await server.call('POST', `${maps}?${query}`, { body: configMap({}) });
    expect(answer.json).toMatchObject({ code: 422, reason: 'Invalid', message });
  });

  it('force is for apply alone', async () => {
    const answer = await server.call('PATCH', `${maps}/here?force=true`, {
      body: '{}',
      type: 'application/merge-patch+json',
    });
    expect(answer.json).toMatchObject({
      code: 422,
      message:
        'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    });
  });
});

describe('the timeout of a request', () => {
  const maps = '/api/v1/namespaces/default/configmaps';

  it.each([
    ['soon', 'time: invalid duration "soon"'],
    ['10', 'time: missing unit in duration "10"'],
  ])('must be a duration: %s', async (timeout, why) => {
    for (const path of ['/version', maps]) {
      expect((await server.call('GET', `${path}?timeout=${timeout}`)).json).toMatchObject({
        code: 400,
        reason: 'BadRequest',
        message: `invalid timeout specified in the request URL - ${why}`,
      });
    }
  });

  it.each(['0s', '3m', '30s', ''])('may be %j', async (timeout) => {
    for (const path of ['/version', maps])
      expect((await server.call('GET', `${path}?timeout=${timeout}`)).status).toBe(200);
  });
});
