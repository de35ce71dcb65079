import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FieldSet, PathStep } from './field-set.ts';
import {
  decodeFieldsV1,
  emptyFieldSet,
  encodeFieldsV1,
  equalFieldSets,
  fieldPaths,
  fieldSetBelow,
  fieldSetFromPaths,
  fieldSetLeaves,
  fieldStep,
  hasFieldPath,
  indexStep,
  intersectFieldSets,
  isEmptyFieldSet,
  keyStep,
  subtractFieldSets,
  subtractFieldSetsDeep,
  unionFieldSets,
  valueStep,
} from './field-set.ts';

const step = fc.oneof(
  fc.constantFrom('a', 'b', '.', '__proto__').map(fieldStep),
  fc.constantFrom('x', 'y').map((name) => keyStep({ name })),
  fc.constantFrom<unknown>('x', 1, true).map(valueStep),
  fc.nat(3).map(indexStep),
);
const path: fc.Arbitrary<PathStep[]> = fc.array(step, { minLength: 1, maxLength: 3 });
const fieldSet = fc.array(path, { maxLength: 6 }).map(fieldSetFromPaths);

function texts(set: FieldSet): string[] {
  return [...fieldPaths(set)].map((steps) => steps.join('/'));
}

describe('field sets', () => {
  it('are written as managedFields has them', () => {
    const set = fieldSetFromPaths([
      ['f:spec', 'f:containers', keyStep({ protocol: 'TCP', containerPort: 80 })],
      ['f:spec', 'f:containers', keyStep({ protocol: 'TCP', containerPort: 80 }), 'f:image'],
      ['f:metadata', 'f:finalizers', valueStep('x')],
      ['f:metadata', 'f:labels'],
      ['f:metadata', 'f:labels', 'f:app'],
      ['f:spec', 'f:replicas'],
    ]);
    expect(JSON.stringify(encodeFieldsV1(set))).toBe(
      '{"f:metadata":{"f:finalizers":{"v:\\"x\\"":{}},"f:labels":{".":{},"f:app":{}}},' +
        '"f:spec":{"f:containers":{"k:{\\"containerPort\\":80,\\"protocol\\":\\"TCP\\"}":{".":{},"f:image":{}}},"f:replicas":{}}}',
    );
  });

  it('are written once as far as they are equal, in part as well', () => {
    const of = (label: string) =>
      encodeFieldsV1(
        fieldSetFromPaths([
          [fieldStep('metadata'), fieldStep('labels'), fieldStep(label)],
          [fieldStep('status'), fieldStep('phase')],
          [fieldStep('spec')],
          [fieldStep('spec'), fieldStep('replicas')],
        ]),
      );
    const [one, other] = [of('a'), of('b')];
    expect(one).not.toEqual(other);
    expect(other['f:status']).toBe(one['f:status']);
    expect(other['f:spec']).toBe(one['f:spec']);
    expect(one['f:spec']).toEqual({ '.': {}, 'f:replicas': {} });
    // The same paths below, but the one above them is not owned.
    expect(encodeFieldsV1(fieldSetFromPaths([[fieldStep('spec'), fieldStep('replicas')]]))).toEqual({
      'f:spec': { 'f:replicas': {} },
    });
  });

  it('read what they do not know without failing', () => {
    const set = decodeFieldsV1({
      'f:a': {},
      'z:new': { 'f:b': {} },
      'k:{"b":1,"a":2}': { '.': {}, 'f:c': {} },
    });
    expect(texts(set)).toEqual(['f:a', 'k:{"a":2,"b":1}', 'k:{"a":2,"b":1}/f:c']);
    expect(() => decodeFieldsV1({ 'f:a': 1 })).toThrow('expected an object in fieldsV1, got 1');
    expect(isEmptyFieldSet(decodeFieldsV1({}))).toBe(true);
  });

  it('answer questions', () => {
    const set = fieldSetFromPaths([['f:a', 'f:b'], ['f:a', 'f:b', 'f:c'], ['f:d']]);
    expect(hasFieldPath(set, ['f:a'])).toBe(false);
    expect(hasFieldPath(set, ['f:a', 'f:b'])).toBe(true);
    expect(texts(fieldSetBelow(set, ['f:a', 'f:b']))).toEqual(['f:c']);
    expect(texts(fieldSetLeaves(set))).toEqual(['f:a/f:b/f:c', 'f:d']);
    expect(texts(subtractFieldSets(set, fieldSetFromPaths([['f:a', 'f:b']])))).toEqual([
      'f:a/f:b/f:c',
      'f:d',
    ]);
    expect(texts(subtractFieldSetsDeep(set, fieldSetFromPaths([['f:a', 'f:b']])))).toEqual(['f:d']);
  });

  it('survive writing and parsing', () => {
    fc.assert(
      fc.property(fieldSet, (set) => {
        expect(equalFieldSets(decodeFieldsV1(JSON.parse(JSON.stringify(encodeFieldsV1(set)))), set)).toBe(
          true,
        );
      }),
    );
  });

  it('obey the laws of sets', () => {
    fc.assert(
      fc.property(fieldSet, fieldSet, fieldSet, path, (a, b, c, some) => {
        const [inA, inB] = [hasFieldPath(a, some), hasFieldPath(b, some)];
        expect(hasFieldPath(unionFieldSets(a, b), some)).toBe(inA || inB);
        expect(hasFieldPath(intersectFieldSets(a, b), some)).toBe(inA && inB);
        expect(hasFieldPath(subtractFieldSets(a, b), some)).toBe(inA && !inB);
        expect(equalFieldSets(unionFieldSets(subtractFieldSets(a, b), intersectFieldSets(a, b)), a)).toBe(
          true,
        );
        const left = intersectFieldSets(a, unionFieldSets(b, c));
        const right = unionFieldSets(intersectFieldSets(a, b), intersectFieldSets(a, c));
        expect(equalFieldSets(left, right)).toBe(true);
        expect(isEmptyFieldSet(subtractFieldSets(a, a))).toBe(true);
        expect(isEmptyFieldSet(subtractFieldSets(subtractFieldSetsDeep(a, b), subtractFieldSets(a, b)))).toBe(
          true,
        );
        expect(equalFieldSets(unionFieldSets(a, emptyFieldSet), a)).toBe(true);
      }),
    );
  });
});
