export { partialObject, renderTable, type IncludeObject, type Table, type TableOptions } from './table.ts';
