import { describe, expect, it } from 'vitest';
import { readOpenApi } from './extension-openapi.ts';
import type { FetchedDocument } from './forward.ts';

const v2 = (description: string) => ({
  swagger: '2.0',
  info: { title: 'wardle', version: 'v1' },
  paths: {
    '/apis/wardle.example/v1/fischers': {
      get: { responses: { 200: { description, schema: { $ref: '#/definitions/Fischer' } } } },
    },
  },
  definitions: { Fischer: { type: 'object' } },
});
const index = (hash: string) => ({
  paths: {
    'apis/wardle.example/v1': { serverRelativeURL: `/openapi/v3/apis/wardle.example/v1?hash=${hash}` },
  },
});
const v3 = (title: string) => ({ openapi: '3.0.0', info: { title, version: 'v1' }, paths: {} });

/** An extension server of so many documents, and what it was asked for. */
function serverOf(documents: Record<string, unknown>) {
  const asked: string[] = [];
  const fetch = (path: string, query: string, etag?: string): Promise<FetchedDocument> => {
    const url = query === '' ? path : `${path}?${query}`;
    asked.push(url);
    const value = documents[url];
    if (value === undefined) return Promise.reject(new Error('404'));
    const tag = `"${JSON.stringify(value).length}"`;
    return Promise.resolve(tag === etag ? 'unchanged' : { value, etag: tag });
  };
  return { asked, fetch };
}
const read = (documents: Record<string, unknown>, before?: Awaited<ReturnType<typeof readOpenApi>>) =>
  readOpenApi(serverOf(documents).fetch, 'wardle.example', 'v1', before);

describe('the OpenAPI of an extension API server', () => {
  it('is what it serves as v2 and v3', async () => {
    const documents = {
      '/openapi/v2': v2('a'),
      '/openapi/v3': index('1'),
      '/openapi/v3/apis/wardle.example/v1?hash=1': v3('one'),
    };
    const known = await read(documents);
    expect(known).toMatchObject({ group: 'wardle.example', version: 'v1', v2: v2('a'), v3: v3('one') });
    const again = serverOf(documents);
    expect(await readOpenApi(again.fetch, 'wardle.example', 'v1', known)).toBe(known);
    expect(again.asked).toEqual(['/openapi/v2', '/openapi/v3']);
  });

  it('is read again where its hash is another, or its tag', async () => {
    const known = await read({
      '/openapi/v2': v2('a'),
      '/openapi/v3': index('1'),
      '/openapi/v3/apis/wardle.example/v1?hash=1': v3('one'),
    });
    const changed = await read(
      {
        '/openapi/v2': v2('longer'),
        '/openapi/v3': index('2'),
        '/openapi/v3/apis/wardle.example/v1?hash=2': v3('two'),
      },
      known,
    );
    expect(changed).toMatchObject({ v2: v2('longer'), v3: v3('two') });
  });

  it('is made of v2 for a server that knows no v3, and stays the same with it', async () => {
    const known = await read({ '/openapi/v2': v2('a') });
    expect(known.v3).toMatchObject({ openapi: '3.0.0', components: { schemas: { Fischer: {} } } });
    expect(await read({ '/openapi/v2': v2('a') }, known)).toBe(known);
  });

  it('is nothing where there is none, or none that can be written out', async () => {
    expect(await read({})).toMatchObject({ v2: undefined, v3: undefined });
    expect(
      await read({
        '/openapi/v2': { ...v2('a'), info: undefined },
        '/openapi/v3': { paths: { 'apis/wardle.example/v1': { serverRelativeURL: 'https://elsewhere/' } } },
      }),
    ).toMatchObject({ v2: undefined, v3: undefined });
    expect(await read({ '/openapi/v2': [], '/openapi/v3': 'text' })).toMatchObject({ v3: undefined });
  });
});
