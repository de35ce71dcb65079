import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cloneJson, deepEqual } from './json-value.ts';
import type { FieldSchema, MessageSchema, SchemaLookup } from './schema.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';

type Field = Omit<FieldSchema, 'number' | 'kind'> & { kind?: FieldSchema['kind'] };

function message(name: string, ...fields: Field[]): MessageSchema {
  const full = fields.map((field, index): FieldSchema => ({
    number: index + 1,
    kind: field.message === undefined ? 'string' : 'message',
    ...field,
  }));
  return { name, fields: full, byJsonName: new Map(full.map((field) => [field.name, field])) };
}

/** A small Pod, with one field of each kind of merging. */
const schemas = [
  message('Pod', { name: 'metadata', message: 'Meta' }, { name: 'spec', message: 'Spec' }),
  message(
    'Meta',
    { name: 'labels', map: true },
    { name: 'finalizers', repeated: true, patchStrategy: 'merge' },
    { name: 'owners', repeated: true, message: 'Owner', patchMergeKey: 'uid', patchStrategy: 'merge' },
  ),
  message('Owner', { name: 'uid' }, { name: 'kind' }),
  message(
    'Spec',
    {
      name: 'containers',
      repeated: true,
      message: 'Container',
      patchMergeKey: 'name',
      patchStrategy: 'merge',
    },
    { name: 'tolerations', repeated: true, message: 'Toleration' },
    { name: 'broken', repeated: true, message: 'Toleration', patchStrategy: 'merge' },
    { name: 'strategy', message: 'Rollout', patchStrategy: 'retainKeys' },
    { name: 'whole', message: 'Rollout', patchStrategy: 'replace' },
    {
      name: 'volumes',
      repeated: true,
      message: 'Volume',
      patchMergeKey: 'name',
      patchStrategy: 'merge,retainKeys',
    },
  ),
  message(
    'Container',
    { name: 'name' },
    { name: 'image' },
    { name: 'args', repeated: true },
    {
      name: 'ports',
      repeated: true,
      message: 'Port',
      patchMergeKey: 'containerPort',
      patchStrategy: 'merge',
    },
  ),
  message('Port', { name: 'containerPort', kind: 'int32' }, { name: 'protocol' }),
  message('Toleration', { name: 'key' }),
  message('Rollout', { name: 'type' }, { name: 'rollingUpdate', message: 'Rolling' }),
  message('Rolling', { name: 'maxSurge', kind: 'intOrString' }),
  message(
    'Volume',
    { name: 'name' },
    { name: 'emptyDir', message: 'Empty' },
    { name: 'hostPath', message: 'Empty' },
  ),
  message('Empty'),
];
const lookup: SchemaLookup = (name) => schemas.find((schema) => schema.name === name);

function patched(original: unknown, patch: unknown): unknown {
  return applyStrategicMergePatch<unknown>(original, patch, lookup, 'Pod');
}

function spec(original: unknown, patch: unknown): unknown {
  return (patched({ spec: original }, { spec: patch }) as { spec: unknown }).spec;
}

describe('strategic merge', () => {
  it('merges maps, removes with null, replaces scalars and atomic lists', () => {
    expect(
      patched(
        { metadata: { labels: { a: '1', b: '2' } }, spec: { tolerations: [{ key: 'x' }] } },
        { metadata: { labels: { b: null, c: '3' } }, spec: { tolerations: [{ key: 'y' }] } },
      ),
    ).toEqual({ metadata: { labels: { a: '1', c: '3' } }, spec: { tolerations: [{ key: 'y' }] } });
  });

  it('merges lists of objects by their key, new elements first as the server does', () => {
    expect(
      spec(
        {
          containers: [
            { name: 'a', image: 'a:1', args: ['x'] },
            { name: 'b', image: 'b:1' },
          ],
        },
        {
          containers: [
            { name: 'c', image: 'c:1' },
            { name: 'b', image: 'b:2', args: null },
          ],
        },
      ),
    ).toEqual({
      containers: [
        { name: 'c', image: 'c:1' },
        { name: 'a', image: 'a:1', args: ['x'] },
        { name: 'b', image: 'b:2' },
      ],
    });
  });

  it('merges nested lists by a number', () => {
    expect(
      spec(
        {
          containers: [
            { name: 'a', ports: [{ containerPort: 80 }, { containerPort: 443, protocol: 'TCP' }] },
          ],
        },
        { containers: [{ name: 'a', ports: [{ containerPort: 443, protocol: 'UDP' }] }] },
      ),
    ).toEqual({
      containers: [{ name: 'a', ports: [{ containerPort: 80 }, { containerPort: 443, protocol: 'UDP' }] }],
    });
  });

  it('unites lists of scalars', () => {
    expect(
      patched({ metadata: { finalizers: ['a', 'b'] } }, { metadata: { finalizers: ['c', 'b'] } }),
    ).toEqual({
      metadata: { finalizers: ['c', 'a', 'b'] },
    });
  });

  it.each([
    [
      'deletes an element',
      { containers: [{ name: 'a', $patch: 'delete' }] },
      { containers: [{ name: 'b' }] },
    ],
    [
      'deletes what is not there',
      { containers: [{ name: 'z', $patch: 'delete' }] },
      { containers: [{ name: 'a' }, { name: 'b' }] },
    ],
    [
      'replaces a list',
      { containers: [{ $patch: 'replace' }, { name: 'c' }] },
      { containers: [{ name: 'c' }] },
    ],
    ['empties a list', { containers: [{ $patch: 'replace' }] }, { containers: [] }],
    ['removes a list', { containers: null }, {}],
    [
      'replaces an object',
      { $patch: 'replace', containers: [{ name: 'c' }] },
      { containers: [{ name: 'c' }] },
    ],
    ['deletes an object’s content', { $patch: 'delete' }, {}],
  ])('%s', (_, patch, expected) => {
    expect(spec({ containers: [{ name: 'a' }, { name: 'b' }] }, patch)).toEqual(expected);
  });

  it('drops directives and nulls where there is nothing to merge with', () => {
    expect(
      patched(
        {},
        {
          spec: {
            containers: [
              { name: 'a', image: null },
              { name: 'b', $patch: 'delete' },
            ],
          },
        },
      ),
    ).toEqual({
      spec: { containers: [{ name: 'a' }] },
    });
    expect(patched({}, { spec: { $patch: 'delete' } })).toEqual({});
  });

  it('deletes from lists of scalars', () => {
    const original = { metadata: { finalizers: ['a', 'b', 'c'] } };
    expect(patched(original, { metadata: { '$deleteFromPrimitiveList/finalizers': ['b', 'z'] } })).toEqual({
      metadata: { finalizers: ['a', 'c'] },
    });
    expect(patched({ metadata: {} }, { metadata: { '$deleteFromPrimitiveList/finalizers': ['b'] } })).toEqual(
      {
        metadata: {},
      },
    );
  });

  it('puts elements in the order that was asked for, with the server’s own in their place', () => {
    const order = (...names: string[]) => names.map((name) => ({ name }));
    expect(
      spec(
        { containers: order('a', 'server', 'b') },
        { '$setElementOrder/containers': order('c', 'b', 'a'), containers: [{ name: 'c' }] },
      ),
    ).toEqual({ containers: order('c', 'server', 'b', 'a') });
    expect(spec({ containers: order('a', 'b') }, { '$setElementOrder/containers': order('b', 'a') })).toEqual(
      {
        containers: order('b', 'a'),
      },
    );
    expect(
      spec(
        { containers: order('a', 'b', 'c') },
        { '$setElementOrder/containers': order('c', 'a'), containers: [{ name: 'b', $patch: 'delete' }] },
      ),
    ).toEqual({ containers: order('c', 'a') });
    expect(
      patched(
        { metadata: { finalizers: ['a', 'b'] } },
        { metadata: { '$setElementOrder/finalizers': ['b', 'c', 'a'], finalizers: ['c'] } },
      ),
    ).toEqual({ metadata: { finalizers: ['b', 'c', 'a'] } });
    expect(spec({}, { '$setElementOrder/containers': order('a') })).toEqual({});
    // What is deleted makes room, and what is new comes after what only the server has.
    expect(
      spec(
        { containers: order('a', 'b', 'd') },
        {
          '$setElementOrder/containers': order('b', 'c'),
          containers: [{ name: 'c' }, { name: 'a', $patch: 'delete' }],
        },
      ),
    ).toEqual({ containers: order('b', 'd', 'c') });
  });

  it('retains only the keys that are named', () => {
    expect(
      spec(
        { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } },
        { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
      ),
    ).toEqual({ strategy: { type: 'Recreate' } });
    expect(
      spec(
        { volumes: [{ name: 'v', emptyDir: {} }] },
        { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x' } }] },
      ),
    ).toEqual({ volumes: [{ name: 'v', hostPath: { path: '/x' } }] });
  });

  it('replaces what is declared so', () => {
    expect(spec({ whole: { type: 'a' } }, { whole: { rollingUpdate: { maxSurge: 1 } } })).toEqual({
      whole: { rollingUpdate: { maxSurge: 1 } },
    });
  });

  it.each([
    [
      { spec: { containers: [{ image: 'x' }] } },
      400,
      'map: map[image:x] does not contain declared merge key: name',
    ],
    [
      { spec: { containers: [{ $patch: 'delete' }] } },
      400,
      'map: map[$patch:delete] does not contain declared merge key: name',
    ],
    [{ spec: { $patch: 'mix' } }, 400, 'unknown patch type: mix in map: map[$patch:mix]'],
    [
      { spec: { containers: [{ name: 'a', $patch: 'merge' }] } },
      400,
      'merging lists cannot yet be specified in the patch',
    ],
    [
      { spec: { strategy: { $retainKeys: ['type'], rollingUpdate: {} } } },
      400,
      'invalid patch format of retainKeys',
    ],
    [{ spec: { strategy: { $retainKeys: 'type' } } }, 400, 'invalid patch format of retainKeys'],
    [{ spec: { containers: ['a'] } }, 400, 'list element types are not identical: [[map[name:a]] [a]]'],
    [{ spec: { broken: [{ key: 'y' }] } }, 400, 'cannot merge lists without merge key for struct'],
    [
      { spec: { '$setElementOrder/containers': [{ name: 'a' }], containers: [{ name: 'b' }] } },
      400,
      "The order in patch list:\n[map[name:b]]\n doesn't match $setElementOrder list:\n[map[name:a]]\n",
    ],
    ['text', 400, 'invalid JSON document'],
  ])('refuses %j', (patch, code, text) => {
    const original = {
      spec: { containers: [{ name: 'a' }], strategy: { type: 'x' }, broken: [{ key: 'x' }] },
    };
    expect(() => patched(original, patch)).toThrow(expect.objectContaining({ code, message: text }));
  });

  it('refuses a type without a schema', () => {
    expect(() => applyStrategicMergePatch({}, {}, lookup, 'Unknown')).toThrow(
      expect.objectContaining({ code: 400, message: 'strategic merge patch format is not supported' }),
    );
  });

  it('takes dangerous names as data', () => {
    const patch: unknown = JSON.parse('{"metadata":{"labels":{"__proto__":"x","constructor":"y"}}}');
    const result = patched({ metadata: { labels: { a: '1' } } }, patch) as { metadata: { labels: object } };
    expect(JSON.stringify(result)).toBe(
      '{"metadata":{"labels":{"a":"1","__proto__":"x","constructor":"y"}}}',
    );
    expect(Object.getPrototypeOf(result.metadata.labels)).toBe(Object.prototype);
  });
});

const name = fc.constantFrom('a', 'b', 'c', 'd');
const container = fc.record(
  {
    name,
    image: fc.constantFrom('x:1', 'x:2'),
    args: fc.array(name, { maxLength: 2 }),
    ports: fc.uniqueArray(fc.record({ containerPort: fc.nat(3), protocol: fc.constantFrom('TCP', 'UDP') }), {
      selector: (port) => port.containerPort,
      maxLength: 3,
    }),
  },
  { requiredKeys: ['name'], noNullPrototype: true },
);
const pod = fc.record(
  {
    metadata: fc.record(
      {
        labels: fc.dictionary(name, name, { noNullPrototype: true }),
        finalizers: fc.uniqueArray(name),
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
    spec: fc.record(
      {
        containers: fc.uniqueArray(container, { selector: (item) => item.name, maxLength: 4 }),
        tolerations: fc.array(fc.record({ key: name }, { noNullPrototype: true }), { maxLength: 2 }),
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
  },
  { requiredKeys: [], noNullPrototype: true },
);

describe('laws', () => {
  it('applying twice is applying once, and neither side changes', () => {
    fc.assert(
      fc.property(pod, pod, (original, patch) => {
        const before = JSON.stringify([original, patch]);
        const once = patched(original, patch);
        expect(patched(once, patch)).toEqual(once);
        expect(JSON.stringify([original, patch])).toBe(before);
      }),
    );
  });

  it('an object patched with itself or with nothing stays as it is', () => {
    fc.assert(
      fc.property(pod, (original) => {
        expect(deepEqual(patched(original, cloneJson(original)), original)).toBe(true);
        expect(deepEqual(patched(original, {}), original)).toBe(true);
      }),
    );
  });

  it('every element of the patch is in the result, in the patch’s order', () => {
    fc.assert(
      fc.property(pod, pod, (original, patch) => {
        const result = patched(original, patch) as typeof original;
        const wanted = (patch.spec?.containers ?? []).map((item) => item.name);
        const names = (result.spec?.containers ?? []).map((item) => item.name);
        expect(names.filter((item) => wanted.includes(item))).toEqual(wanted);
        expect(new Set(names).size).toBe(names.length);
      }),
    );
  });
});
