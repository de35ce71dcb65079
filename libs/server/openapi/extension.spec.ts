import { describe, expect, it } from 'vitest';
import { encodeOpenApiV2, encodeOpenApiV3, mergeOpenApiV2, openApiV3Of, partOfGroup } from './index.ts';

const definition = (name: string) => ({ $ref: `#/definitions/${name}` });
const own = {
  swagger: '2.0',
  info: { title: 'own', version: 'v1' },
  paths: { '/api/v1/pods': { get: { responses: { 200: { schema: definition('Pod') } } } } },
  definitions: {
    Pod: { type: 'object', properties: { metadata: definition('Meta') } },
    Meta: { type: 'object', description: 'ours' },
    Same: { type: 'string' },
  },
};
const theirs = {
  swagger: '2.0',
  info: { title: 'theirs', version: 'v2' },
  paths: {
    '/apis/wardle.example/': { get: { responses: { 200: { description: 'OK' } } } },
    '/apis/wardle.example/v1/fischers/{name}': {
      get: {
        operationId: 'readFischer',
        produces: ['application/json', 'application/yaml'],
        responses: { 200: { description: 'OK', schema: definition('Fischer') } },
      },
      put: {
        consumes: ['*/*'],
        parameters: [
          { name: 'body', in: 'body', required: true, schema: definition('Fischer') },
          { name: 'dryRun', in: 'query', type: 'string', uniqueItems: true, description: 'tries only' },
        ],
        responses: { 200: { description: 'OK', schema: definition('Fischer') } },
      },
      parameters: [{ name: 'name', in: 'path', required: true, type: 'string' }],
    },
    '/apis/wardle.example/v2/fischers': { get: { responses: { 200: { schema: definition('Later') } } } },
    '/apis/other.example/v1/things': { get: { responses: { 200: { schema: definition('Thing') } } } },
  },
  definitions: {
    Fischer: {
      type: 'object',
      properties: { metadata: definition('Meta'), same: definition('Same'), next: definition('Fischer') },
    },
    Meta: { type: 'object', description: 'theirs' },
    Same: { type: 'string' },
    Later: { type: 'object' },
    Thing: { type: 'object' },
  },
};

describe('the part of an OpenAPI v2 document about one group', () => {
  it('has the paths of the group, and what they need, cycles and all', () => {
    const part = partOfGroup(theirs, 'wardle.example');
    expect(Object.keys(part?.['paths'] as object)).toEqual([
      '/apis/wardle.example/',
      '/apis/wardle.example/v1/fischers/{name}',
      '/apis/wardle.example/v2/fischers',
    ]);
    expect(Object.keys(part?.['definitions'] as object)).toEqual(['Fischer', 'Meta', 'Same', 'Later']);
  });

  it('is none where nothing is said of the group', () => {
    expect(partOfGroup(theirs, 'wardle')).toBeUndefined();
    expect(partOfGroup({ paths: 'odd' }, 'wardle.example')).toBeUndefined();
  });
});

describe('OpenAPI v2 documents of several servers', () => {
  it('are one: what has one name and two meanings gets two names', () => {
    const merged = mergeOpenApiV2(own, [partOfGroup(theirs, 'wardle.example') ?? {}]) as typeof own & {
      definitions: Record<string, unknown>;
    };
    expect(merged.info).toEqual(own.info);
    expect(merged.definitions['Meta']).toEqual(own.definitions.Meta);
    expect(merged.definitions['Meta_v2']).toEqual(theirs.definitions.Meta);
    expect(merged.definitions['Same_v2']).toBeUndefined();
    expect(merged.definitions['Fischer']).toEqual({
      type: 'object',
      properties: {
        metadata: definition('Meta_v2'),
        same: definition('Same'),
        next: definition('Fischer'),
      },
    });
    expect(merged.definitions.Pod).toEqual(own.definitions.Pod);
    expect(Object.keys(merged.paths)).toContain('/apis/wardle.example/v1/fischers/{name}');
    expect(encodeOpenApiV2(merged).length).toBeGreaterThan(100);
  });

  it('a third meaning gets a third name, and paths that are there stay', () => {
    const third = {
      paths: { '/api/v1/pods': { get: {} }, '/apis/x/v1/x': { get: definition('Meta') } },
      definitions: { Meta: { type: 'array' } },
    };
    const merged = mergeOpenApiV2(own, [theirs, third]) as { paths: object; definitions: object };
    expect(merged.definitions).toMatchObject({ Meta_v2: { type: 'object' }, Meta_v3: { type: 'array' } });
    expect(merged.paths).toMatchObject({
      '/api/v1/pods': own.paths['/api/v1/pods'],
      '/apis/x/v1/x': { get: definition('Meta_v3') },
    });
  });
});

describe('an OpenAPI v3 document made of one of v2', () => {
  const made = openApiV3Of(partOfGroup(theirs, 'wardle.example') ?? {}, 'wardle.example', 'v1');

  it('has one version, with references into components', () => {
    expect(Object.keys(made['paths'] as object)).toEqual(['/apis/wardle.example/v1/fischers/{name}']);
    expect(made).toMatchObject({
      openapi: '3.0.0',
      info: theirs.info,
      components: {
        schemas: { Fischer: { properties: { metadata: { $ref: '#/components/schemas/Meta' } } } },
      },
    });
    expect(JSON.stringify(made)).not.toContain('#/definitions/');
    expect(encodeOpenApiV3(made).length).toBeGreaterThan(100);
  });

  it('says bodies, answers and parameters in the way of v3', () => {
    const schema = { $ref: '#/components/schemas/Fischer' };
    expect((made['paths'] as Record<string, unknown>)['/apis/wardle.example/v1/fischers/{name}']).toEqual({
      get: {
        operationId: 'readFischer',
        responses: {
          200: {
            description: 'OK',
            content: { 'application/json': { schema }, 'application/yaml': { schema } },
          },
        },
      },
      put: {
        parameters: [
          {
            name: 'dryRun',
            in: 'query',
            description: 'tries only',
            schema: { type: 'string', uniqueItems: true },
          },
        ],
        requestBody: { required: true, content: { 'application/json': { schema } } },
        responses: { 200: { description: 'OK', content: { 'application/json': { schema } } } },
      },
      parameters: [{ name: 'name', in: 'path', required: true, schema: { type: 'string' } }],
    });
  });
});
