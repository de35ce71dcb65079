import {
  compileJsonPath,
  goJson,
  humanDuration,
  tryParseTime,
  type KubeObject,
} from '@drydock/base/apimachinery';
import type { CustomResourceColumnDefinition } from '@drydock/api/apiextensions/v1';
import type { TableColumn } from '../registry/types.ts';

type Cell = string | number | boolean | null;

const nameColumn: TableColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name of the object, unique for its kind within a namespace.',
  priority: 0,
  cell: (object) => object.metadata.name ?? '',
};

/** What a kind shows that declares no columns. */
const ageColumn: CustomResourceColumnDefinition = {
  name: 'Age',
  type: 'date',
  description: 'Time at which the object was created.',
  jsonPath: '.metadata.creationTimestamp',
};

function textOf(value: unknown): string {
  return typeof value === 'object' ? goJson(value) : String(value);
}

function cellOf(type: string, value: unknown, now: number): Cell {
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'string':
      return textOf(value);
    case 'date': {
      if (typeof value !== 'string') return null;
      if (value === '' || value === 'null') return '<unknown>';
      const time = tryParseTime(value);
      return time === undefined ? '<invalid>' : humanDuration(now - time);
    }
    default:
      return null;
  }
}

function columnOf(declared: CustomResourceColumnDefinition): TableColumn {
  const { name = '', type = '', format, description, priority, jsonPath = '' } = declared;
  const path = compileJsonPath(`{${jsonPath}}`);
  return {
    name,
    type: type as TableColumn['type'],
    description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    ...(format === undefined ? {} : { format }),
    ...(priority === undefined ? {} : { priority }),
    cell(object: KubeObject, now) {
      try {
        return cellOf(type, path.evaluate(object)[0], now);
      } catch {
        return null;
      }
    },
  };
}

/** The columns of a custom kind: its name, then what its definition declares. */
export function customColumns(
  declared: readonly CustomResourceColumnDefinition[] | undefined,
): TableColumn[] {
  const columns = declared === undefined || declared.length === 0 ? [ageColumn] : declared;
  return [nameColumn, ...columns.map(columnOf)];
}
