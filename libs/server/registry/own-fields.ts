import type { KubeObject } from '@drydock/base/apimachinery';
import { badRequest, compileFieldSelector, parseFieldSelectorParameter } from '@drydock/base/apimachinery';
import type { StoredObject, StoredWatch, WatchBatch } from '../watch-cache/index.ts';
import { StoredWatchEvent } from '../watch-cache/index.ts';
import { facesReady, inFace } from './face.ts';
import type { Served } from './served.ts';

/** Chooses among objects as a face shows them. */
export type FaceTest = (object: KubeObject) => boolean;

const metadataFields: ReadonlySet<string> = new Set(['metadata.name', 'metadata.namespace']);

/**
 * What of a field selector the cache looks at, and what it cannot: fields of faces whose objects are stored in another
 * form (another version of a custom kind, events.k8s.io), which are read from the objects as they are shown.
 * @throws ApiError 400 for what is no selector, or names a field that the face does not have
 */
export function splitFieldSelector(served: Served, text: string): { ofCache: string; test?: FaceTest } {
  const { custom, storedAs, selectableFields } = served.definition;
  const fields = custom?.selectableFields ?? (storedAs === undefined ? undefined : selectableFields);
  if (fields === undefined || text === '') return { ofCache: text };
  const { requirements } = parseFieldSelectorParameter(text);
  const own = requirements.filter(({ field }) => !metadataFields.has(field));
  if (own.length === 0) return { ofCache: text };
  for (const { field } of own)
    if (!Object.hasOwn(fields, field)) throw badRequest(`field label not supported: ${field}`);
  const matcher = compileFieldSelector(own);
  return {
    ofCache: compileFieldSelector(requirements.filter(({ field }) => metadataFields.has(field))).toString(),
    test: (object) => matcher.matches((field) => fields[field]!(object)),
  };
}

function statesOf({ stored, previous }: StoredWatchEvent): StoredObject[] {
  return previous === undefined ? [stored] : [stored, previous];
}

/** How somebody who sees only what passes the test sees an event; undefined when not at all. */
function viewed(served: Served, event: StoredWatchEvent, test: FaceTest): StoredWatchEvent | undefined {
  const { type, stored, previous } = event;
  if (type === 'BOOKMARK') return event;
  const passes = (item: StoredObject): boolean => test(inFace(served, item).object);
  if (type !== 'MODIFIED' || previous === undefined) return passes(stored) ? event : undefined;
  const was = passes(previous);
  if (passes(stored)) return was ? event : new StoredWatchEvent('ADDED', stored);
  return was ? new StoredWatchEvent('DELETED', previous.atRevision(stored.revision)) : undefined;
}

/** A watch of what passes the test: what comes to pass it is added, what ceases to is deleted. */
export function watchTested(served: Served, watch: StoredWatch, test: FaceTest): StoredWatch {
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      for (;;) {
        const result = await watch.next();
        if (result.done === true) return result;
        const changes = result.value.filter(({ type }) => type !== 'BOOKMARK');
        const pending = facesReady(served, changes.flatMap(statesOf));
        if (pending !== undefined) await pending;
        const value: WatchBatch = result.value.flatMap((event) => viewed(served, event, test) ?? []);
        if (value.length > 0) return { done: false, value };
      }
    },
    async return() {
      watch.close();
      return { done: true, value: undefined };
    },
    close: () => watch.close(),
  };
}
