import { describe, expect, it } from 'vitest';
import { warningHeader, warningHeaders } from './warning-headers.ts';

describe('Warning headers', () => {
  it('quote their text', () => {
    expect(warningHeader('unknown field "a\\b"')).toBe('299 - "unknown field \\"a\\\\b\\""');
  });

  it('hold UTF-8, a character for each byte', () => {
    const header = warningHeader('ü🚢') ?? '';
    expect(Buffer.from(header, 'latin1').toString('utf8')).toBe('299 - "ü🚢"');
  });

  it.each(['', 'a\nb', '\u0000', '\u007f', '\u0085', '\ud800'])('cannot hold %j', (text) => {
    expect(warningHeader(text)).toBeUndefined();
    expect(warningHeaders([text])).toEqual({});
    expect(warningHeaders([text, 'b'])).toEqual({ warning: ['299 - "b"'] });
  });

  it('say each thing once', () => {
    expect(warningHeaders(['a', 'b', 'a'])).toEqual({ warning: ['299 - "a"', '299 - "b"'] });
  });

  it('are cut to 256 characters each, and 4,096 in all, where they are longer', () => {
    const long = (index: number) => `${index} ${'ü'.repeat(1_000)}`;
    const of = (count: number) =>
      (warningHeaders(Array.from({ length: count }, (_, index) => long(index)))['warning'] ?? []) as string[];
    expect(of(4).map((one) => Buffer.from(one, 'latin1').toString('utf8').length)).toEqual(
      Array.from({ length: 4 }, () => 1_002 + 8),
    );
    expect(of(5).map((one) => Buffer.from(one, 'latin1').toString('utf8').length)).toEqual(
      Array.from({ length: 5 }, () => 256 + 8),
    );
    expect(of(100)).toHaveLength(16);
  });
});
