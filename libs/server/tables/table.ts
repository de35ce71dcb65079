import type { KubeObject } from '@drydock/base/apimachinery';
import { ageColumn, nameColumn } from '../resources/common/index.ts';
import type { ResourceDefinition, TableColumn, TableRowCondition } from '../registry/types.ts';

export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** meta.k8s.io/v1 Table. */
export interface Table {
  kind: 'Table';
  apiVersion: string;
  metadata: { resourceVersion?: string; continue?: string; remainingItemCount?: number };
  columnDefinitions:
    | { name: string; type: string; format: string; description: string; priority: number }[]
    | null;
  rows: { cells: unknown[]; conditions?: readonly TableRowCondition[]; object?: unknown }[];
}

const defaultColumns: readonly TableColumn[] = [nameColumn, ageColumn];

/** The same object reduced to its metadata. */
export function partialObject(object: KubeObject, apiVersion = 'meta.k8s.io/v1'): KubeObject {
  return { kind: 'PartialObjectMetadata', apiVersion, metadata: object.metadata };
}

/** Bookmarks are objects with nothing but metadata: columns that look further have nothing to show. */
function cellOf(column: TableColumn, object: KubeObject, now: number): unknown {
  try {
    return column.cell(object, now);
  } catch (error) {
    if (object.metadata.name) throw error;
    return null;
  }
}

/** Clients look for the annotation of that bookmark whatever they asked to be included. */
function isEndOfInitialEvents(object: KubeObject): boolean {
  return object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true';
}

export interface TableOptions {
  /** `meta.k8s.io/v1` or `meta.k8s.io/v1beta1`. */
  readonly apiVersion: string;
  readonly includeObject: IncludeObject;
  /** Milliseconds since the epoch, for ages. */
  readonly now: number;
  /** Leave the column definitions out: later events of a watch repeat none. */
  readonly headless?: boolean;
}

/** Renders objects as the rows that kubectl prints. */
export function renderTable(
  definition: ResourceDefinition,
  objects: Iterable<KubeObject>,
  metadata: Table['metadata'],
  options: TableOptions,
): Table {
  const columns = definition.columns ?? defaultColumns;
  const rows: Table['rows'] = [];
  for (const object of objects) {
    const cells = columns.map((column) => cellOf(column, object, options.now));
    // Go writes what is left out as null.
    let shown: KubeObject | null = null;
    if (options.includeObject === 'Object') shown = object;
    else if (options.includeObject === 'Metadata' || isEndOfInitialEvents(object))
      shown = partialObject(object, options.apiVersion);
    const conditions = definition.rowConditions?.(object) ?? [];
    rows.push(conditions.length === 0 ? { cells, object: shown } : { cells, conditions, object: shown });
  }
  return {
    kind: 'Table',
    apiVersion: options.apiVersion,
    metadata,
    columnDefinitions:
      options.headless === true
        ? null
        : columns.map(({ name, type, format, description, priority }) => ({
            name,
            type,
            format: format ?? '',
            description,
            priority: priority ?? 0,
          })),
    rows,
  };
}
