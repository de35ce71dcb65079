import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, cloneJson, deepEqual, getPath, semanticEqual, setPath } from './json-value.ts';

const hostile: unknown = JSON.parse(
  '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
);

/** JSON documents whose keys include the dangerous ones. */
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 0, 1.5, -7, '', 'text'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.constantFrom('a', 'b', '__proto__', 'constructor', '1'), tie('value')), {
        maxLength: 4,
      })
      .map((entries) => Object.fromEntries(entries)),
  ),
})).value;

describe('cloneJson and deepEqual', () => {
  it('copy everything and share nothing', () => {
    fc.assert(
      fc.property(json, (value) => {
        const copy = cloneJson(value);
        expect(JSON.stringify(copy)).toBe(JSON.stringify(value));
        expect(deepEqual(copy, value)).toBe(true);
        if (typeof value === 'object' && value !== null) expect(copy).not.toBe(value);
      }),
    );
  });

  it('agree with canonical text', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(deepEqual(a, b)).toBe(canonicalJson(a) === canonicalJson(b));
        expect(deepEqual(a, b)).toBe(deepEqual(b, a));
        if (deepEqual(a, b)) expect(semanticEqual(a, b)).toBe(true);
      }),
    );
  });

  it('treat dangerous names as data', () => {
    const copy = cloneJson(hostile) as Record<string, unknown>;
    expect(Object.keys(copy)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(deepEqual({ constructor: 1 }, {})).toBe(false);
  });

  it('take undefined as absent', () => {
    expect(cloneJson({ a: undefined, b: 1 })).toEqual({ b: 1 });
    expect(Object.keys(cloneJson({ a: undefined }))).toEqual([]);
    expect(deepEqual({ a: undefined }, {})).toBe(true);
    expect(deepEqual({ a: undefined, b: 1 }, { a: 1, b: undefined })).toBe(false);
    expect(deepEqual({ a: null }, {})).toBe(false);
    expect(semanticEqual({ a: null, b: [], c: {}, d: 0 }, {})).toBe(true);
    expect(semanticEqual({ a: [1] }, { a: [1, 0] })).toBe(false);
  });
});

describe('dotted paths', () => {
  it('are read', () => {
    const object = { spec: { replicas: 3, list: [{ a: 1 }] } };
    expect(getPath(object, 'spec.replicas')).toBe(3);
    expect(getPath(object, '.spec.list.0.a')).toBe(1);
    expect(getPath(object, ['spec', 'nothing', 'below'])).toBeUndefined();
    expect(getPath(object, 'spec.constructor')).toBeUndefined();
    expect(getPath(object, '')).toBe(object);
  });

  it('are written and removed', () => {
    const object = {};
    setPath(object, 'spec.replicas', 3);
    setPath(object, 'spec.other', 4);
    setPath(object, 'spec.other', undefined);
    setPath(object, 'status.none', undefined);
    expect(object).toEqual({ spec: { replicas: 3 } });
    expect(() => setPath(object, 'spec.replicas.x', 1)).toThrow(TypeError);
    setPath(object, '__proto__.polluted', true);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.hasOwn(object, '__proto__')).toBe(true);
  });
});
