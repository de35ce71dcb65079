import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonSyntaxError, parseJson, scanJson } from './index.ts';

describe("JSON in Go's words", () => {
  it.each([
    ['', 'unexpected end of JSON input'],
    ['{', 'unexpected end of JSON input'],
    ['{"a":1', 'unexpected end of JSON input'],
    ['{"a"', 'unexpected end of JSON input'],
    ['"a', 'unexpected end of JSON input'],
    ['nul', 'unexpected end of JSON input'],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b":2}', `invalid character '"' after object key:value pair`],
    ['[1 2]', "invalid character '2' after array element"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['{} x', "invalid character 'x' after top-level value"],
    ["'a'", "invalid character '\\'' looking for beginning of value"],
    ['"\n"', "invalid character '\\n' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
    ['tru!', "invalid character '!' in literal true (expecting 'e')"],
    ['01', "invalid character '1' after top-level value"],
    ['-', 'unexpected end of JSON input'],
    ['-x', "invalid character 'x' in numeric literal"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['1ex', "invalid character 'x' in exponent of numeric literal"],
    ['é', "invalid character 'Ã' looking for beginning of value"],
  ])('%j', (text, message) => {
    expect(jsonSyntaxError(text)).toBe(message);
  });

  it('refuses more than ten thousand levels', () => {
    expect(jsonSyntaxError('['.repeat(10_000) + ']'.repeat(10_000))).toBeUndefined();
    expect(jsonSyntaxError('['.repeat(10_001))).toBe("invalid character '[' exceeded max depth");
  });

  it('agrees with the fast parser on what is JSON', () => {
    const pieces = fc.array(
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"a"',
        '"',
        '\\',
        '1',
        '-',
        '.',
        'e',
        'true',
        'null',
        ' ',
        '0',
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          pieces.map((list) => list.join('')),
          fc.json(),
        ),
        (text) => {
          let parsed = true;
          try {
            JSON.parse(text);
          } catch {
            parsed = false;
          }
          expect(jsonSyntaxError(text) === undefined).toBe(parsed);
          if (parsed) expect(parseJson(text)).toEqual(JSON.parse(text));
        },
      ),
      { seed: 11, numRuns: 2_000 },
    );
  });
});

describe('scanJson', () => {
  it.each([
    ['{}', false, 1],
    ['1', false, 0],
    ['{"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}]}', false, 3],
    ['{"a":1,"b":{"a":1},"a":2}', true, 2],
    ['{"a":{"b":"x","b":"x"}}', true, 2],
    ['[["a","a"],"a","a"]', false, 2],
    ['{"a":"\\"a\\":1,\\"a\\":2","b":"\\\\"}', false, 1],
    ['{"\\u0061":1}', true, 1],
  ])('%s', (text, mayRepeatKeys, depth) => {
    expect(scanJson(text)).toEqual({ mayRepeatKeys, depth });
  });

  it('finds repeated keys among many', () => {
    const many = Array.from({ length: 3_000 }, (_, index) => `"key-${index}":{"a":[${index}]}`);
    expect(scanJson(`{${many.join(',')}}`).mayRepeatKeys).toBe(false);
    expect(scanJson(`{${many.join(',')},"key-17":1}`).mayRepeatKeys).toBe(true);
  });
});
