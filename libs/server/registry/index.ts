export type {
  ResourceDefinition,
  ScaleSubresource,
  SelectableField,
  Strategy,
  StrategyContext,
  SubresourceHandler,
  SubresourceRequest,
  TableColumn,
  TableRowCondition,
  UserInfo,
} from './types.ts';
export type { Body, DeleteResult, Registry, RequestContext, StoredList, WriteResult } from './registry.ts';
export type { RegistryDeps } from './create-registry.ts';
export { createRegistry } from './create-registry.ts';
export { createInProcessTransport, createKnownBytes, type KnownBytes } from './in-process-transport.ts';
export { validateEmbeddedMeta } from './object-meta.ts';
