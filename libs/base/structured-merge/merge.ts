import type { FieldSet, PathStep } from '../apimachinery/index.ts';
import {
  emptyFieldSet,
  fieldSetBelow,
  fieldSetOfEntries,
  fieldStep,
  getOwn,
  hasFieldPath,
  isEmptyFieldSet,
  isJsonObject,
  setOwn,
} from '../apimachinery/index.ts';
import {
  anyType,
  settledType,
  typeBelow,
  type ListType,
  type MapType,
  type MergeType,
} from './merge-type.ts';

type Loose = Readonly<Record<string, unknown>>;

/** `live` with everything that `config` sets. Shares what it leaves alone. */
export function mergeTyped(live: unknown, config: unknown, declared: MergeType): unknown {
  if (config === undefined) return live;
  if (live === undefined) return config;
  const type = settledType(declared, config);
  if (type.kind === 'leaf' || settledType(declared, live).kind !== type.kind) return config;
  if (type.kind === 'map') return mergeMaps(live as Loose, config as Loose, type);
  return mergeLists(live as readonly unknown[], config as readonly unknown[], type);
}

function mergeMaps(live: Loose, config: Loose, type: MapType): unknown {
  const merged: Record<string, unknown> = {};
  for (const key of Object.keys(live)) {
    setOwn(
      merged,
      key,
      mergeTyped(live[key], getOwn(config, key), type.field(key) ?? type.element ?? anyType),
    );
  }
  for (const key of Object.keys(config)) {
    if (getOwn(live, key) === undefined) setOwn(merged, key, config[key]);
  }
  return merged;
}

/**
 * What both have comes in the configuration's order; what only the live list has stays before whatever followed it there.
 */
function mergeLists(live: readonly unknown[], config: readonly unknown[], type: ListType): unknown[] {
  const present = new Map<PathStep, unknown>();
  const presentSteps = live.map((item) => {
    const step = type.step(item);
    if (!present.has(step)) present.set(step, item);
    return step;
  });
  const wanted = config.map((item) => type.step(item));
  const wantedSteps = new Set(wanted);
  const shared = wanted.filter((step) => present.has(step));
  const result: unknown[] = [];
  let at = 0;
  let next = 0;
  /** Takes over what only the live list has, up to the element that comes next in both. */
  const takeLive = (): void => {
    for (; at < live.length; at++) {
      const here = presentSteps[at]!;
      if (!wantedSteps.has(here)) result.push(live[at]);
      else if (here === shared[next]) return;
    }
  };
  config.forEach((item, index) => {
    const step = wanted[index]!;
    takeLive();
    result.push(mergeTyped(present.get(step), item, type.element));
    if (step !== shared[next]) return;
    next++;
    if (presentSteps[at] === step) at++;
  });
  takeLive();
  return result;
}

/** `value` without the paths of `set`; undefined when nothing is left. Shares what it leaves alone. */
export function removeTyped(value: unknown, set: FieldSet, declared: MergeType): unknown {
  if (isEmptyFieldSet(set)) return value;
  const type = settledType(declared, value);
  if (type.kind === 'map') {
    const kept: Record<string, unknown> = {};
    let any = false;
    for (const key of Object.keys(value as Loose)) {
      const step = fieldStep(key);
      if (hasFieldPath(set, [step])) continue;
      const item = (value as Loose)[key];
      const left = removeTyped(item, fieldSetBelow(set, [step]), type.field(key) ?? type.element ?? anyType);
      if (left === undefined) continue;
      any = true;
      setOwn(kept, key, left);
    }
    return any ? kept : undefined;
  }
  if (type.kind === 'list') {
    const kept: unknown[] = [];
    for (const item of value as readonly unknown[]) {
      const step = type.step(item);
      if (hasFieldPath(set, [step])) continue;
      const left = removeTyped(item, fieldSetBelow(set, [step]), type.element);
      if (left !== undefined) kept.push(left);
    }
    return kept.length > 0 ? kept : undefined;
  }
  // Something below a whole is to go: then it is the whole.
  return Array.isArray(value) || isJsonObject(value) ? undefined : value;
}

/** The set with every declared field on the way to a path, itself. */
export function withNamedFields(set: FieldSet, type: MergeType): FieldSet {
  if (isEmptyFieldSet(set)) return emptyFieldSet;
  const entries = new Map(set.entries);
  for (const [step, entry] of set.entries) {
    if (isEmptyFieldSet(entry.children)) continue;
    const named = type.kind === 'map' && step.startsWith('f:') && type.field(step.slice(2)) !== undefined;
    entries.set(step, {
      member: entry.member || named,
      children: withNamedFields(entry.children, typeBelow(type, step)),
    });
  }
  return fieldSetOfEntries(entries);
}
