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
