import { goJson } from './go-format.ts';
import { canonicalJson, isJsonObject, setOwn } from './json-value.ts';

/**
 * One step of a path, in the text form of `managedFields`: `f:name` (field), `k:{"name":"a"}` (element of a list by its
 * keys), `v:"x"` (element of a set), `i:3` (position). Two steps are the same exactly when their texts are.
 */
export type PathStep = string;

interface Entry {
  /** The path that ends here is itself in the set. */
  readonly member: boolean;
  readonly children: FieldSet;
}

/** A set of paths within an object. Immutable. */
export interface FieldSet {
  readonly entries: ReadonlyMap<PathStep, Entry>;
}

export const emptyFieldSet: FieldSet = { entries: new Map() };

export function fieldStep(name: string): PathStep {
  return `f:${name}`;
}

/** `keys` in any order; they are written sorted. */
export function keyStep(keys: Readonly<Record<string, unknown>>): PathStep {
  return `k:${canonicalJson(keys)}`;
}

export function valueStep(value: unknown): PathStep {
  return `v:${canonicalJson(value)}`;
}

export function indexStep(index: number): PathStep {
  return `i:${index}`;
}

/** Collects paths; `build` gives the set so far. */
export class FieldSetBuilder {
  #member = false;
  readonly #children = new Map<PathStep, FieldSetBuilder>();

  /** The builder of everything below `step`. */
  at(step: PathStep): FieldSetBuilder {
    let child = this.#children.get(step);
    if (child === undefined) {
      child = new FieldSetBuilder();
      this.#children.set(step, child);
    }
    return child;
  }

  /** Puts the path that ends here into the set. At the top this does nothing. */
  add(): void {
    this.#member = true;
  }

  build(): FieldSet {
    const entries = new Map<PathStep, Entry>();
    for (const [step, child] of this.#children) {
      const children = child.build();
      if (child.#member || !isEmptyFieldSet(children)) entries.set(step, { member: child.#member, children });
    }
    return { entries };
  }
}

/** The set of these paths. */
export function fieldSetFromPaths(paths: Iterable<readonly PathStep[]>): FieldSet {
  const builder = new FieldSetBuilder();
  for (const path of paths) path.reduce((at, step) => at.at(step), builder).add();
  return builder.build();
}

/** All paths, parents before what is below them, in the order they are written. */
export function* fieldPaths(set: FieldSet, prefix: readonly PathStep[] = []): Generator<readonly PathStep[]> {
  for (const [step, { member, children }] of sortedEntries(set)) {
    const path = [...prefix, step];
    if (member) yield path;
    yield* fieldPaths(children, path);
  }
}

export function isEmptyFieldSet(set: FieldSet): boolean {
  return set.entries.size === 0;
}

export function hasFieldPath(set: FieldSet, path: readonly PathStep[]): boolean {
  let current = set;
  let member = false;
  for (const step of path) {
    const entry = current.entries.get(step);
    if (entry === undefined) return false;
    member = entry.member;
    current = entry.children;
  }
  return member;
}

/** What is in the set below a path, as paths from there on. */
export function fieldSetBelow(set: FieldSet, path: readonly PathStep[]): FieldSet {
  let current: FieldSet | undefined = set;
  for (const step of path) current = current?.entries.get(step)?.children;
  return current ?? emptyFieldSet;
}

/** Combines two sets path by path; `keep` decides from membership in each. */
function combine(a: FieldSet, b: FieldSet, keep: (inA: boolean, inB: boolean) => boolean): FieldSet {
  const entries = new Map<PathStep, Entry>();
  for (const step of new Set([...a.entries.keys(), ...b.entries.keys()])) {
    const left = a.entries.get(step);
    const right = b.entries.get(step);
    const member = keep(left?.member ?? false, right?.member ?? false);
    const children = combine(left?.children ?? emptyFieldSet, right?.children ?? emptyFieldSet, keep);
    if (member || !isEmptyFieldSet(children)) entries.set(step, { member, children });
  }
  return { entries };
}

export function unionFieldSets(a: FieldSet, b: FieldSet): FieldSet {
  return combine(a, b, (inA, inB) => inA || inB);
}

export function intersectFieldSets(a: FieldSet, b: FieldSet): FieldSet {
  return combine(a, b, (inA, inB) => inA && inB);
}

/** Paths of `a` that are not in `b`. */
export function subtractFieldSets(a: FieldSet, b: FieldSet): FieldSet {
  return combine(a, b, (inA, inB) => inA && !inB);
}

/** Paths of `a` that are neither in `b` nor below a path of `b`. */
export function subtractFieldSetsDeep(a: FieldSet, b: FieldSet): FieldSet {
  const entries = new Map<PathStep, Entry>();
  for (const [step, left] of a.entries) {
    const right = b.entries.get(step);
    if (right?.member === true) continue;
    const children = subtractFieldSetsDeep(left.children, right?.children ?? emptyFieldSet);
    if (left.member || !isEmptyFieldSet(children)) entries.set(step, { member: left.member, children });
  }
  return { entries };
}

export function equalFieldSets(a: FieldSet, b: FieldSet): boolean {
  return isEmptyFieldSet(combine(a, b, (inA, inB) => inA !== inB));
}

/** Only the paths that have nothing below them. */
export function fieldSetLeaves(set: FieldSet): FieldSet {
  const entries = new Map<PathStep, Entry>();
  for (const [step, { member, children }] of set.entries) {
    const leaf = isEmptyFieldSet(children);
    const below = leaf ? emptyFieldSet : fieldSetLeaves(children);
    if ((leaf && member) || !isEmptyFieldSet(below))
      entries.set(step, { member: leaf && member, children: below });
  }
  return { entries };
}

const kindOrder = 'fkvi';

function compareSteps(a: PathStep, b: PathStep): number {
  const kinds = kindOrder.indexOf(a.charAt(0)) - kindOrder.indexOf(b.charAt(0));
  if (kinds !== 0) return kinds;
  if (a.startsWith('i:')) return Number(a.slice(2)) - Number(b.slice(2));
  return a < b ? -1 : a > b ? 1 : 0;
}

function sortedEntries(set: FieldSet): [PathStep, Entry][] {
  return [...set.entries].sort(([a], [b]) => compareSteps(a, b));
}

/** The JSON form of `managedFields[].fieldsV1`. */
export function encodeFieldsV1(set: FieldSet): Record<string, unknown> {
  return encodeEntry({ member: false, children: set });
}

function encodeEntry({ member, children }: Entry): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  if (isEmptyFieldSet(children)) return result;
  if (member) result['.'] = {};
  for (const [step, entry] of sortedEntries(children)) setOwn(result, step, encodeEntry(entry));
  return result;
}

/** Normalizes a step that came over the wire; undefined for kinds that a later version may bring. */
function decodeStep(text: string): PathStep | undefined {
  const body = text.slice(2);
  switch (text.slice(0, 2)) {
    case 'f:':
      return text;
    case 'k:':
    case 'v:':
      return `${text.slice(0, 2)}${canonicalJson(JSON.parse(body))}`;
    case 'i:':
      return /^-?[0-9]+$/.test(body) ? indexStep(Number(body)) : undefined;
    default:
      return undefined;
  }
}

/**
 * Reads `fieldsV1`; unknown kinds of steps are left out.
 * @throws Error for something that is no fieldsV1
 */
export function decodeFieldsV1(fields: unknown): FieldSet {
  return decodeEntry(fields).children;
}

function decodeEntry(value: unknown): Entry {
  if (!isJsonObject(value)) throw new Error(`expected an object in fieldsV1, got ${goJson(value)}`);
  const entries = new Map<PathStep, Entry>();
  let marked = false;
  for (const key of Object.keys(value)) {
    if (key === '.') {
      marked = true;
      continue;
    }
    const step = decodeStep(key);
    if (step === undefined) continue;
    const entry = decodeEntry(value[key]);
    entries.set(step, entry);
  }
  // A step with nothing below it is itself meant.
  return { member: marked || entries.size === 0, children: { entries } };
}
