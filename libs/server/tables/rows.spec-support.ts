import type { KubeObject } from '@drydock/base/apimachinery';
import { allDefinitions } from '../resources/index.ts';
import { renderTable, type Table } from './index.ts';

/** When tables are rendered in tests. */
export const now = Date.parse('2026-03-11T00:00:00Z');
export const fiveMinutesAgo = '2026-03-10T23:55:00Z';

/** The row of an object as it is stored, wide columns included. */
export function rowOf(kind: string, fields: object, metadata: object = {}): Table['rows'][number] {
  const definition = allDefinitions.find((one) => one.kind === kind && one.columns !== undefined);
  if (definition === undefined) throw new Error(`no table of ${kind}`);
  const object = { kind, metadata: { name: 'x', ...metadata }, ...fields } as KubeObject;
  const options = { apiVersion: 'meta.k8s.io/v1', includeObject: 'None', now } as const;
  const [row] = renderTable(definition, [object], {}, options).rows;
  if (row === undefined) throw new Error(`no row of ${kind}`);
  return row;
}

/** Its cells. */
export function cells(kind: string, fields: object, metadata: object = {}): readonly unknown[] {
  return rowOf(kind, fields, metadata).cells;
}

/** What Kubernetes' printers make of objects, by kind: what is printed, the object, its cells after the name. */
export type RowCases = Readonly<
  Record<string, readonly (readonly [what: string, fields: object, cells: unknown[], metadata?: object])[]>
>;

/** Them one by one, for `it.each`. */
export function casesOf(table: RowCases) {
  return Object.entries(table).flatMap(([kind, list]) =>
    list.map(([what, fields, expected, metadata]) => [kind, what, fields, expected, metadata] as const),
  );
}
