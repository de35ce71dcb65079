import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SelectorOperator, SelectorRequirement } from './label-selector.ts';
import { compileSelector, selectorFromSet } from './label-selector.ts';
import {
  formatLabelSelector,
  matches,
  selectorFromLabelSelector,
  validateLabelSelector,
  validateLabels,
} from './label-selector-object.ts';
import { fieldPath } from './field-path.ts';
import { formatFieldErrors } from './field-error.ts';
import { SelectorSyntaxError, parseSelector, parseSelectorParameter } from './label-selector-parser.ts';

const keyMessage =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const valueMessage =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

describe('selector text', () => {
  it.each([
    ['', ''],
    ['a=b', 'a=b'],
    ['a==b', 'a==b'],
    [' a = b , c!=d ', 'a=b,c!=d'],
    ['x in (b,a,b)', 'x in (a,b)'],
    ['x notin (a)', 'x notin (a)'],
    ['x in ()', 'x in ()'],
    ['x in (,a)', 'x in (,a)'],
    ['z,a', 'a,z'],
    ['!x', '!x'],
    ['x>1,y<2', 'x>1,y<2'],
    ['a=', 'a='],
    ['in in (in)', 'in in (in)'],
    ['notin=in', 'notin=in'],
    ['example.com/a=b', 'example.com/a=b'],
  ])('%j is canonically %j', (text, canonical) => {
    expect(parseSelector(text).toString()).toBe(canonical);
  });

  it.each([
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a=b,', "found '', expected: identifier after ','"],
    ['a,,b', "found ',', expected: identifier after ','"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    [',', "found ',', expected: !, identifier, or 'end of string'"],
    ['x in a', "unable to parse requirement: found 'a' expected: '('"],
    ['x in (a', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['x in (=)', "unable to parse requirement: found '=', expected: ',', ')' or identifier"],
    ['a=!b', "unable to parse requirement: found '!', expected: identifier"],
    ['!', "unable to parse requirement: found '', expected: identifier"],
    ['-a', `unable to parse requirement: <nil>: Invalid value: "-a": ${keyMessage}`],
    ['a=-', `unable to parse requirement: values[0][a]: Invalid value: "-": ${valueMessage}`],
    [
      'a>x',
      `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`,
    ],
  ])('%j is refused', (text, message) => {
    expect(() => parseSelector(text)).toThrow(new SelectorSyntaxError(message));
  });

  it('answers 400 for a request parameter', () => {
    expect(() => parseSelectorParameter('a b')).toThrow(
      expect.objectContaining({ code: 400, reason: 'BadRequest' }),
    );
  });
});

describe('matching', () => {
  it.each([
    ['', {}, true],
    ['a=b', { a: 'b' }, true],
    ['a=b', { a: 'c' }, false],
    ['a=b', undefined, false],
    ['a!=b', undefined, true],
    ['a!=b', { a: 'b' }, false],
    ['a in (b,c)', { a: 'c' }, true],
    ['a notin (b,c)', { a: 'c' }, false],
    ['a notin (b,c)', {}, true],
    ['a', { a: '' }, true],
    ['a=', { a: '' }, true],
    ['a=', {}, false],
    ['!a', { a: '' }, false],
    ['constructor', {}, false],
    ['!toString', {}, true],
    ['a>5', { a: '10' }, true],
    ['a>5', { a: '5' }, false],
    ['a<5', { a: 'x' }, false],
    ['a<5', {}, false],
    ['a=b,c=d', { a: 'b', c: 'd', e: 'f' }, true],
    ['a=b,c=d', { a: 'b' }, false],
  ])('%j on %j', (text, labels, expected) => {
    expect(parseSelector(text).matches(labels as Record<string, string> | undefined)).toBe(expected);
  });

  it('an absent LabelSelector matches nothing, an empty one everything', () => {
    expect(matches(undefined, {})).toBe(false);
    expect(matches(null, {})).toBe(false);
    expect(matches({}, undefined)).toBe(true);
    expect(matches({ matchLabels: { a: 'b' } }, { a: 'b' })).toBe(true);
  });

  it('finds the one value a key must have', () => {
    const selector = parseSelector('a=b,c in (d),e in (f,g),h!=i');
    expect(['a', 'c', 'e', 'h', 'z'].map(selector.exactValue)).toEqual([
      'b',
      'd',
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('LabelSelector objects', () => {
  it('turn into text', () => {
    const selector = {
      matchLabels: { b: '1', a: '2' },
      matchExpressions: [
        { key: 'c', operator: 'In', values: ['y', 'x'] },
        { key: 'd', operator: 'DoesNotExist' },
      ],
    };
    expect(formatLabelSelector(selector)).toBe('a=2,b=1,c in (x,y),!d');
  });

  it('are refused in Kubernetes’ words', () => {
    const unknown = { matchExpressions: [{ key: 'a', operator: 'Near' }] };
    expect(() => selectorFromLabelSelector(unknown)).toThrow('"Near" is not a valid label selector operator');
    const path = fieldPath('spec', 'selector');
    expect(formatFieldErrors(validateLabelSelector(unknown, path))).toBe(
      'spec.selector.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator',
    );
    expect(
      formatFieldErrors(
        validateLabelSelector(
          {
            matchExpressions: [
              { key: 'a', operator: 'In' },
              { key: 'a', operator: 'Exists', values: ['x'] },
            ],
          },
          path,
        ),
      ),
    ).toBe(
      "[spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn', " +
        "spec.selector.matchExpressions[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist']",
    );
    expect(formatFieldErrors(validateLabels({ a: 'b c' }, fieldPath('metadata', 'labels')))).toBe(
      `metadata.labels: Invalid value: "b c": ${valueMessage}`,
    );
  });
});

const key = fc.constantFrom('a', 'b', 'app', 'example.com/x');
const value = fc.constantFrom('', '1', '2', 'v', 'in');
const requirement: fc.Arbitrary<SelectorRequirement> = fc.oneof(
  fc.record({ key, operator: fc.constantFrom<SelectorOperator>('=', '==', '!='), values: fc.tuple(value) }),
  fc.record({
    key,
    operator: fc.constantFrom<SelectorOperator>('in', 'notin'),
    values: fc.uniqueArray(value, { minLength: 1 }).map((values) => values.sort()),
  }),
  fc.record({ key, operator: fc.constantFrom<SelectorOperator>('exists', '!'), values: fc.constant([]) }),
  fc.record({
    key,
    operator: fc.constantFrom<SelectorOperator>('gt', 'lt'),
    values: fc.tuple(fc.nat().map(String)),
  }),
);
const labels = fc.dictionary(key, value, { noNullPrototype: true });

describe('laws', () => {
  it('the canonical text parses to an equal selector', () => {
    fc.assert(
      fc.property(fc.array(requirement), labels, (requirements, set) => {
        const selector = compileSelector(requirements);
        const parsed = parseSelector(selector.toString());
        expect(parsed.toString()).toBe(selector.toString());
        expect(parsed.matches(set)).toBe(selector.matches(set));
      }),
    );
  });

  it('a negated requirement matches exactly the other sets', () => {
    fc.assert(
      fc.property(key, fc.uniqueArray(value, { minLength: 1 }), labels, (name, values, set) => {
        const inside = compileSelector([{ key: name, operator: 'in', values }]).matches(set);
        const outside = compileSelector([{ key: name, operator: 'notin', values }]).matches(set);
        expect(inside).not.toBe(outside);
      }),
    );
  });

  it('a set matches itself and every superset', () => {
    fc.assert(
      fc.property(labels, labels, (set, more) => {
        expect(selectorFromSet(set).matches({ ...more, ...set })).toBe(true);
      }),
    );
  });

  it('arbitrary text either parses or is refused with a message', () => {
    const noise = fc.string({
      unit: fc.constantFrom('a', 'in', '(', ')', ',', '=', '!', '<', '>', ' ', '-'),
    });
    fc.assert(
      fc.property(noise, (text) => {
        try {
          parseSelector(text).matches({ a: 'b' });
        } catch (error) {
          expect(error).toMatchObject({
            name: 'SelectorSyntaxError',
            message: expect.stringMatching(/./) as string,
          });
        }
      }),
    );
  });
});
