import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyJsonPatch } from './json-patch.ts';
import { cloneJson, deepEqual } from './json-value.ts';
import { applyMergePatch, createMergePatch } from './merge-patch.ts';

const key = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', 'x/y', 'm~n');
const scalar = fc.constantFrom<unknown>(true, 0, 1.5, '', 'text');
function document(withNull: boolean): fc.Arbitrary<Record<string, unknown>> {
  const { object } = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      withNull ? fc.oneof(scalar, fc.constant(null)) : scalar,
      fc.array(scalar, { maxLength: 3 }),
      tie('object'),
    ),
    object: fc
      .array(fc.tuple(key, tie('value')), { maxLength: 4 })
      .map((entries) => Object.fromEntries(entries)),
  }));
  return object;
}

function pointer(name: string): string {
  return `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

describe('JSON patch', () => {
  const doc = { a: { b: [1, 2, 3], 'x/y': 0, 'm~n': null } };

  it.each([
    [[{ op: 'add', path: '/a/c', value: 1 }], { a: { ...doc.a, c: 1 } }],
    [[{ op: 'add', path: '/a/b/1', value: 9 }], { a: { ...doc.a, b: [1, 9, 2, 3] } }],
    [[{ op: 'add', path: '/a/b/-', value: 9 }], { a: { ...doc.a, b: [1, 2, 3, 9] } }],
    [[{ op: 'remove', path: '/a/b/0' }], { a: { ...doc.a, b: [2, 3] } }],
    [[{ op: 'remove', path: '/a/b/-1' }], { a: { ...doc.a, b: [1, 2] } }],
    [[{ op: 'replace', path: '/a/x~1y', value: { z: 1 } }], { a: { ...doc.a, 'x/y': { z: 1 } } }],
    [[{ op: 'replace', path: '/a/nothing', value: 1 }], { a: { ...doc.a, nothing: 1 } }],
    [[{ op: 'replace', path: '', value: { z: 1 } }], { z: 1 }],
    [[{ op: 'move', from: '/a/b', path: '/c' }], { a: { 'x/y': 0, 'm~n': null }, c: [1, 2, 3] }],
    [[{ op: 'copy', from: '/a/b/2', path: '/a/b/0' }], { a: { ...doc.a, b: [3, 1, 2, 3] } }],
    [[{ op: 'copy', from: '/a/m~0n', path: '/n' }], { ...doc, n: null }],
    [[{ op: 'test', path: '/a/m~0n', value: null }], doc],
    [[{ op: 'test', path: '/a/missing', value: null }], doc],
    [[{ op: 'test', path: '', value: { a: { 'm~n': null, 'x/y': 0, b: [1, 2, 3] } } }], doc],
    [[], doc],
  ])('%j', (patch, expected) => {
    const before = cloneJson(doc);
    expect(applyJsonPatch<unknown>(doc, patch)).toEqual(expected);
    expect(doc).toEqual(before);
  });

  it.each([
    [[{ op: 'remove', path: '/nothing' }]],
    [[{ op: 'replace', path: '/a/nothing/below', value: 1 }]],
    [[{ op: 'replace', path: '/a/b/-', value: 1 }]],
    [[{ op: 'move', from: '/nothing', path: '/c' }]],
    [[{ op: 'add', path: '/a/nothing/below', value: 1 }]],
    [[{ op: 'add', path: '/a/b/4', value: 1 }]],
    [[{ op: 'add', path: '/a/b/x', value: 1 }]],
    [[{ op: 'test', path: '/a/x~1y', value: 1 }]],
    [[{ op: 'test', path: '/a/b', value: [1, 2] }]],
    [[{ op: 'move', from: '/a', path: '/a/b/c' }]],
    [[{ op: 'copy', from: '/nothing', path: '/c' }]],
    [[{ op: 'leap', path: '/a' }]],
    [[{ op: 'add', value: 1 }]],
    [[{ op: 'add', path: 'a', value: 1 }]],
    [[{ op: 'remove', path: '/constructor' }]],
  ])('%j does not fit', (patch) => {
    expect(() => applyJsonPatch(doc, patch)).toThrow(
      expect.objectContaining({
        code: 422,
        reason: 'Invalid',
        message: 'the server rejected our request due to an error in our request',
      }),
    );
  });

  it('refuses what is no patch, and too much of one', () => {
    expect(() => applyJsonPatch(doc, { a: 1 })).toThrow(expect.objectContaining({ code: 400 }));
    expect(() => applyJsonPatch(doc, [1])).toThrow(expect.objectContaining({ code: 400 }));
    const many = new Array<unknown>(10_001).fill({ op: 'test', path: '', value: doc });
    expect(() => applyJsonPatch(doc, many)).toThrow(
      'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    );
  });

  it('turns any document into any other, field by field, and back', () => {
    fc.assert(
      fc.property(document(true), document(true), (from, to) => {
        const operations = [
          ...Object.keys(from).map((name) => ({ op: 'remove', path: pointer(name) })),
          ...Object.keys(to).map((name) => ({ op: 'add', path: pointer(name), value: to[name] })),
          { op: 'test', path: '', value: to },
        ];
        const before = JSON.stringify([from, to]);
        expect(deepEqual(applyJsonPatch(from, operations), to)).toBe(true);
        expect(JSON.stringify([from, to])).toBe(before);
        expect(({} as Record<string, unknown>)['a']).toBeUndefined();
      }),
    );
  });
});

describe('JSON merge patch', () => {
  it.each([
    // The examples of RFC 7386, appendix A.
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j', (target, patch, expected) => {
    expect(applyMergePatch<unknown>(target, patch)).toEqual(expected);
  });

  it('is idempotent, changes neither side, and the empty patch changes nothing', () => {
    fc.assert(
      fc.property(document(false), document(true), (target, patch) => {
        const before = JSON.stringify([target, patch]);
        const once = applyMergePatch(target, patch);
        expect(deepEqual(applyMergePatch(once, patch), once)).toBe(true);
        expect(deepEqual(applyMergePatch(target, {}), target)).toBe(true);
        expect(JSON.stringify([target, patch])).toBe(before);
        expect(Object.getPrototypeOf(once)).toBe(Object.prototype);
      }),
    );
  });

  it('the difference of two documents leads from one to the other', () => {
    fc.assert(
      fc.property(document(false), document(false), (from, to) => {
        expect(deepEqual(applyMergePatch<unknown>(from, createMergePatch(from, to)), to)).toBe(true);
        expect(createMergePatch(from, cloneJson(from))).toEqual({});
      }),
    );
  });
});
