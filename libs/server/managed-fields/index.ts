export type { Application } from './apply.ts';
export { applyConfiguration } from './apply.ts';
export type { Operation, Ownership, Writer } from './managers.ts';
export { mergeTypeOf } from './merge-type.ts';
export { maxUpdateManagers } from './managers.ts';
export type { TrackedWrite } from './track.ts';
export { trackUpdate } from './track.ts';
