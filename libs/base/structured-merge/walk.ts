import type { FieldSet, PathStep } from '../apimachinery/index.ts';
import { FieldSetBuilder, deepEqual, fieldStep, getOwn, isJsonObject } from '../apimachinery/index.ts';
import { anyType, settledType, type ListType, type MapType, type MergeType } from './merge-type.ts';

type Loose = Readonly<Record<string, unknown>>;

/** Null and the empty object are owned themselves: there is nothing in them to own. */
function isHollow(value: unknown): boolean {
  if (value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (!isJsonObject(value)) return false;
  for (const key in value) if (Object.hasOwn(value, key)) return false;
  return true;
}

/** The paths that an object sets: leaves, entries of maps, elements of lists, and atomic lists and maps as wholes. */
export function fieldSetOf(value: unknown, type: MergeType): FieldSet {
  const builder = new FieldSetBuilder();
  collect(builder, value, type);
  return builder.build();
}

function collect(at: FieldSetBuilder, value: unknown, declared: MergeType): void {
  const type = settledType(declared, value);
  if (type.kind === 'leaf') {
    at.add();
  } else if (type.kind === 'map') {
    for (const key of Object.keys(value as Loose)) {
      const item = getOwn(value as Loose, key);
      if (item === undefined) continue;
      const below = at.at(fieldStep(key));
      const field = type.field(key);
      if (field === undefined || isHollow(item)) below.add();
      collect(below, item, field ?? type.element ?? anyType);
    }
  } else {
    for (const item of value as readonly unknown[]) {
      const below = at.at(type.step(item));
      below.add();
      collect(below, item, type.element);
    }
  }
}

/** What became of an object, path by path. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

interface Builders {
  readonly added: FieldSetBuilder;
  readonly modified: FieldSetBuilder;
  readonly removed: FieldSetBuilder;
  readonly path: PathStep[];
}

function mark(builder: FieldSetBuilder, path: readonly PathStep[]): void {
  let at = builder;
  for (const step of path) at = at.at(step);
  at.add();
}

/** Compares two states of an object; undefined is one that does not exist. */
export function compareTyped(before: unknown, after: unknown, type: MergeType): Comparison {
  const builders: Builders = {
    added: new FieldSetBuilder(),
    modified: new FieldSetBuilder(),
    removed: new FieldSetBuilder(),
    path: [],
  };
  compare(before, after, type, builders);
  const { added, modified, removed } = builders;
  return { added: added.build(), modified: modified.build(), removed: removed.build() };
}

function compare(before: unknown, after: unknown, declared: MergeType, out: Builders): void {
  if (before === after) return;
  if (before === undefined || after === undefined) {
    const value = before ?? after;
    descend(before, after, settledType(declared, value), out);
    if (out.path.length > 0) mark(before === undefined ? out.added : out.removed, out.path);
    return;
  }
  const left = settledType(declared, before);
  const right = settledType(declared, after);
  if (left.kind === right.kind) {
    if (left.kind !== 'leaf' && !(isHollow(before) && isHollow(after))) descend(before, after, left, out);
    else if (!deepEqual(before, after)) mark(out.modified, out.path);
    return;
  }
  // Another kind of thing took its place.
  mark(out.modified, out.path);
  descend(before, undefined, left, out);
  descend(undefined, after, right, out);
}

/** Compares what is below. */
function descend(
  before: unknown,
  after: unknown,
  type: { readonly kind: 'leaf' } | MapType | ListType,
  out: Builders,
): void {
  if (type.kind === 'map') {
    const left = (before ?? {}) as Loose;
    const right = (after ?? {}) as Loose;
    for (const key of Object.keys(right)) below(fieldStep(key), key, left, right, type, out);
    for (const key of Object.keys(left)) {
      if (getOwn(right, key) === undefined) below(fieldStep(key), key, left, right, type, out);
    }
  } else if (type.kind === 'list') {
    const left = indexed((before ?? []) as readonly unknown[], type);
    const right = indexed((after ?? []) as readonly unknown[], type);
    if (left === undefined || right === undefined) {
      // Elements that cannot be told apart are compared as one.
      if (before !== undefined && after !== undefined && !deepEqual(before, after))
        mark(out.modified, out.path);
      return;
    }
    for (const [step, item] of right) into(step, left.get(step), item, type.element, out);
    for (const [step, item] of left) if (!right.has(step)) into(step, item, undefined, type.element, out);
  }
}

function below(step: PathStep, key: string, left: Loose, right: Loose, type: MapType, out: Builders): void {
  const declared = type.field(key) ?? type.element ?? anyType;
  into(step, getOwn(left, key), getOwn(right, key), declared, out);
}

function into(step: PathStep, before: unknown, after: unknown, type: MergeType, out: Builders): void {
  if (before === after) return;
  out.path.push(step);
  compare(before, after, type, out);
  out.path.pop();
}

/** Elements by their steps, in order; undefined when two are the same or one has none. */
export function indexed(list: readonly unknown[], type: ListType): Map<PathStep, unknown> | undefined {
  const found = new Map<PathStep, unknown>();
  for (const item of list) {
    let step: PathStep;
    try {
      step = type.step(item);
    } catch {
      return undefined;
    }
    if (found.has(step)) return undefined;
    found.set(step, item);
  }
  return found;
}
