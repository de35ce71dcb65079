import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileFieldSelector, parseFieldSelector, parseFieldSelectorParameter } from './field-selector.ts';

function fieldsOf(fields: Record<string, string>): (name: string) => string {
  return (name) => fields[name] ?? '';
}

describe('field selectors', () => {
  it.each([
    ['', ''],
    [',', ''],
    ['a=b', 'a=b'],
    ['a==b', 'a=b'],
    ['b!=c,a=b', 'a=b,b!=c'],
    [String.raw`a=x\,y\=z\\`, String.raw`a=x\,y\=z\\`],
    ['a=', 'a='],
  ])('%j is canonically %j', (text, canonical) => {
    expect(parseFieldSelector(text).toString()).toBe(canonical);
  });

  it.each([
    ['a', "invalid selector: 'a'; can't understand 'a'"],
    ['a=b,c', "invalid selector: 'a=b,c'; can't understand 'c'"],
    [String.raw`a=b\c`, String.raw`invalid field selector: invalid escape sequence: \c`],
    ['a=b\\', 'invalid field selector: invalid escape sequence: \\'],
    ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
  ])('%j is refused', (text, message) => {
    expect(() => parseFieldSelector(text)).toThrow(message);
  });

  it('answers 400 for a request parameter', () => {
    expect(() => parseFieldSelectorParameter('a')).toThrow(
      expect.objectContaining({ code: 400, reason: 'BadRequest' }),
    );
  });

  it('matches fields', () => {
    const selector = parseFieldSelector('metadata.name=x,status.phase!=Running');
    expect(selector.matches(fieldsOf({ 'metadata.name': 'x', 'status.phase': 'Pending' }))).toBe(true);
    expect(selector.matches(fieldsOf({ 'metadata.name': 'x', 'status.phase': 'Running' }))).toBe(false);
    expect(selector.matches(fieldsOf({ 'metadata.name': 'y' }))).toBe(false);
    expect(parseFieldSelector('spec.nodeName=').matches(fieldsOf({}))).toBe(true);
    expect(selector.exactValue('metadata.name')).toBe('x');
    expect(selector.exactValue('status.phase')).toBeUndefined();
  });

  it('any value survives writing and parsing', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom<'=' | '!='>('=', '!='), (value, operator) => {
        const selector = compileFieldSelector([{ field: 'spec.x', operator, value }]);
        expect(parseFieldSelector(selector.toString()).requirements).toEqual(selector.requirements);
      }),
    );
  });
});
