import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLmdbStore } from '../index.ts';
import { Ledger } from './ledger.ts';

const ROUNDS = 6;
const WRITER = join(import.meta.dirname, 'writer.ts');

/** Runs a writer and kills it somewhere in the middle of its work; returns all it said. */
async function writeUntilKilled(directory: string, round: number): Promise<string> {
  const child = spawn(process.execPath, [WRITER, directory, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  // A number of acknowledgements rather than a time: the moment is random, the load is certain.
  const acksBeforeKill = 50 + Math.floor(Math.random() * 3000);
  let output = '';
  let acks = 0;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    acks += chunk.split('\nack ').length - 1;
    if (acks >= acksBeforeKill) child.kill('SIGKILL');
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
  return output;
}

describe('lmdb store killed under load', () => {
  it(
    'keeps every acknowledged write, invents none and never repeats a revision',
    { timeout: 60_000 },
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'drydock-crash-'));
      const ledger = new Ledger();
      ledger.highest = 1;
      try {
        for (let round = 0; round < ROUNDS; round++) {
          expect(ledger.read(await writeUntilKilled(directory, round))).toEqual([]);
          // The lock of the killed process must not stand in the way.
          const store = await openLmdbStore({ directory });
          expect(ledger.settle(await store.list(''))).toEqual([]);
          expect(await store.revision()).toBe(ledger.highest);
          await store.close();
        }
        expect(ledger.acknowledged).toBeGreaterThan(ROUNDS * 50);
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    },
  );

  it('is refused to others while its owner lives, and free once the owner is killed', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'drydock-crash-'));
    const child = spawn(process.execPath, [WRITER, directory, '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(child.stdout, 'data');
      await expect(openLmdbStore({ directory })).rejects.toThrow(
        `data directory ${directory} is in use by process ${child.pid}`,
      );
    } finally {
      child.stdout.resume();
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    const store = await openLmdbStore({ directory });
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });
});
