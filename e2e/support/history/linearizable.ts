import type { Held, Operation } from './history.ts';

/** A key at one moment of a possible order of its operations. */
interface State {
  readonly held: { readonly value: string; readonly revision: number | undefined } | undefined;
  /** The newest revision that the key is known to have had: none after it may be older. */
  readonly floor: number;
}

export type Verdict =
  | { readonly kind: 'linearizable' }
  | { readonly kind: 'violation'; readonly explanation: string }
  /** The search was given up: neither shown nor refuted. */
  | { readonly kind: 'undecided' };

/**
 * Whether one order of a key's operations exists that explains every answer and respects real time: the search of Wing
 * and Gong with Lowe's memory of what was tried. An operation of unknown outcome may take effect at any time after it
 * was asked for, or never.
 *
 * @param operations of one key, in any order; each write has a value of its own
 * @param initial what the key held before
 * @param maxSteps bound on the search; default 1,000,000
 */
export function checkKey(operations: readonly Operation[], initial?: Held, maxSteps = 1_000_000): Verdict {
  const sorted = operations
    .filter(
      ({ outcome, request }) =>
        outcome.kind !== 'failed' && !(outcome.kind === 'unknown' && request.kind === 'get'),
    )
    .toSorted((a, b) => a.invokedAt - b.invokedAt);
  const revisions = knownRevisions(sorted);
  const endOf = ({ outcome, returnedAt }: Operation) => (outcome.kind === 'unknown' ? Infinity : returnedAt);
  const definite = sorted.filter(({ outcome }) => outcome.kind !== 'unknown').length;

  interface Step {
    readonly done: ReadonlySet<number>;
    /** All operations before this index are done. */
    readonly prefix: number;
    readonly state: State;
    readonly definiteDone: number;
  }
  const start: State = { held: initial, floor: initial?.revision ?? 0 };
  const stack: Step[] = [{ done: new Set(), prefix: 0, state: start, definiteDone: 0 }];
  const tried = new Set<string>();
  let best: Step | undefined;
  for (let steps = 0; stack.length > 0; steps++) {
    if (steps >= maxSteps) return { kind: 'undecided' };
    const step = stack.pop()!;
    if (step.definiteDone === definite) return { kind: 'linearizable' };
    if (best === undefined || step.definiteDone > best.definiteDone) best = step;
    let firstReturn = Infinity;
    for (let index = step.prefix; index < sorted.length; index++) {
      const operation = sorted[index]!;
      if (operation.invokedAt > firstReturn) break;
      if (!step.done.has(index)) firstReturn = Math.min(firstReturn, endOf(operation));
    }
    for (let index = sorted.length - 1; index >= step.prefix; index--) {
      const operation = sorted[index]!;
      if (operation.invokedAt > firstReturn || step.done.has(index)) continue;
      const state = apply(step.state, operation, revisions);
      if (state === undefined) continue;
      const done = new Set(step.done).add(index);
      let { prefix } = step;
      while (done.has(prefix)) done.delete(prefix++);
      const mark = `${prefix}|${[...done].toSorted((a, b) => a - b).join(',')}|${state.held?.value ?? ''}|${state.floor}`;
      if (tried.has(mark)) continue;
      tried.add(mark);
      const definiteDone = step.definiteDone + (operation.outcome.kind === 'unknown' ? 0 : 1);
      stack.push({ done, prefix, state, definiteDone });
    }
  }
  const stuck = best ?? { state: start, prefix: 0, done: new Set<number>() };
  const next = sorted.find(
    (operation, index) =>
      index >= stuck.prefix && !stuck.done.has(index) && operation.outcome.kind !== 'unknown',
  );
  return {
    kind: 'violation',
    explanation: `no order explains ${describe(next)}: before it the key holds at best ${JSON.stringify(stuck.state)}`,
  };
}

const describe = (operation: Operation | undefined): string =>
  operation === undefined ? 'the history' : JSON.stringify(operation);

/** Every value is written once, so a reader of it also tells the revision of a write that was never answered. */
function knownRevisions(operations: readonly Operation[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { request, outcome } of operations) {
    if (outcome.kind === 'read' && outcome.held !== undefined)
      found.set(outcome.held.value, outcome.held.revision);
    if (outcome.kind === 'written' && outcome.revision !== undefined && 'value' in request)
      found.set(request.value, outcome.revision);
  }
  return found;
}

/** The key after `operation`, or undefined where the answer cannot have come from `state`. */
function apply(
  state: State,
  operation: Operation,
  revisions: ReadonlyMap<string, number>,
): State | undefined {
  const { held, floor } = state;
  const { request, outcome } = operation;
  const put = (value: string): State | undefined => {
    const revision = revisions.get(value);
    if (revision === undefined) return { held: { value, revision }, floor };
    return revision > floor ? { held: { value, revision }, floor: revision } : undefined;
  };
  switch (outcome.kind) {
    case 'read':
      return held?.value === outcome.held?.value && held?.revision === outcome.held?.revision
        ? state
        : undefined;
    case 'exists':
      return held === undefined ? undefined : state;
    case 'missing':
      return held === undefined ? state : undefined;
    case 'conflict':
      // Kubernetes calls it a conflict, too, where the key was deleted while the write was on its way.
      return 'expected' in request && held?.revision !== request.expected ? state : undefined;
    case 'failed':
      return state;
    case 'written':
    case 'unknown':
      switch (request.kind) {
        case 'create':
          return held === undefined ? put(request.value) : undefined;
        case 'update':
          return held?.revision === request.expected ? put(request.value) : undefined;
        case 'delete': {
          if (held?.revision !== request.expected) return undefined;
          const revision = outcome.kind === 'written' ? outcome.revision : undefined;
          if (revision !== undefined && revision <= floor) return undefined;
          return { held: undefined, floor: revision ?? floor };
        }
        case 'get':
          return state;
      }
  }
}
