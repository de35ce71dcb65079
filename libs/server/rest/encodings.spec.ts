import {
  decodeMessage,
  decodeObject,
  encodeMessage,
  openEnvelope,
  sealEnvelope,
} from '@drydock/api/protobuf';
import type { KubeObject } from '@drydock/base/apimachinery';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { messageOf } from './protobuf.ts';
import { startRest, type Answer, type RestServer } from './rest.spec-support.ts';

const protobuf = 'application/vnd.kubernetes.protobuf';
const maps = '/api/v1/namespaces/default/configmaps';
const configMap = (name: string, data: Record<string, string> = { k: 'v' }): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});
const seal = (object: object): Uint8Array =>
  sealEnvelope('v1', 'ConfigMap', encodeMessage('k8s.io.api.core.v1.ConfigMap', object));
const open = (answer: Answer): KubeObject => decodeObject(answer.bytes, messageOf) as unknown as KubeObject;

let server: RestServer;
beforeAll(async () => {
  server = await startRest();
  await server.call('POST', maps, { body: configMap('one') });
});
afterAll(() => server.stop());

describe('Accept', () => {
  const get = (accept: string | undefined, path = `${maps}/one`, headers: Record<string, string> = {}) =>
    server.call('GET', path, { ...(accept === undefined ? {} : { accept }), headers });

  it.each([
    [undefined, 'application/json'],
    ['*/*', 'application/json'],
    ['application/*', 'application/json'],
    ['text/html, */*;q=0.1', 'application/json'],
    ['application/yaml', 'application/yaml'],
    [protobuf, protobuf],
    [`${protobuf},application/json`, protobuf],
    [`application/json;q=0.5, ${protobuf}`, protobuf],
    [`application/json, ${protobuf};q=0.9`, 'application/json'],
    ['application/cbor, application/json', 'application/json'],
    ['application/json;as=Unknown;v=v1;g=meta.k8s.io, application/yaml', 'application/yaml'],
    ['application/json;stream=other, application/yaml', 'application/yaml'],
    ['application/json;charset=utf-8', 'application/json'],
    ['application/json;sv=v1', 'application/json'],
  ])('%s is answered in %s', async (accept, type) => {
    const answer = await get(accept);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe(type);
    expect(answer.headers['cache-control']).toBe('no-cache, private');
  });

  it.each([
    'text/html',
    'application/cbor',
    'application/json;as=Table;v=v1',
    'application/json;as=Table;g=meta.k8s.io',
    'application/json;as=Table;v=v2;g=meta.k8s.io',
    `${protobuf};as=Table;v=v1;g=meta.k8s.io`,
    'application/json;sv=v9',
    'nonsense',
  ])('%s is not acceptable', async (accept) => {
    const answer = await get(accept);
    expect(answer.json).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `only the following media types are accepted: application/json, application/yaml, ${protobuf}`,
      reason: 'NotAcceptable',
      code: 406,
    });
  });

  it('failures are written as the client wants them', async () => {
    const inProtobuf = await get(protobuf, `${maps}/none`);
    expect(inProtobuf.headers['content-type']).toBe(protobuf);
    expect(open(inProtobuf)).toMatchObject({ kind: 'Status', reason: 'NotFound', code: 404 });
    const inYaml = await get('application/yaml', `${maps}/none`);
    expect(parseYaml(inYaml.text)).toMatchObject({ kind: 'Status', message: 'configmaps "none" not found' });
  });

  it.each([
    ['?pretty=true', {}, true],
    ['?pretty=1', { 'user-agent': 'x' }, true],
    ['', { 'user-agent': 'curl/8.1' }, true],
    ['?pretty=false', { 'user-agent': 'curl/8.1' }, false],
    ['', { 'user-agent': 'kubectl/v1.33' }, false],
  ])('pretty JSON: %s with %j', async (query, headers, pretty) => {
    const answer = await get(undefined, `${maps}/one${query}`, headers);
    expect(answer.text.startsWith('{\n  "kind": "ConfigMap",\n')).toBe(pretty);
    expect(answer.json.metadata.name).toBe('one');
    // So are failures.
    const failure = await get(undefined, `${maps}/none${query}`, headers);
    expect(failure.text.startsWith('{\n  "kind": "Status",\n')).toBe(pretty);
    expect(failure.json.reason).toBe('NotFound');
  });
});

describe('protobuf answers', () => {
  it('of an object are those of its JSON', async () => {
    const inJson = await server.call('GET', `${maps}/one`);
    const inProtobuf = await server.call('GET', `${maps}/one`, { accept: protobuf });
    expect(open(inProtobuf)).toEqual(inJson.json);
  });

  it('of a list hold each object once and the revision of the list', async () => {
    const inJson = await server.call('GET', maps);
    const inProtobuf = await server.call('GET', maps, { accept: protobuf });
    const { apiVersion, kind, raw } = openEnvelope(inProtobuf.bytes);
    expect({ apiVersion, kind }).toEqual({ apiVersion: 'v1', kind: 'ConfigMapList' });
    const list = decodeMessage('k8s.io.api.core.v1.ConfigMapList', raw);
    expect(list).toEqual({ metadata: inJson.json.metadata, items: inJson.json.items });
  });

  it('of creations, updates, patches and deletions', async () => {
    const created = await server.call('POST', maps, {
      body: seal({ metadata: { name: 'wire' }, data: { a: '1' } }),
      type: protobuf,
      accept: protobuf,
    });
    expect(created.status).toBe(201);
    const object = open(created) as KubeObject & { data: object };
    expect(object).toMatchObject({ metadata: { name: 'wire', namespace: 'default' }, data: { a: '1' } });
    const updated = await server.call('PUT', `${maps}/wire`, {
      body: seal({ ...object, data: { a: '2' } }),
      type: protobuf,
      accept: protobuf,
    });
    expect(open(updated)).toMatchObject({ data: { a: '2' } });
    const patched = await server.call('PATCH', `${maps}/wire`, {
      body: { data: { b: '3' } },
      type: 'application/merge-patch+json',
      accept: protobuf,
    });
    expect(open(patched)).toMatchObject({ data: { a: '2', b: '3' } });
    const options = sealEnvelope(
      'v1',
      'DeleteOptions',
      encodeMessage('k8s.io.apimachinery.pkg.apis.meta.v1.DeleteOptions', {
        preconditions: { uid: 'other' },
      }),
    );
    const refused = await server.call('DELETE', `${maps}/wire`, {
      body: options,
      type: protobuf,
      accept: protobuf,
    });
    expect(open(refused)).toMatchObject({ kind: 'Status', reason: 'Conflict' });
    const deleted = await server.call('DELETE', `${maps}/wire`, { accept: protobuf });
    expect(open(deleted)).toMatchObject({ kind: 'Status', status: 'Success', details: { name: 'wire' } });
  });

  it('of a watch are frames', async () => {
    const abort = new AbortController();
    const answer = await server.call('GET', `${maps}?watch=1`, { accept: protobuf, signal: abort.signal });
    expect(answer.headers['content-type']).toBe(`${protobuf};stream=watch`);
    const { value } = (await answer.stream!.next()) as { value: Uint8Array };
    const length = new DataView(value.buffer, value.byteOffset).getUint32(0);
    const type = 'ADDED'.length + 2;
    const frame = value.subarray(4, 4 + length);
    expect(new TextDecoder().decode(frame.subarray(2, type))).toBe('ADDED');
    // RawExtension with the sealed object: two heads, the content of the second begins with the magic.
    const magic = frame.findIndex((_byte, at) =>
      [0x6b, 0x38, 0x73, 0].every((byte, i) => frame[at + i] === byte),
    );
    const object = decodeObject(frame.subarray(magic), messageOf);
    expect(object).toMatchObject({ kind: 'ConfigMap', metadata: { namespace: 'default' } });
    abort.abort();
  });

  it('of a watch that cannot start are an ERROR frame', async () => {
    const pending = server.call('GET', `${maps}?watch=1&resourceVersion=999999999`, { accept: protobuf });
    await server.clock.advance(60_000);
    const answer = await pending;
    const frame = answer.bytes.subarray(4);
    expect(new TextDecoder().decode(frame.subarray(2, 7))).toBe('ERROR');
  });

  it('YAML cannot be watched', async () => {
    const answer = await server.call('GET', `${maps}?watch=1`, { accept: 'application/yaml' });
    expect(answer.status).toBe(406);
    expect((parseYaml(answer.text) as { message: string }).message).toBe(
      `only the following media types are accepted: application/json;stream=watch, ${protobuf};stream=watch`,
    );
  });
});

describe('transformations', () => {
  const as = (kind: string, version = 'v1', type = 'application/json'): string =>
    `${type};as=${kind};v=${version};g=meta.k8s.io`;

  it('PartialObjectMetadata of an object and of a list', async () => {
    const one = await server.call('GET', `${maps}/one`, { accept: as('PartialObjectMetadata') });
    expect(Object.keys(one.json)).toEqual(['kind', 'apiVersion', 'metadata']);
    expect(one.json).toMatchObject({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' });
    const list = await server.call('GET', maps, { accept: as('PartialObjectMetadataList', 'v1beta1') });
    expect(list.json).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1beta1' });
    expect(list.json.items[0]).toMatchObject({
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1beta1',
    });
  });

  it('PartialObjectMetadataList in protobuf', async () => {
    const answer = await server.call('GET', maps, {
      accept: as('PartialObjectMetadataList', 'v1', protobuf),
    });
    expect(answer.headers['content-type']).toBe(protobuf);
    const list = open(answer) as unknown as { items: KubeObject[] };
    expect(list.items.map(({ metadata }) => metadata.name)).toContain('one');
  });

  it('of a list are refused for an object, and the other way round', async () => {
    const one = await server.call('GET', `${maps}/one`, { accept: as('PartialObjectMetadataList') });
    expect(one.json).toMatchObject({
      code: 406,
      message:
        'you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)',
    });
    const list = await server.call('GET', '/apis/apps/v1/deployments', {
      accept: as('PartialObjectMetadata'),
    });
    expect(list.json.message).toBe(
      'you requested PartialObjectMetadata, but the requested object is a list (*apps.DeploymentList)',
    );
  });

  it.each([
    ['None', null],
    ['Metadata', 'PartialObjectMetadata'],
    ['', 'PartialObjectMetadata'],
    ['Object', 'ConfigMap'],
  ])('a Table with includeObject=%s', async (include, kind) => {
    const answer = await server.call('GET', `${maps}/one?includeObject=${include}`, { accept: as('Table') });
    const { rows } = answer.json as unknown as { rows: { cells: unknown[]; object: KubeObject | null }[] };
    expect(rows[0]?.cells[0]).toBe('one');
    expect(rows[0]?.object?.kind ?? null).toBe(kind);
  });

  it.each([`${maps}/one`, maps, `${maps}/one?pretty=true`, `${maps}?watch=1`])(
    'a Table of %s with a wrong includeObject is refused',
    async (path) => {
      const mark = path.includes('?') ? '&' : '?';
      const answer = await server.call('GET', `${path}${mark}includeObject=All`, { accept: as('Table') });
      expect(answer.json).toMatchObject({
        code: 400,
        message:
          "Unable to convert to Table as requested: includeObject: Invalid value: \"All\": must be 'Metadata', 'Object', 'None', or empty",
      });
    },
  );

  it('a Table of a Scale tells its replicas', async () => {
    const template = {
      metadata: { labels: { app: 'a' } },
      spec: { containers: [{ name: 'a', image: 'a' }] },
    };
    const spec = { replicas: 3, selector: { matchLabels: { app: 'a' } }, template };
    const sets = '/apis/apps/v1/namespaces/default/replicasets';
    const body = { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'scaled' }, spec };
    await server.call('POST', sets, { body });
    const { json } = await server.call('GET', `${sets}/scaled/scale`, { accept: as('Table') });
    const { columnDefinitions, rows } = json as unknown as {
      columnDefinitions: { name: string }[];
      rows: { cells: unknown[] }[];
    };
    expect(columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Desired', 'Available', 'Age']);
    expect(rows[0]?.cells.slice(0, 3)).toEqual(['scaled', 3, 0]);
  });

  it('a Table of FlowSchemas has them in the order in which they are tried', async () => {
    const path = '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas';
    const schema = (name: string, matchingPrecedence: number) => ({
      apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
      kind: 'FlowSchema',
      metadata: { name },
      spec: { matchingPrecedence, priorityLevelConfiguration: { name: 'x' } },
    });
    for (const [name, precedence] of [
      ['test-a', 900],
      ['test-c', 300],
      ['test-b', 300],
    ] as const)
      await server.call('POST', path, { body: schema(name, precedence) });
    const { json } = await server.call('GET', path, { accept: as('Table') });
    const names = (json as unknown as { rows: { cells: string[] }[] }).rows.map(
      ({ cells }) => cells[0] ?? '',
    );
    expect(names.filter((name) => name.startsWith('test-'))).toEqual(['test-b', 'test-c', 'test-a']);
    expect(names[0]).toBe('exempt');
  });

  it('of a watch: partial metadata in protobuf, tables with their columns once', async () => {
    const abort = new AbortController();
    const partial = await server.call('GET', `${maps}?watch=1`, {
      accept: as('PartialObjectMetadata', 'v1', protobuf),
      signal: abort.signal,
    });
    const { value: bytes } = (await partial.stream!.next()) as { value: Uint8Array };
    expect(new TextDecoder().decode(bytes)).toContain('PartialObjectMetadata');
    await server.call('POST', maps, { body: configMap('two') });
    const table = await server.call('GET', `${maps}?watch=1`, { accept: as('Table'), signal: abort.signal });
    const { value: lines } = (await table.stream!.next()) as { value: Uint8Array };
    const events = new TextDecoder()
      .decode(lines)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { object: { columnDefinitions: unknown[] | null } });
    expect(events.length).toBeGreaterThan(1);
    expect(events.map(({ object }) => object.columnDefinitions === null)).toEqual(
      events.map((_event, at) => at > 0),
    );
    abort.abort();
  });
});

describe('Content-Type', () => {
  const post = (type: string, body: unknown): Promise<Answer> => server.call('POST', maps, { type, body });

  it.each(['text/yaml', 'application/xml', 'application/cbor', 'text/plain'])(
    '%s is not supported',
    async (type) => {
      const answer = await post(type, configMap('x'));
      expect(answer.json).toMatchObject({
        code: 415,
        reason: 'UnsupportedMediaType',
        message: `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, ${protobuf}`,
      });
    },
  );

  it('of a patch must name its kind', async () => {
    const answer = await server.call('PATCH', `${maps}/one`, { type: 'application/json', body: {} });
    expect(answer.json.message).toBe(
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml',
    );
  });

  it('of delete options may be YAML, and nothing unknown', async () => {
    const yaml = await server.call('DELETE', `${maps}/one`, {
      type: 'application/yaml',
      body: 'apiVersion: v1\nkind: DeleteOptions\npreconditions: {uid: other}\n',
    });
    expect(yaml.json).toMatchObject({ code: 409 });
    const other = await server.call('DELETE', `${maps}/one`, { type: 'text/plain', body: 'x' });
    expect(other.status).toBe(415);
  });

  it('YAML makes objects', async () => {
    const answer = await post(
      'application/yaml; charset=utf-8',
      'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: from-yaml\n',
    );
    expect(answer.status).toBe(201);
  });

  it.each([
    [
      'what is no protobuf',
      new Uint8Array([1, 2, 3]),
      'the object provided is unrecognized (must be of type ConfigMap): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] (010203)',
    ],
    [
      'protobuf that ends early',
      seal({}).subarray(0, 12),
      'the object provided is unrecognized (must be of type ConfigMap): unexpected EOF',
    ],
    [
      'another kind',
      sealEnvelope('v1', 'Nope', new Uint8Array([8, 1])),
      'Nope in version "v1" cannot be handled as a ConfigMap',
    ],
  ])('%s is refused', async (_what, body, message) => {
    const answer = await post(protobuf, body);
    expect(answer.json.code).toBe(400);
    expect(answer.json.message).toContain(message);
  });
});

describe('methods and headers', () => {
  it.each([
    ['HEAD', `${maps}/one`],
    ['OPTIONS', maps],
    ['PUT', maps],
    ['PATCH', maps],
    ['POST', `${maps}/one`],
    ['DELETE', '/api/v1/configmaps'],
    ['POST', '/api/v1/pods'],
    ['GET', '/apis/authorization.k8s.io/v1/subjectaccessreviews'],
    ['POST', '/version'],
    ['DELETE', '/apis'],
  ])('%s %s is not allowed', async (method, path) => {
    const answer = await server.call(method, path);
    expect(answer.json).toMatchObject({
      code: 405,
      reason: 'MethodNotAllowed',
      message: 'the server does not allow this method on the requested resource',
      details: {},
    });
  });

  it.each(['/api/v1/nothings', '/api/v1/pods/x', '/api/v1/namespaces/default/nodes'])(
    '%s is not found',
    async (path) => {
      const answer = await server.call('GET', path);
      expect(answer.json).toMatchObject({
        code: 404,
        message: 'the server could not find the requested resource',
      });
    },
  );

  it.each([
    '/apis/none.example.com/v1/things',
    '/apis/none.example.com',
    '/apis/apps/v9',
    '/api/v9',
    '/nowhere',
  ])('%s is nobody’s', async (path) => {
    const answer = await server.call('GET', path);
    expect([answer.status, answer.text]).toEqual([404, '404 page not found\n']);
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  it('the client’s Audit-Id comes back', async () => {
    const answer = await server.call('GET', '/version', { headers: { 'audit-id': 'mine' } });
    expect(answer.headers['audit-id']).toBe('mine');
    const other = await server.call('GET', '/version');
    expect(other.headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('large answers are compressed for those who take it', async () => {
    const large = { k: 'x'.repeat(140_000) };
    await server.call('POST', maps, { body: configMap('large', large) });
    const plain = await server.call('GET', `${maps}/large`);
    expect(plain.gzip).toBe(false);
    const packed = await server.call('GET', `${maps}/large`, {
      headers: { 'accept-encoding': 'deflate, gzip' },
    });
    expect(packed.gzip).toBe(true);
    expect(packed.headers['vary']).toBe('Accept-Encoding');
    const small = await server.call('GET', `${maps}/one`, { headers: { 'accept-encoding': 'gzip' } });
    expect(small.gzip).toBe(false);
    await server.call('DELETE', `${maps}/large`);
  });
});
