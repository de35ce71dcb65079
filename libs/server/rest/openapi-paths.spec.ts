import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRest, type RestServer } from './rest.spec-support.ts';

let server: RestServer;
beforeAll(async () => {
  server = await startRest();
});
afterAll(() => server.stop());

const inProtobuf = (version: string, mark = '.'): string =>
  `application/com.github.proto-openapi.spec.${version}${mark}v1.0+protobuf`;

describe('the documents of OpenAPI', () => {
  it.each([
    ['/openapi/v2', undefined, 'application/json'],
    ['/openapi/v2', '*/*', 'application/json'],
    ['/openapi/v2', inProtobuf('v2'), inProtobuf('v2')],
    ['/openapi/v2', inProtobuf('v2', '@'), inProtobuf('v2')],
    ['/openapi/v3/apis/apps/v1', 'application/json', 'application/json'],
    ['/openapi/v3/apis/apps/v1', inProtobuf('v3', '@'), inProtobuf('v3')],
    ['/openapi/v3/apis/apps/v1', `text/html;q=0.9, ${inProtobuf('v3')}`, inProtobuf('v3')],
  ])('%s for %s is %s', async (path, accept, type) => {
    const answer = await server.call('GET', path, accept === undefined ? {} : { accept });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ 'content-type': type });
    expect(String(answer.headers['vary'])).toContain('Accept');
    const etag = String(answer.headers['etag']);
    const again = await server.call('GET', path, {
      ...(accept === undefined ? {} : { accept }),
      headers: { 'if-none-match': `W/"x", ${etag}` },
    });
    expect([again.status, again.text]).toEqual([304, '']);
  });

  it.each(['/openapi/v2', '/openapi/v3/api/v1'])('%s is not written in other forms', async (path) => {
    const answer = await server.call('GET', path, { accept: 'text/html' });
    expect([answer.status, answer.text]).toEqual([406, '']);
  });

  it('both encodings of one document share their tag', async () => {
    for (const [path, version] of [
      ['/openapi/v2', 'v2'],
      ['/openapi/v3/api/v1', 'v3'],
    ] as const) {
      const one = await server.call('GET', path);
      const other = await server.call('GET', path, { accept: inProtobuf(version) });
      expect(other.headers['etag']).toBe(one.headers['etag']);
    }
  });

  it('the index names each document by its content, which may then be kept for ever', async () => {
    const index = await server.call('GET', '/openapi/v3');
    const { paths } = JSON.parse(index.text) as { paths: Record<string, { serverRelativeURL: string }> };
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['api', 'api/v1', 'apis', 'apis/apps', 'apis/apps/v1', 'version']),
    );
    const url = paths['apis/batch/v1']?.serverRelativeURL ?? '';
    expect(url).toMatch(/^\/openapi\/v3\/apis\/batch\/v1\?hash=[0-9A-F]{64}$/);
    const document = await server.call('GET', url);
    expect(document.headers).toMatchObject({ 'cache-control': 'public, immutable' });
    expect(String(document.headers['expires'])).toMatch(/GMT$/);
    const plain = await server.call('GET', '/openapi/v3/apis/batch/v1');
    expect(plain.headers['cache-control']).toBe('no-cache, private');
    const moved = await server.call('GET', '/openapi/v3/apis/batch/v1?hash=OLD');
    expect([moved.status, moved.headers['location']]).toEqual([301, url]);
  });

  it('there is none of a group version that is not served', async () => {
    expect((await server.call('GET', '/openapi/v3/apis/none/v1')).status).toBe(404);
  });
});

interface Described {
  readonly description?: string;
  readonly $ref?: string;
  readonly allOf?: readonly { readonly $ref: string }[];
  readonly items?: Described;
  readonly additionalProperties?: Described;
  readonly properties?: Readonly<Record<string, Described>>;
}

/** Does a description say more than the name does? */
function helpful(name: string, { description = '' }: Described): boolean {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return description.length >= 10 && plain(description.replace(/^(the|an?) /i, '')) !== plain(name);
}

/** What has no description, and what refers to nothing. */
function gaps(schemas: Readonly<Record<string, Described>>, root: string): string[] {
  const found: string[] = [];
  const follow = (place: string, { $ref, allOf, items, additionalProperties }: Described): void => {
    for (const reference of [$ref, ...(allOf ?? []).map((one) => one.$ref)]) {
      if (reference !== undefined && schemas[reference.replace(root, '')] === undefined)
        found.push(`${place} → ${reference}`);
    }
    if (items !== undefined) follow(place, items);
    if (additionalProperties !== undefined) follow(place, additionalProperties);
  };
  for (const [name, schema] of Object.entries(schemas)) {
    if (!helpful(name.slice(name.lastIndexOf('.') + 1), schema)) found.push(name);
    for (const [field, property] of Object.entries(schema.properties ?? {})) {
      if (!helpful(field, property)) found.push(`${name}.${field}`);
      follow(`${name}.${field}`, property);
    }
  }
  return found;
}

describe('what kubectl explains', () => {
  it('every kind and every field has a description: v3', async () => {
    const index = await server.call('GET', '/openapi/v3');
    const { paths } = JSON.parse(index.text) as { paths: Record<string, { serverRelativeURL: string }> };
    let fields = 0;
    for (const { serverRelativeURL } of Object.values(paths)) {
      const { text } = await server.call('GET', serverRelativeURL);
      const { components } = JSON.parse(text) as { components?: { schemas?: Record<string, Described> } };
      const schemas = components?.schemas ?? {};
      expect(gaps(schemas, '#/components/schemas/'), serverRelativeURL).toEqual([]);
      for (const { properties } of Object.values(schemas)) fields += Object.keys(properties ?? {}).length;
    }
    expect(fields).toBeGreaterThan(5_000);
  });

  it('every kind and every field has a description: v2', async () => {
    const { text } = await server.call('GET', '/openapi/v2');
    const { definitions } = JSON.parse(text) as { definitions: Record<string, Described> };
    expect(gaps(definitions, '#/definitions/')).toEqual([]);
  });
});
