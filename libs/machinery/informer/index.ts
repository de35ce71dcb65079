export type { Informer, InformerFactory, InformerHandler, InformerOptions } from './types.ts';
export type { Backoff, BackoffOptions } from './backoff.ts';
export { createBackoff } from './backoff.ts';
export { createInformerFactory } from './factory.ts';
export { byController, byLabel, byNamespace, byNode, labelKey, orphanOf } from './indexers.ts';
export type { InformerDeps, RunnableInformer } from './informer.ts';
export { createInformer } from './informer.ts';
