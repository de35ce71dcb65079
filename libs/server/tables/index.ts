export { customScaleColumns, scaleColumns } from './scale-columns.ts';
export { partialObject, renderTable, type IncludeObject, type Table, type TableOptions } from './table.ts';
