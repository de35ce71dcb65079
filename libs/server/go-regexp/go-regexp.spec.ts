import { describe, expect, it } from 'vitest';
import { compileGoRegexp } from './index.ts';

describe('regular expressions of Go', () => {
  it.each([
    ['(a+)+$', `${'a'.repeat(50_000)}!`, false],
    ['(a|a)*b', 'a'.repeat(50_000), false],
    ['.*.*.*.*.*x$', 'a'.repeat(50_000), false],
    ['^[a-z]*[a-z]*[a-z]*[a-z]*[a-z]*$', `${'a'.repeat(50_000)}!`, false],
    ['^\\s+|\\s+$', `${' '.repeat(50_000)}x`, true],
    ['a*b', 'a'.repeat(100_000), false],
    ['^(.*?,){11}P', '1,2,3,4,5,6,7,8,9,10,11,12,13', false],
    [`${'a?'.repeat(30)}${'a'.repeat(30)}`, 'a'.repeat(30), true],
  ])('%s takes no longer than its text', (pattern, text, expected) => {
    const regexp = compileGoRegexp(pattern);
    const before = performance.now();
    expect(regexp.test(text)).toBe(expected);
    // A backtracking engine takes minutes, or for ever.
    expect(performance.now() - before).toBeLessThan(5_000);
  });

  it('finds the same with either engine', () => {
    const texts = ['', 'a', 'ab12', 'ü-ß', 'x'.repeat(3_000), 'a.b.c', 'A B'];
    for (const pattern of ['^[a-z]*$', '[0-9]+', '\\pL', 'x$', '^.?$', '[[:upper:]]', '(?i)AB', '\\.']) {
      const plain = compileGoRegexp(pattern);
      // The nested quantifier sends it to the other engine.
      const nested = compileGoRegexp(`(?:${pattern})(?:(?:q)*)*`);
      for (const text of texts)
        expect([pattern, text, plain.test(text)]).toEqual([pattern, text, nested.test(text)]);
    }
  });

  it('finds all matches, or some', () => {
    const words = compileGoRegexp('([a-z]+)+');
    expect(words.findAll('abc 12 de f', -1)).toEqual(['abc', 'de', 'f']);
    expect(words.findAll('abc 12 de f', 2)).toEqual(['abc', 'de']);
    expect(words.findAll('abc', 0)).toEqual([]);
    expect(compileGoRegexp('a*').findAll('baac', -1)).toEqual(['', 'aa', '']);
  });
});
