import { describe, expect, it } from 'vitest';
import type { FieldSchema, FieldSet, MessageSchema } from '../apimachinery/index.ts';
import { fieldPaths, fieldSetFromPaths } from '../apimachinery/index.ts';
import {
  anyType,
  compareTyped,
  configurationErrors,
  fieldSetOf,
  mergeTyped,
  messageMergeType,
  pathText,
  removeTyped,
  structuralMergeType,
  withNamedFields,
} from './index.ts';

type Field = Partial<FieldSchema> & { name: string };
const schemaOf = (name: string, ...fields: Field[]): MessageSchema => {
  const full = fields.map((field, index): FieldSchema => ({ number: index, kind: 'string', ...field }));
  return { name, fields: full, byJsonName: new Map(full.map((field) => [field.name, field])) };
};
const schemas = [
  schemaOf(
    'Root',
    { name: 'labels', map: true },
    { name: 'selector', map: true, mapType: 'atomic' },
    { name: 'args', repeated: true },
    { name: 'finalizers', repeated: true, listType: 'set' },
    {
      name: 'ports',
      kind: 'message',
      message: 'Port',
      repeated: true,
      listType: 'map',
      listMapKeys: ['port', 'protocol'],
    },
    { name: 'spec', kind: 'message', message: 'Port', struct: true },
    { name: 'ref', kind: 'message', message: 'Port', mapType: 'atomic' },
    { name: 'whole', kind: 'message', message: 'Port', atomic: true },
    { name: 'empty', kind: 'message', message: 'Port' },
    { name: 'count', kind: 'int32' },
  ),
  schemaOf('Port', { name: 'port', kind: 'int32' }, { name: 'protocol', default: 'TCP' }, { name: 'name' }),
];
const lookup = (name: string) => schemas.find((schema) => schema.name === name);
const root = messageMergeType(lookup, 'Root');
const texts = (set: FieldSet) => [...fieldPaths(set)].map(pathText);

describe('the fields of an object', () => {
  it('follow the schema’s list and map types', () => {
    const object = {
      labels: { a: '1', b: '2' },
      selector: { a: '1' },
      args: ['x', 'y'],
      finalizers: ['f'],
      ports: [
        { port: 80, name: 'http' },
        { port: 81, protocol: 'UDP' },
      ],
      spec: { name: 'n' },
      ref: { name: 'n' },
      whole: { name: 'n' },
      empty: {},
    };
    expect(texts(fieldSetOf(object, root))).toEqual([
      '.args',
      '.empty',
      '.finalizers[="f"]',
      '.labels.a',
      '.labels.b',
      '.ports[port=80,protocol="TCP"]',
      '.ports[port=80,protocol="TCP"].name',
      '.ports[port=80,protocol="TCP"].port',
      '.ports[port=81,protocol="UDP"]',
      '.ports[port=81,protocol="UDP"].port',
      '.ports[port=81,protocol="UDP"].protocol',
      '.ref',
      '.selector',
      '.spec.name',
      '.whole',
    ]);
  });

  it('count without a schema too', () => {
    expect(texts(fieldSetOf({ a: { b: 1 }, c: [1] }, anyType))).toEqual(['.a', '.a.b', '.c']);
  });
});

describe('a comparison', () => {
  const compared = (before: unknown, after: unknown) => {
    const { added, modified, removed } = compareTyped(before, after, root);
    return { added: texts(added), modified: texts(modified), removed: texts(removed) };
  };

  it('finds what is new, with the places that hold it', () => {
    expect(compared({ spec: {} }, { spec: { name: 'n' }, labels: { a: '1' }, ports: [{ port: 1 }] })).toEqual(
      {
        added: [
          '.labels',
          '.labels.a',
          '.ports',
          '.ports[port=1,protocol="TCP"]',
          '.ports[port=1,protocol="TCP"].port',
          '.spec.name',
        ],
        modified: [],
        removed: [],
      },
    );
  });

  it('finds what changed and what went, at the level that is owned', () => {
    expect(
      compared(
        { args: ['a'], selector: { a: '1' }, labels: { a: '1', b: '2' }, count: 1, finalizers: ['x'] },
        { args: ['b'], selector: { a: '2' }, labels: { a: '2' }, count: 1, finalizers: ['y'] },
      ),
    ).toEqual({
      added: ['.finalizers[="y"]'],
      modified: ['.args', '.labels.a', '.selector'],
      removed: ['.finalizers[="x"]', '.labels.b'],
    });
  });

  it('is empty for the order of elements that have keys', () => {
    const ports = [{ port: 1 }, { port: 2 }];
    expect(compared({ ports }, { ports: ports.toReversed() })).toEqual({
      added: [],
      modified: [],
      removed: [],
    });
  });
});

describe('a merge', () => {
  it('sets what the configuration sets and leaves the rest', () => {
    expect(
      mergeTyped(
        { labels: { a: '1', b: '2' }, args: ['a'], spec: { name: 'n', port: 1 }, count: 3 },
        { labels: { b: '3' }, args: ['x', 'y'], spec: { port: 2 } },
        root,
      ),
    ).toEqual({ labels: { a: '1', b: '3' }, args: ['x', 'y'], spec: { name: 'n', port: 2 }, count: 3 });
  });

  const names = (live: string, config: string) =>
    (
      mergeTyped(
        { finalizers: live.split('').filter(Boolean) },
        { finalizers: config.split('').filter(Boolean) },
        root,
      ) as { finalizers: string[] }
    ).finalizers.join('');

  it.each([
    ['abc', '', 'abc'],
    ['', 'abc', 'abc'],
    ['abc', 'abc', 'abc'],
    ['abc', 'cba', 'cba'],
    ['abc', 'd', 'abcd'],
    ['abc', 'ac', 'abc'],
    ['abc', 'bd', 'abcd'],
    ['abc', 'db', 'adbc'],
    ['axb', 'ba', 'xba'],
    ['1a2b3', 'ba', '12b3a'],
  ])('orders %s with %s as %s', (live, config, expected) => {
    const result = names(live, config);
    expect([...result].toSorted()).toEqual([...new Set([...live, ...config])].toSorted());
    // The configuration's order is kept, and so is that of what only the live list has.
    expect([...result].filter((one) => config.includes(one)).join('')).toBe(config);
    const own = (text: string) => [...text].filter((one) => !config.includes(one)).join('');
    expect(own(result)).toBe(own(live));
    expect(result).toBe(expected);
  });

  it('merges elements by their keys, defaults included', () => {
    expect(
      mergeTyped(
        { ports: [{ port: 80, protocol: 'TCP', name: 'http' }] },
        {
          ports: [
            { port: 80, name: 'web' },
            { port: 80, protocol: 'UDP' },
          ],
        },
        root,
      ),
    ).toEqual({
      ports: [
        { port: 80, protocol: 'TCP', name: 'web' },
        { port: 80, protocol: 'UDP' },
      ],
    });
  });
});

describe('a removal', () => {
  it('takes away paths, and what is emptied by that', () => {
    const object = { labels: { a: '1' }, finalizers: ['x', 'y'], spec: { name: 'n', port: 1 } };
    const set = fieldSetFromPaths([
      ['f:labels', 'f:a'],
      ['f:finalizers', 'v:"x"'],
      ['f:spec', 'f:name'],
    ]);
    expect(removeTyped(object, set, root)).toEqual({ finalizers: ['y'], spec: { port: 1 } });
  });

  it('counts the fields on the way to a path where they are asked for', () => {
    const set = fieldSetFromPaths([
      ['f:spec', 'f:name'],
      ['f:labels', 'f:a'],
    ]);
    expect(texts(withNamedFields(set, root))).toEqual(['.labels', '.labels.a', '.spec', '.spec.name']);
    expect(texts(withNamedFields(set, anyType))).toEqual(['.labels.a', '.spec.name']);
  });
});

describe('a configuration', () => {
  it.each([
    [{ foo: 1 }, ['.foo: field not declared in schema']],
    [{ count: 'x' }, ['.count: expected numeric (int or float), got &{x}']],
    [{ labels: [] }, ['.labels: expected map, got &{}']],
    [
      { ports: [{ port: 1 }, { port: 1, protocol: 'TCP' }] },
      ['.ports: duplicate entries for key [port=1,protocol="TCP"]'],
    ],
    [{ finalizers: ['a', 'a'] }, ['.finalizers: duplicate entries for key [="a"]']],
    [{ labels: null, spec: { port: 1 }, ports: null }, []],
  ])('%j has the errors %j', (config, expected) => {
    expect(configurationErrors(config, root)).toEqual(expected);
  });
});

describe('a structural schema', () => {
  const type = structuralMergeType(
    {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: {
            list: { type: 'array', items: { type: 'string' } },
            set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
            map: {
              type: 'array',
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['id'],
              items: { type: 'object', properties: { id: { type: 'string', default: 'x' } } },
            },
            whole: {
              type: 'object',
              'x-kubernetes-map-type': 'atomic',
              properties: { a: { type: 'string' } },
            },
            open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            entries: { type: 'object', additionalProperties: { type: 'string' } },
          },
        },
      },
    },
    lookup,
    'Root',
  );

  it('says what is owned', () => {
    const object = {
      apiVersion: 'a/v1',
      kind: 'K',
      metadata: { labels: { a: 'b' } },
      spec: {
        list: ['a'],
        set: ['a'],
        map: [{}],
        whole: { a: 'b' },
        open: { any: { thing: 1 } },
        entries: { e: 'f' },
      },
    };
    expect(texts(fieldSetOf(object, type))).toEqual([
      '.apiVersion',
      '.kind',
      '.metadata.labels.a',
      '.spec.entries.e',
      '.spec.list',
      '.spec.map[id="x"]',
      '.spec.open.any',
      '.spec.open.any.thing',
      '.spec.set[="a"]',
      '.spec.whole',
    ]);
    expect(configurationErrors({ spec: { other: 1 } }, type)).toEqual([
      '.spec.other: field not declared in schema',
    ]);
  });
});
