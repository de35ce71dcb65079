import type { FieldSet, KubeObject } from '@drydock/base/apimachinery';
import {
  cloneJson,
  deepEqual,
  emptyFieldSet,
  equalFieldSets,
  fieldPaths,
  fieldSetFromPaths,
  fieldStep,
  fromStatus,
  intersectFieldSets,
  isEmptyFieldSet,
  isJsonObject,
  subtractFieldSets,
  subtractFieldSetsDeep,
  unionFieldSets,
} from '@drydock/base/apimachinery';
import type { MergeType } from '@drydock/base/structured-merge';
import {
  compareTyped,
  configurationErrors,
  fieldSetOf,
  mergeTyped,
  pathText,
  removeTyped,
  withNamedFields,
} from '@drydock/base/structured-merge';
import { failure } from '../watch-cache/index.ts';
import {
  capManagers,
  dropEmpty,
  encodeManagers,
  identityOf,
  type Managers,
  type Ownership,
  type Writer,
} from './managers.ts';
import { decodeQuietly } from './track.ts';
import { emptyOf, ownedView, withoutSystemPaths } from './view.ts';

export interface Application {
  /** Undefined: the object is created. */
  readonly live: KubeObject | undefined;
  /** What the manager wants; only fields it sets. */
  readonly config: KubeObject;
  readonly type: MergeType;
  readonly writer: Writer;
  readonly now: string;
  /** Take over fields that others own. */
  readonly force: boolean;
  readonly ignored: (field: string) => boolean;
}

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
const beforeFirstApply = 'before-first-apply';

/**
 * Server-side apply: the live object with what the manager wants, without what it wanted before and nobody else owns;
 * its managedFields are up to date. Private.
 * @throws ApiError 409 naming each field that others own; 500 for a configuration that does not fit its type
 */
export function applyConfiguration(application: Application): KubeObject {
  const { live, config, type } = application;
  const errors = configurationErrors(config, type);
  if (errors.length > 0) throw untyped(config, 'patch', errors);
  if (live !== undefined) {
    const flaws = configurationErrors(live, type).filter((line) => /duplicate entries/.test(line));
    if (flaws.length > 0) throw untyped(live, 'live', flaws);
  }
  const managers = decodeQuietly(live?.metadata.managedFields);
  if (live !== undefined && managers.size === 0) adoptUntracked(managers, live, application);
  try {
    return applyTo(managers, application, application.force);
  } catch (error) {
    if (!(error instanceof FieldConflicts)) throw error;
    const foreign = beyondLastApplied(error, application);
    if (foreign.conflicts.length > 0) throw foreign.toApiError();
    return applyTo(managers, application, true);
  }
}

function untyped(object: KubeObject, which: 'patch' | 'live', errors: readonly string[]): Error {
  const { name = '', namespace = '' } = object.metadata;
  const { apiVersion = '', kind = '' } = object;
  const reason =
    errors.length === 1 ? errors[0] : ['errors:', ...errors.map((line) => `  ${line}`)].join('\n');
  return failure(
    500,
    '',
    `failed to create typed ${which} object (${namespace}/${name}; ${apiVersion}, Kind=${kind}): ${reason}`,
  );
}

/** An object that was written before anybody applied: all of it belongs to its past. */
function adoptUntracked(
  managers: Managers,
  live: KubeObject,
  { type, ignored, writer, now }: Application,
): void {
  const past: Writer = {
    manager: beforeFirstApply,
    operation: 'Update',
    apiVersion: writer.apiVersion,
    subresource: '',
  };
  const { added } = compareTyped(emptyOf(type), ownedView(live, ignored), type);
  if (!isEmptyFieldSet(added)) managers.set(identityOf(past), { ...past, time: now, set: added });
}

function applyTo(before: Managers, application: Application, force: boolean): KubeObject {
  const { live, config, type, writer, now, ignored } = application;
  const managers: Managers = new Map(before);
  const self = identityOf(writer);
  const last = managers.get(self);
  const set = ownedSet(config, application);
  const keep = last !== undefined && equalFieldSets(last.set, set) ? { fieldsV1: last.fieldsV1 } : {};
  managers.set(self, { ...writer, time: last?.time, set, ...keep });

  const start = live ?? ({ ...emptyOf(type), metadata: {} } as unknown as KubeObject);
  let next = mergeTyped(start, config, type) as KubeObject;
  if (last !== undefined && !isEmptyFieldSet(last.set)) next = prune(next, managers, last, type);
  next = cloneJson(next);
  // An apply without the last one's metadata could have emptied it.
  next.metadata ??= {};

  const compared = compareTyped(
    live === undefined ? emptyOf(type) : ownedView(live, ignored),
    ownedView(next, ignored),
    type,
  );
  const changed = unionFieldSets(compared.added, compared.modified);
  const conflicts: { ownership: Ownership; set: FieldSet }[] = [];
  for (const [id, ownership] of managers) {
    if (id === self) continue;
    const lost = intersectFieldSets(ownership.set, changed);
    if (!isEmptyFieldSet(lost)) conflicts.push({ ownership, set: lost });
    const gone = intersectFieldSets(ownership.set, compared.removed);
    if (isEmptyFieldSet(lost) && isEmptyFieldSet(gone)) continue;
    const { fieldsV1: _old, ...rest } = ownership;
    managers.set(id, { ...rest, set: subtractFieldSets(subtractFieldSets(ownership.set, lost), gone) });
  }
  if (!force && conflicts.length > 0) throw new FieldConflicts(conflicts);
  const unchanged = live !== undefined && deepEqual(ownedView(live, ignored), ownedView(next, ignored));
  const mine = managers.get(self);
  if (mine !== undefined && (!unchanged || mine.time === undefined))
    managers.set(self, { ...mine, time: now });
  dropEmpty(managers);
  capManagers(managers);
  keepLastApplied(next, application);
  const entries = encodeManagers(managers);
  if (entries.length === 0) delete next.metadata.managedFields;
  else next.metadata.managedFields = entries;
  return next;
}

/** What a configuration sets, as far as it can be owned through this door. */
function ownedSet(config: KubeObject, { type, ignored }: Application): FieldSet {
  const whole = withoutSystemPaths(fieldSetOf(config, type));
  const away = Object.keys(config).filter(ignored);
  if (away.length === 0) return whole;
  return subtractFieldSetsDeep(whole, fieldSetFromPaths(away.map((name) => [fieldStep(name)])));
}

/** Takes away what the manager wanted last time, does not want now, and nobody else owns. */
function prune(merged: KubeObject, managers: Managers, last: Ownership, type: MergeType): KubeObject {
  const named = (set: FieldSet) => withNamedFields(set, type);
  const lastSet = named(last.set);
  const mergedSet = named(fieldSetOf(merged, type));
  let pruned = removeTyped(merged, lastSet, type) ?? {};
  // Back comes what other appliers, or this one now, own …
  let owned = emptyFieldSet;
  for (const { operation, set } of managers.values()) {
    if (operation === 'Apply') owned = unionFieldSets(owned, set);
  }
  const prunedSet = named(fieldSetOf(pruned, type));
  pruned =
    removeTyped(merged, subtractFieldSets(mergedSet, unionFieldSets(prunedSet, named(owned))), type) ?? {};
  // … and what hung on a removed place without having been this manager's.
  const left = named(fieldSetOf(pruned, type));
  const going = intersectFieldSets(subtractFieldSets(mergedSet, left), lastSet);
  return (removeTyped(merged, going, type) ?? {}) as KubeObject;
}

/** kubectl's own record of client-side apply stays true where it is kept. */
function keepLastApplied(next: KubeObject, { live, config, writer }: Application): void {
  if (writer.manager !== 'kubectl' || live?.metadata.annotations?.[lastApplied] === undefined) return;
  const annotations = next.metadata.annotations;
  if (annotations === undefined) return;
  const record = cloneJson(config) as KubeObject;
  delete record.metadata.managedFields;
  annotations[lastApplied] = `${JSON.stringify(record)}\n`;
}

/** Moving from client-side to server-side apply: what kubectl itself applied last is no conflict. */
function beyondLastApplied(error: FieldConflicts, { live, type, writer }: Application): FieldConflicts {
  const text = live?.metadata.annotations?.[lastApplied];
  if (writer.manager !== 'kubectl' || text === undefined) return error;
  try {
    const applied: unknown = JSON.parse(text);
    if (!isJsonObject(applied) || applied['apiVersion'] !== writer.apiVersion) return error;
    if (configurationErrors(applied, type).length > 0) return error;
    // What has another value by now is somebody else's.
    const { added, modified, removed } = compareTyped(applied, live as object, type);
    const allowed = [added, modified, removed].reduce(subtractFieldSets, fieldSetOf(applied, type));
    return new FieldConflicts(
      error.conflicts
        .map(({ ownership, set }) => ({ ownership, set: subtractFieldSets(set, allowed) }))
        .filter(({ set }) => !isEmptyFieldSet(set)),
    );
  } catch {
    return error;
  }
}

class FieldConflicts extends Error {
  readonly conflicts: readonly { ownership: Ownership; set: FieldSet }[];

  constructor(conflicts: readonly { ownership: Ownership; set: FieldSet }[]) {
    super('conflicts');
    this.conflicts = [...conflicts].sort((a, b) =>
      ownerText(a.ownership) < ownerText(b.ownership) ? -1 : 1,
    );
  }

  toApiError(): Error {
    const single = this.conflicts.flatMap(({ ownership, set }) =>
      [...fieldPaths(set)].map((path) => ({ owner: ownerText(ownership), field: pathText(path) })),
    );
    const [only] = single;
    let message: string;
    if (single.length === 1 && only !== undefined) {
      message = `Apply failed with 1 conflict: conflict with ${only.owner}: ${only.field}`;
    } else {
      const lines = [...new Set(single.map(({ owner }) => owner))].flatMap((owner) => [
        `conflicts with ${owner}:`,
        ...single.filter((one) => one.owner === owner).map(({ field }) => `- ${field}`),
      ]);
      message = `Apply failed with ${single.length} conflicts: ${lines.join('\n')}`;
    }
    return fromStatus({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason: 'Conflict',
      details: {
        causes: single.map(({ owner, field }) => ({
          reason: 'FieldManagerConflict',
          message: `conflict with ${owner}`,
          field,
        })),
      },
      code: 409,
    });
  }
}

function ownerText({ manager, operation, apiVersion, subresource }: Ownership): string {
  const through = subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`;
  return `${JSON.stringify(manager)}${through}${operation === 'Update' ? ` using ${apiVersion}` : ''}`;
}
