export { revisionsBeyondLimit, templateSnapshot } from './revisions.ts';
