export { oldestRevisions, revisionsBeyondLimit, templateSnapshot } from './revisions.ts';
