import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Store } from '../store/index.ts';
import type { StoreContractOptions, StoreFixture } from './fixture.ts';
import { bytes, expectChain, record, text } from './fixture.ts';
import { byUtf8 } from './list-contract.ts';

const KEYS = ['/r/a', '/r/a/b', '/r/b', '/r/\uffee', '/r/😀'];

type Operation =
  | { readonly verb: 'create'; readonly key: string; readonly value: string }
  | { readonly verb: 'update'; readonly key: string; readonly value: string; readonly stale: boolean }
  | { readonly verb: 'delete'; readonly key: string; readonly stale: boolean };

const key = fc.constantFrom(...KEYS);
const value = fc.string({ maxLength: 20 });
const stale = fc.nat(4).map((n) => n === 0);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ verb: fc.constant('create' as const), key, value }),
  fc.record({ verb: fc.constant('update' as const), key, value, stale }),
  fc.record({ verb: fc.constant('delete' as const), key, stale }),
);

/** What the model knows of a key; the revision of a write that has not been answered yet is unknown. */
interface Cell {
  value: string;
  revision: number | undefined;
}

/** Random groups of pipelined writes must end as in a Map, and a watch must tell the same story. */
export function describeModel(open: () => Promise<StoreFixture>, options: StoreContractOptions): void {
  it('behaves as its model under random pipelined writes', { timeout: 60_000 }, async () => {
    const groups = fc.array(
      fc.array(operation, { minLength: 1, maxLength: options.embedded === false ? 1 : 6 }),
      {
        maxLength: 12,
      },
    );
    await fc.assert(
      fc.asyncProperty(groups, async (plan) => {
        const fixture = await open();
        try {
          await runPlan(fixture.store, plan);
        } finally {
          await fixture.dispose();
        }
      }),
      { numRuns: 40 },
    );
  });
}

async function runPlan(store: Store, plan: readonly (readonly Operation[])[]): Promise<void> {
  const model = new Map<string, Cell>();
  const start = await store.revision();
  const live = record(store, start);
  let last = start;
  let writes = 0;
  for (const group of plan) {
    const known = new Map([...model].map(([name, cell]) => [name, cell.revision!]));
    const outcomes = group.map((op) => submit(store, model, known, op));
    const answers = await Promise.all(
      outcomes.map(({ promise }) =>
        promise.then(
          (revision) => revision,
          (error: { code: string }) => error.code,
        ),
      ),
    );
    for (const [i, { expected, cell }] of outcomes.entries()) {
      const got = answers[i]!;
      if (expected === 'done') {
        expect(got).toBeGreaterThan(last);
        last = got as number;
        writes++;
        if (cell !== undefined) cell.revision = last;
      } else {
        expect(got).toBe(expected);
      }
    }
    const expected = [...model].map(([name, cell]) => [name, cell.value, cell.revision]);
    expected.sort((a, b) => byUtf8(a[0] as string, b[0] as string));
    const { entries, revision } = await store.list('/r/');
    expect(entries.map((e) => [e.key, text(e.value), e.revision])).toEqual(expected);
    expect(revision).toBe(last);
  }
  const resumed = record(store, start);
  const events = await live.count(writes);
  expectChain(events);
  expect(await resumed.count(writes)).toEqual(events);
  const replayed = new Map<string, string>();
  for (const event of events) {
    if (event.type === 'put') replayed.set(event.key, text(event.value));
    else replayed.delete(event.key);
  }
  expect(replayed).toEqual(new Map([...model].map(([name, cell]) => [name, cell.value])));
}

/** Issues one write without waiting, and says what the model expects of it. */
function submit(store: Store, model: Map<string, Cell>, known: Map<string, number>, op: Operation) {
  const current = model.get(op.key);
  if (op.verb === 'create') {
    const promise = store.create(op.key, bytes(op.value));
    if (current !== undefined) return { expected: 'KeyExists', promise };
    const cell: Cell = { value: op.value, revision: undefined };
    model.set(op.key, cell);
    return { expected: 'done', promise, cell };
  }
  const at = op.stale ? 0 : (known.get(op.key) ?? 0);
  const matches = current?.revision !== undefined && current.revision === at;
  const expected = current === undefined ? 'KeyNotFound' : matches ? 'done' : 'RevisionMismatch';
  if (op.verb === 'delete') {
    if (expected === 'done') model.delete(op.key);
    return { expected, promise: store.delete(op.key, at) };
  }
  const cell: Cell = { value: op.value, revision: undefined };
  if (expected === 'done') model.set(op.key, cell);
  return { expected, promise: store.update(op.key, bytes(op.value), at), cell };
}
