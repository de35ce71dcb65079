import { describe, expect, it } from 'vitest';
import { Ledger } from './ledger.ts';

const value = (word: string): Uint8Array => new TextEncoder().encode(`${word}|xx`);
const output =
  'opened 1\nintent /a 0.1\nintent /b 0.2\nack /a 0.1 2\nack /b 0.2 3\nintent /a 0.3\nintent /b -\n';

function judge(entries: { key: string; word: string; revision: number }[], revision: number): number {
  const ledger = new Ledger();
  ledger.highest = 1;
  expect(ledger.read(output)).toEqual([]);
  return ledger.settle({
    entries: entries.map((entry) => ({ key: entry.key, value: value(entry.word), revision: entry.revision })),
    revision,
  }).length;
}

/** The judge of the crash test must be able to find fault. */
describe('crash ledger', () => {
  const a = { key: '/a', word: '0.1', revision: 2 };
  const b = { key: '/b', word: '0.2', revision: 3 };

  it('accepts what was acknowledged, and what was under way', () => {
    expect(judge([a, b], 3)).toBe(0);
    expect(judge([{ key: '/a', word: '0.3', revision: 4 }, b], 4)).toBe(0);
    expect(judge([a], 4)).toBe(0);
  });

  it('finds losses, phantoms and revisions that went back', () => {
    expect(judge([b], 3)).toBe(1);
    expect(judge([a, b, { key: '/c', word: '9.9', revision: 3 }], 3)).toBe(2);
    expect(judge([{ ...a, word: '0.2' }, b], 3)).toBeGreaterThan(0);
    expect(judge([{ key: '/a', word: '0.3', revision: 2 }, b], 3)).toBeGreaterThan(0);
    expect(judge([a, b], 2)).toBe(1);
    const ledger = new Ledger();
    ledger.highest = 5;
    expect(ledger.read('opened 5\nintent /a 0.1\nack /a 0.1 5\n')).toHaveLength(1);
    expect(ledger.read('opened 5\nintent /a 0.1\nack /a 0.1 6\nintent /b 0.2\nack /b 0.2 6\n')).toHaveLength(
      1,
    );
  });
});
