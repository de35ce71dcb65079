import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './cluster.ts';

/** The shell blocks of the README, or of another file of the repository, by the heading that they stand under, in order. */
export function readmeBlocks(file = 'README.md'): ReadonlyMap<string, readonly string[]> {
  const text = readFileSync(join(repository, file), 'utf8');
  return new Map(
    text
      .split(/^## /m)
      .map((section) => [
        section.split('\n')[0] ?? '',
        [...section.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block = '']) => block),
      ]),
  );
}

/** The commands of a shell block without its remarks. */
export const commandsOf = (block: string): string[] =>
  block
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '');

/** The heading of what is tested in containers. */
export const containersHeading = 'Run it as containers';
