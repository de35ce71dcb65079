export {
  findKind,
  findResource,
  isAtomicMessage,
  kinds,
  loadDescriptions,
  lookupSchema,
  type KindInfo,
} from './scheme.ts';
