import type { KubeObject, LabelSelector } from '@drydock/base/apimachinery';
import { humanDuration, parseTime, selectorFromLabelSelector } from '@drydock/base/apimachinery';
import type { TableColumn } from '../../registry/types.ts';

type Cell = string | number | boolean | null;

/** A column of text. */
export function textColumn<T extends KubeObject>(
  name: string,
  description: string,
  cell: (object: T, now: number) => Cell,
  priority = 0,
): TableColumn<T> {
  return { name, type: 'string', description, priority, cell };
}

/** A column of whole numbers; absent shows 0. */
export function integerColumn<T extends KubeObject>(
  name: string,
  description: string,
  cell: (object: T) => number | undefined,
  priority = 0,
): TableColumn<T> {
  return { name, type: 'integer', description, priority, cell: (object) => cell(object) ?? 0 };
}

/** A column of `true` and `false`. */
export function booleanColumn<T extends KubeObject>(
  name: string,
  description: string,
  cell: (object: T) => boolean,
): TableColumn<T> {
  return { name, type: 'boolean', description, priority: 0, cell };
}

/** The first column of nearly every table. */
export const nameColumn: TableColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name of the object, unique for its kind within a namespace.',
  priority: 0,
  cell: (object) => object.metadata.name ?? '',
};

/** How long ago the object was created. */
export const ageColumn: TableColumn = {
  name: 'Age',
  type: 'string',
  description: 'Time since the object was created.',
  priority: 0,
  cell: (object, now) => since(object.metadata.creationTimestamp, now),
};

/** When the object was created, for the few kinds that show the time instead of the age. */
export const createdAtColumn: TableColumn = {
  name: 'Created At',
  type: 'date',
  description: 'Time at which the object was created.',
  priority: 0,
  cell: (object) => object.metadata.creationTimestamp ?? null,
};

/** `5m` since an RFC 3339 time; `<unknown>` when there is none. */
export function since(time: string | null | undefined, now: number): string {
  if (time === undefined || time === null || time === '') return '<unknown>';
  return humanDuration(now - parseTime(time));
}

interface ContainersOwner {
  readonly template?: {
    readonly spec?: { readonly containers?: readonly { readonly name?: string; readonly image?: string }[] };
  };
}

/** The wide columns Containers and Images of a kind with a pod template. */
export function containerColumns<T extends KubeObject>(
  owner: (object: T) => ContainersOwner | undefined,
): TableColumn<T>[] {
  const list = (object: T, field: 'name' | 'image'): string =>
    (owner(object)?.template?.spec?.containers ?? []).map((container) => container[field] ?? '').join(',');
  return [
    textColumn('Containers', 'Names of the containers in the template.', (object) => list(object, 'name'), 1),
    textColumn('Images', 'Images of the containers in the template.', (object) => list(object, 'image'), 1),
  ];
}

/** A LabelSelector as text: `<none>` for one that selects nothing in particular, `<error>` for a malformed one. */
export function selectorText(selector: LabelSelector | undefined): string {
  try {
    const text = selectorFromLabelSelector(selector).toString();
    return text === '' ? '<none>' : text;
  } catch {
    return '<error>';
  }
}

/** Labels as `a=1,b=2`, sorted; `<none>` when there are none. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const text = Object.entries(labels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  return text === '' ? '<none>' : text;
}
