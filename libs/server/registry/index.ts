export type * from './types.ts';
export type { Body, DeleteResult, Registry, RequestContext, StoredList, WriteResult } from './registry.ts';
