import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteLength, goJson, goQuote, goValue } from './go-format.ts';

describe('Go formats', () => {
  it.each([
    ['plain', '"plain"'],
    ['tab\tand "quote" \\', String.raw`"tab\tand \"quote\" \\"`],
    ['\0\x1f\x7f', String.raw`"\x00\x1f\x7f"`],
    ['héllo 世界 🙂', '"héllo 世界 🙂"'],
    ['\u00a0\u200b\ufeff', String.raw`"\u00a0\u200b\ufeff"`],
    ['\u{e0001}', String.raw`"\U000e0001"`],
  ])('quotes %j', (text, quoted) => {
    expect(goQuote(text)).toBe(quoted);
  });

  it('prints decoded JSON as %v does', () => {
    expect(goValue({ b: [1, 'x', null], a: { c: true } })).toBe('map[a:map[c:true] b:[1 x <nil>]]');
  });

  it('writes JSON as encoding/json does', () => {
    expect(goJson({ b: '&', a: [{ z: 1, y: undefined }] })).toBe('{"a":[{"z":1}],"b":"\\u0026"}');
    expect(goJson(JSON.parse('{"__proto__":1}'))).toBe('{"__proto__":1}');
  });

  it('counts bytes of UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'é', '世', '🙂', '\ud800', '\udc00') }), (text) => {
        expect(byteLength(text)).toBe(new TextEncoder().encode(text).length);
      }),
    );
  });
});
