import type { FieldSet, KubeObject, ManagedFieldsEntry } from '@drydock/base/apimachinery';
import {
  deepEqual,
  emptyFieldSet,
  equalFieldSets,
  intersectFieldSets,
  isEmptyFieldSet,
  subtractFieldSets,
  unionFieldSets,
} from '@drydock/base/apimachinery';
import type { MergeType } from '@drydock/base/structured-merge';
import { compareTyped } from '@drydock/base/structured-merge';
import {
  capManagers,
  decodeManagers,
  dropEmpty,
  encodeManagers,
  identityOf,
  type Managers,
  type Writer,
} from './managers.ts';
import { emptyOf, ownedView } from './view.ts';

/** One write by someone who does not apply: create, update, and the patches that are updates. */
export interface TrackedWrite {
  /** Undefined on creation. */
  readonly live: KubeObject | undefined;
  /** Private; its managedFields are replaced. */
  readonly draft: KubeObject;
  readonly type: MergeType;
  readonly writer: Writer;
  /** As `metadata` writes times. */
  readonly now: string;
  /** Top-level fields that this door does not write. */
  readonly ignored: (field: string) => boolean;
}

/** Gives the writer what it set or changed, and takes that, and what it removed, from all others. */
export function trackUpdate(write: TrackedWrite): void {
  const { live, draft, type, writer, now, ignored } = write;
  const { metadata } = draft;
  const before = live?.metadata.managedFields;
  const managers = startingManagers(before, metadata.managedFields, writer.subresource);
  // What was never tracked, or is to be forgotten, is left alone until somebody applies.
  if (live !== undefined && managers.size === 0) {
    delete metadata.managedFields;
    return;
  }
  const start = live === undefined ? emptyOf(type) : ownedView(live, ignored);
  const { added, modified, removed } = compareTyped(start, ownedView(draft, ignored), type);
  const changed = isEmptyFieldSet(modified) ? added : unionFieldSets(added, modified);
  if (isEmptyFieldSet(changed) && isEmptyFieldSet(removed) && managers.untouched) {
    if (before === undefined) delete metadata.managedFields;
    else metadata.managedFields = before;
    return;
  }
  const self = identityOf(writer);
  for (const [id, ownership] of managers) {
    const lost = id === self ? emptyFieldSet : intersectFieldSets(ownership.set, changed);
    const gone = intersectFieldSets(ownership.set, removed);
    if (isEmptyFieldSet(lost) && isEmptyFieldSet(gone)) continue;
    const { fieldsV1: _old, ...rest } = ownership;
    managers.set(id, { ...rest, set: subtractFieldSets(subtractFieldSets(ownership.set, lost), gone) });
  }
  if (!isEmptyFieldSet(changed)) gain(managers, self, writer, changed, now);
  dropEmpty(managers);
  capManagers(managers);
  const entries = encodeManagers(managers);
  if (entries.length === 0) delete metadata.managedFields;
  else metadata.managedFields = entries;
}

function gain(managers: Managers, self: string, writer: Writer, set: FieldSet, now: string): void {
  const present = managers.get(self);
  if (present === undefined) {
    managers.set(self, { ...writer, time: now, set });
    return;
  }
  const whole = unionFieldSets(present.set, set);
  if (equalFieldSets(whole, present.set)) managers.set(self, { ...present, time: now });
  else {
    const { fieldsV1: _old, ...rest } = present;
    managers.set(self, { ...rest, time: now, set: whole });
  }
}

interface Start extends Managers {
  /** The request did not bring managers of its own. */
  untouched?: boolean;
}

/** The managers to go on from: those of the request where it names some, else those of the present object. */
function startingManagers(
  before: readonly ManagedFieldsEntry[] | undefined,
  sent: readonly ManagedFieldsEntry[] | undefined,
  subresource: string,
): Start {
  const live = (): Start => Object.assign(decodeQuietly(before), { untouched: true });
  if (sent === undefined || sent.length === 0 || sent === before || subresource !== '') return live();
  // A single empty entry asks to forget.
  if (sent.length === 1 && Object.keys(sent[0] ?? {}).length === 0) return new Map();
  if (before !== undefined && deepEqual(sent, before)) return live();
  try {
    const managers = decodeManagers(sent);
    return managers.size === 0 ? live() : managers;
  } catch {
    return live();
  }
}

export function decodeQuietly(entries: readonly ManagedFieldsEntry[] | undefined): Managers {
  try {
    return decodeManagers(entries);
  } catch {
    return new Map();
  }
}
