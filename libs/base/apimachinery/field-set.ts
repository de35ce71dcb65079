import { goJson } from './go-format.ts';
import { canonicalJson, isJsonObject } from './json-value.ts';

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

/** A set of paths within an object. Immutable, and shared by all that hold the same paths, as far as they are remembered. */
export interface FieldSet {
  readonly entries: ReadonlyMap<PathStep, Entry>;
  /** Its own alone. */
  readonly id: number;
}

export const emptyFieldSet: FieldSet = { entries: new Map(), id: 0 };

/** Most paths end in such an entry: they share it. */
const leaf: Entry = { member: true, children: emptyFieldSet };

/** Objects of one kind mostly set the same fields: their sets are one, and what was worked out of them is known. */
const maxKnownSets = 8_192;
const knownSets = new Map<string, FieldSet>();
let lastId = 0;

/** The set of these entries; there is none without a path. */
export function fieldSetOfEntries(entries: ReadonlyMap<PathStep, Entry>): FieldSet {
  if (entries.size === 0) return emptyFieldSet;
  let key = '';
  for (const [step, { member, children }] of entries) key += keyOf(step, member, children);
  return knownSets.get(key) ?? remember(key, entries);
}

const keyOf = (step: PathStep, member: boolean, { id }: FieldSet): string =>
  `${step.length}${member ? '+' : '-'}${step}${id} `;

function remember(key: string, entries: ReadonlyMap<PathStep, Entry>): FieldSet {
  const set: FieldSet = { entries, id: ++lastId };
  if (knownSets.size >= maxKnownSets) knownSets.clear();
  knownSets.set(key, set);
  return set;
}

type Combination = (a: FieldSet, b: FieldSet) => FieldSet;

/** The same, remembering what became of the sets of late. */
function remembering(combine: Combination): Combination {
  const known = new Map<string, FieldSet>();
  return (a, b) => {
    if (a === emptyFieldSet || b === emptyFieldSet || a === b) return combine(a, b);
    const key = `${a.id} ${b.id}`;
    let set = known.get(key);
    if (set === undefined) {
      set = combine(a, b);
      if (known.size >= maxKnownSets) known.clear();
      known.set(key, set);
    }
    return set;
  };
}

/** Names of fields come again with every write; the same text need not be made and hashed each time. */
const maxKnownSteps = 4_096;
const knownSteps = new Map<string, PathStep>();

export function fieldStep(name: string): PathStep {
  let step = knownSteps.get(name);
  if (step === undefined) {
    step = `f:${name}`;
    if (knownSteps.size >= maxKnownSteps) knownSteps.clear();
    knownSteps.set(name, step);
  }
  return step;
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
  #children: Map<PathStep, FieldSetBuilder> | undefined;

  /** The builder of everything below `step`. */
  at(step: PathStep): FieldSetBuilder {
    const children = (this.#children ??= new Map<PathStep, FieldSetBuilder>());
    let child = children.get(step);
    if (child === undefined) {
      child = new FieldSetBuilder();
      children.set(step, child);
    }
    return child;
  }

  /** Puts the path that ends here into the set. At the top this does nothing. */
  add(): void {
    this.#member = true;
  }

  build(): FieldSet {
    if (this.#children === undefined) return emptyFieldSet;
    let key = '';
    const below: FieldSet[] = [];
    for (const [step, child] of this.#children) {
      const children = child.build();
      below.push(children);
      if (child.#member || !isEmptyFieldSet(children)) key += keyOf(step, child.#member, children);
    }
    if (key === '') return emptyFieldSet;
    return knownSets.get(key) ?? remember(key, this.#entries(below));
  }

  /** `below`: the sets of the children. */
  #entries(below: readonly FieldSet[]): Map<PathStep, Entry> {
    const entries = new Map<PathStep, Entry>();
    let at = 0;
    for (const [step, child] of this.#children ?? []) {
      put(entries, step, child.#member, below[at] ?? emptyFieldSet);
      at += 1;
    }
    return entries;
  }
}

/** Enters a path unless nothing is in the set there. */
function put(entries: Map<PathStep, Entry>, step: PathStep, member: boolean, children: FieldSet): void {
  if (!isEmptyFieldSet(children)) entries.set(step, { member, children });
  else if (member) entries.set(step, leaf);
}

/** The set of these paths. */
export function fieldSetFromPaths(paths: Iterable<readonly PathStep[]>): FieldSet {
  const builder = new FieldSetBuilder();
  for (const path of paths) path.reduce((at, step) => at.at(step), builder).add();
  return builder.build();
}

/** All paths, parents before what is below them, in the order they are written. */
export function* fieldPaths(set: FieldSet, prefix: readonly PathStep[] = []): Generator<readonly PathStep[]> {
  for (const step of sortedSteps(set)) {
    const { member, children } = set.entries.get(step)!;
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

function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmptyFieldSet(b)) return a;
  if (isEmptyFieldSet(a)) return b;
  const entries = new Map(a.entries);
  for (const [step, right] of b.entries) {
    const left = a.entries.get(step);
    if (left === undefined) entries.set(step, right);
    else put(entries, step, left.member || right.member, union(left.children, right.children));
  }
  return fieldSetOfEntries(entries);
}

export const unionFieldSets = remembering(union);

function intersection(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a;
  if (isEmptyFieldSet(a) || isEmptyFieldSet(b)) return emptyFieldSet;
  const entries = new Map<PathStep, Entry>();
  for (const [step, left] of a.entries) {
    const right = b.entries.get(step);
    if (right === undefined) continue;
    put(entries, step, left.member && right.member, intersection(left.children, right.children));
  }
  return fieldSetOfEntries(entries);
}

export const intersectFieldSets = remembering(intersection);

function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptyFieldSet(a) || isEmptyFieldSet(b)) return a;
  const entries = new Map<PathStep, Entry>();
  for (const [step, left] of a.entries) {
    const right = b.entries.get(step);
    if (right === undefined) entries.set(step, left);
    else put(entries, step, left.member && !right.member, difference(left.children, right.children));
  }
  return fieldSetOfEntries(entries);
}

/** Paths of `a` that are not in `b`. */
export const subtractFieldSets = remembering(difference);

/** Paths of `a` that are neither in `b` nor below a path of `b`. */
export function subtractFieldSetsDeep(a: FieldSet, b: FieldSet): FieldSet {
  const entries = new Map<PathStep, Entry>();
  for (const [step, left] of a.entries) {
    const right = b.entries.get(step);
    if (right === undefined) entries.set(step, left);
    else if (!right.member)
      put(entries, step, left.member, subtractFieldSetsDeep(left.children, right.children));
  }
  return fieldSetOfEntries(entries);
}

export function equalFieldSets(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  // An entry is a path or leads to one, so that sets of another size differ.
  if (a.entries.size !== b.entries.size) return false;
  for (const [step, left] of a.entries) {
    const right = b.entries.get(step);
    if (right === undefined || left.member !== right.member) return false;
    if (!equalFieldSets(left.children, right.children)) return false;
  }
  return true;
}

/** Only the paths that have nothing below them. */
export function fieldSetLeaves(set: FieldSet): FieldSet {
  const entries = new Map<PathStep, Entry>();
  for (const [step, { member, children }] of set.entries) {
    const last = isEmptyFieldSet(children);
    put(entries, step, last && member, last ? emptyFieldSet : fieldSetLeaves(children));
  }
  return fieldSetOfEntries(entries);
}

const kindOrder = 'fkvi';

function compareSteps(a: PathStep, b: PathStep): number {
  const kind = a.charAt(0);
  const kinds = kind === b.charAt(0) ? 0 : kindOrder.indexOf(kind) - kindOrder.indexOf(b.charAt(0));
  if (kinds !== 0) return kinds;
  if (kind === 'i') return Number(a.slice(2)) - Number(b.slice(2));
  return a < b ? -1 : a > b ? 1 : 0;
}

function sortedSteps(set: FieldSet): PathStep[] {
  const steps = [...set.entries.keys()];
  return steps.length < 2 ? steps : steps.sort(compareSteps);
}

const nothingBelow: Record<string, unknown> = Object.freeze({});

const encodedSets = new WeakMap<FieldSet, Record<string, unknown>>();
/** The same, with the path that leads to the set as a member. */
const encodedMembers = new WeakMap<FieldSet, Record<string, unknown>>();

/** The JSON form of `managedFields[].fieldsV1`. Read-only: equal sets, and equal parts of sets, share it as far as they are one. */
export function encodeFieldsV1(set: FieldSet): Record<string, unknown> {
  return encodeEntry({ member: false, children: set });
}

function encodeEntry({ member, children }: Entry): Record<string, unknown> {
  if (isEmptyFieldSet(children)) return nothingBelow;
  const known = member ? encodedMembers : encodedSets;
  let encoded = known.get(children);
  if (encoded === undefined) {
    encoded = {};
    if (member) encoded['.'] = nothingBelow;
    for (const step of sortedSteps(children)) encoded[step] = encodeEntry(children.entries.get(step)!);
    known.set(children, encoded);
  }
  return encoded;
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
  if (value === nothingBelow) return leaf;
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
  return entries.size === 0 ? leaf : { member: marked, children: fieldSetOfEntries(entries) };
}
