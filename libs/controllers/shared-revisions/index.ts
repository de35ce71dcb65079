export { oldestRevisions, revisionsBeyondLimit, snapshotText, templateSnapshot } from './revisions.ts';
