import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const page = readFileSync(join(root, 'docs/compatibility.md'), 'utf8');

interface Row {
  readonly section: string;
  readonly what: string;
  readonly state: string;
  readonly shownBy: string;
}

/** The rows of the hand-kept tables: what, state, shown by. */
function rows(): Row[] {
  return page
    .split('\n## ')
    .slice(1)
    .flatMap((text) => {
      const section = text.slice(0, text.indexOf('\n'));
      return text
        .split('\n')
        .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | *\|$/g, '').trim()))
        .filter((cells) => cells.length === 3 && !/^-+$/.test(cells[0] ?? '') && cells[2] !== 'shown by')
        .map(([what = '', state = '', shownBy = '']) => ({ section, what, state, shownBy }));
    });
}

describe('docs/compatibility.md', () => {
  it('has a state and a test for all that works, and says so of all that does not', () => {
    const all = rows();
    expect(all.length).toBeGreaterThan(80);
    expect(all.filter(({ state }) => !/^(works|partly|not yet)\b/.test(state))).toEqual([]);
    expect(
      all.filter(({ state, shownBy }) => !state.startsWith('not yet') && !/`[^`]+\.spec\.ts`/.test(shownBy)),
    ).toEqual([]);
    // What is there in part says what is lacking.
    expect(all.filter(({ state }) => state === 'partly')).toEqual([]);
  });

  it('names tests that exist, with something in them', () => {
    const named = new Set([...page.matchAll(/`([\w./-]+\.spec\.ts)`/g)].map(([, path = '']) => path));
    expect(named.size).toBeGreaterThan(50);
    const missing = [...named].filter(
      (path) =>
        !existsSync(join(root, path)) ||
        // Tests of its own, or bodies of tests that several specs share.
        !/\b(it|test)(\.\w+)*[.(]|\b\w+Body\(/.test(readFileSync(join(root, path), 'utf8')),
    );
    expect(missing).toEqual([]);
  });

  it('tells each thing once', () => {
    const all = rows().map(({ section, what }) => `${section}: ${what}`);
    expect(all.filter((one, index) => all.indexOf(one) !== index)).toEqual([]);
  });
});
