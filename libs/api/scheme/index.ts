export { findKind, findResource, kinds, loadDescriptions, lookupSchema, type KindInfo } from './scheme.ts';
