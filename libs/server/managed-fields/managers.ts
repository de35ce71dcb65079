import type { FieldSet, ManagedFieldsEntry } from '@drydock/base/apimachinery';
import { decodeFieldsV1, encodeFieldsV1, isEmptyFieldSet, unionFieldSets } from '@drydock/base/apimachinery';

export type Operation = 'Apply' | 'Update';

/** Who writes, and through which door. */
export interface Writer {
  readonly manager: string;
  readonly operation: Operation;
  /** Group and version that the request speaks. */
  readonly apiVersion: string;
  /** '' for the object itself. */
  readonly subresource: string;
}

/** One manager and what it owns. */
export interface Ownership extends Writer {
  readonly time: string | undefined;
  readonly set: FieldSet;
  /** The encoded form of `set`, once it is known. */
  readonly fieldsV1?: unknown;
}

/** By identity: the same manager may own fields through several versions and subresources. */
export type Managers = Map<string, Ownership>;

export const maxUpdateManagers = 10;
const ancientChanges = 'ancient-changes';

/** Appliers are one whatever version they use. */
export function identityOf({ manager, operation, apiVersion, subresource }: Writer): string {
  return JSON.stringify([manager, operation, operation === 'Apply' ? '' : apiVersion, subresource]);
}

/** Encoded sets are shared from version to version of an object, and so are their decoded forms. */
const decoded = new WeakMap<object, FieldSet>();

function setOf(fieldsV1: unknown): FieldSet {
  if (typeof fieldsV1 !== 'object' || fieldsV1 === null) return decodeFieldsV1(fieldsV1 ?? {});
  let set = decoded.get(fieldsV1);
  if (set === undefined) decoded.set(fieldsV1, (set = decodeFieldsV1(fieldsV1)));
  return set;
}

/** @throws Error when an entry is none of ours */
export function decodeManagers(entries: readonly ManagedFieldsEntry[] | undefined): Managers {
  const managers: Managers = new Map();
  for (const entry of entries ?? []) {
    const { manager = '', operation, apiVersion = '', subresource = '', time, fieldsType, fieldsV1 } = entry;
    if (operation !== 'Apply' && operation !== 'Update')
      throw new Error(`unknown operation ${String(operation)}`);
    if (apiVersion === '') throw new Error('no version');
    if (fieldsType !== undefined && fieldsType !== '' && fieldsType !== 'FieldsV1')
      throw new Error(`unknown fields type ${fieldsType}`);
    const set = setOf(fieldsV1);
    const ownership: Ownership = { manager, operation, apiVersion, subresource, time, set, fieldsV1 };
    managers.set(identityOf(ownership), ownership);
  }
  return managers;
}

/** In Kubernetes' order: appliers first, then by time, manager, version and subresource. */
export function encodeManagers(managers: Managers): ManagedFieldsEntry[] {
  return [...managers.values()].sort(compareOwnerships).map((ownership) => {
    const { manager, operation, apiVersion, time, subresource, set } = ownership;
    let { fieldsV1 } = ownership;
    if (fieldsV1 === undefined) {
      const encoded = encodeFieldsV1(set);
      if (!decoded.has(encoded)) decoded.set(encoded, set);
      fieldsV1 = encoded;
    }
    return {
      ...(manager === '' ? {} : { manager }),
      operation,
      apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: 'FieldsV1',
      fieldsV1: fieldsV1 as Record<string, unknown>,
      ...(subresource === '' ? {} : { subresource }),
    };
  });
}

function compareOwnerships(a: Ownership, b: Ownership): number {
  return (
    compareText(a.operation, b.operation) ||
    compareText(a.time ?? '', b.time ?? '') ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Melts the oldest updaters into one, version by version, while there are more than Kubernetes keeps. */
export function capManagers(managers: Managers): void {
  const updaters = [...managers].filter(([, { operation }]) => operation === 'Update');
  let count = updaters.length;
  if (count <= maxUpdateManagers) return;
  updaters.sort(([a, x], [b, y]) => compareText(x.time ?? '', y.time ?? '') || compareText(a, b));
  const first = new Map<string, string>();
  for (const [id, { apiVersion, time, set }] of updaters) {
    if (count <= maxUpdateManagers) return;
    const bucket: Writer = { manager: ancientChanges, operation: 'Update', apiVersion, subresource: '' };
    const bucketId = identityOf(bucket);
    const before = first.get(apiVersion);
    if (before === undefined) {
      first.set(apiVersion, id);
      continue;
    }
    const into = managers.get(bucketId) ?? managers.get(before);
    if (!managers.has(bucketId)) managers.delete(before);
    managers.set(bucketId, {
      ...bucket,
      time,
      set: into === undefined ? set : unionFieldSets(set, into.set),
    });
    managers.delete(id);
    count--;
  }
}

/** Leaves out managers that own nothing any more. */
export function dropEmpty(managers: Managers): void {
  for (const [id, { set }] of managers) if (isEmptyFieldSet(set)) managers.delete(id);
}
