import { writeSync } from 'node:fs';
import { StoreError } from '@drydock/port/store';
import { openLmdbStore } from '../index.ts';

/**
 * The victim of the crash test: `node writer.ts DIRECTORY ROUND` writes until it is killed and says on stdout, one
 * line each, what it is about to do (`intent key value`, value `-` for a delete), what was acknowledged
 * (`ack key value revision`) and what was refused (`refused key value`).
 */
const [directory, round] = process.argv.slice(2) as [string, string];
const LANES = 32;
const KEYS_PER_LANE = 4;
const SHARED_KEYS = ['/registry/shared/0', '/registry/shared/1'];

const store = await openLmdbStore({ directory });
let serial = 0;

// What was said before a kill was said: `process.stdout` would keep back what a full pipe does not take.
const say = (...words: (string | number)[]): void => void writeSync(1, `${words.join(' ')}\n`);

async function change(key: string): Promise<void> {
  const current = await store.get(key);
  const name = `${round}.${serial++}`;
  const drop = current !== undefined && serial % 3 === 0;
  const word = drop ? '-' : name;
  const value = new TextEncoder().encode(`${name}|${'x'.repeat((serial * 37) % 2000)}`);
  say('intent', key, word);
  try {
    const revision = drop
      ? await store.delete(key, current.revision)
      : current === undefined
        ? await store.create(key, value)
        : await store.update(key, value, current.revision);
    say('ack', key, word, revision);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code === 'Unavailable') throw error;
    say('refused', key, word);
  }
}

async function lane(index: number): Promise<never> {
  for (let step = 0; ; step++) {
    const shared = step % 8 === 0;
    await change(
      shared ? SHARED_KEYS[step % SHARED_KEYS.length]! : `/registry/lane-${index}/${step % KEYS_PER_LANE}`,
    );
  }
}

say('opened', await store.revision());
await Promise.all(Array.from({ length: LANES }, (_, index) => lane(index)));
