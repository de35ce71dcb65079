import type { KubeList, KubeObject, Status } from '@drydock/base/apimachinery';
import {
  alreadyExists,
  applyJsonPatch,
  applyMergePatch,
  cloneJson,
  conflict,
  expired,
  fieldPath,
  invalid,
  invalidValue,
  isDns1123Subdomain,
  notFound,
  parseFieldSelector,
  parseSelectorParameter,
  pathNotFound,
  serviceUnavailable,
  unprocessable,
} from '@drydock/base/apimachinery';
import type {
  DeleteOptions,
  ListOptions,
  ResourceRef,
  Transport,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '../transport/index.ts';

const CONFIG_MAPS = { group: '', resource: 'configmaps' };

interface Change {
  readonly revision: number;
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
}

/**
 * Just enough of an API server to try transports on: ConfigMaps in memory, with the answers that the contract suite
 * asks for. Not a substitute for the real one, which starts as fast.
 */
export function createFakeTransport(): Transport {
  const objects = new Map<string, KubeObject>();
  const changes: Change[] = [];
  const listeners = new Set<() => void>();
  let revision = 1;
  let serial = 0;
  let closed = false;

  const keyOf = (ref: ResourceRef, name = ref.name): string => `${ref.namespace}/${name}`;

  function check(ref: ResourceRef): void {
    if (closed) throw serviceUnavailable('closed');
    if (ref.group !== '' || ref.version !== 'v1' || ref.resource !== 'configmaps') throw pathNotFound();
  }

  function existing(ref: ResourceRef): KubeObject {
    const found = objects.get(keyOf(ref));
    if (found === undefined) throw notFound(CONFIG_MAPS, ref.name ?? '');
    return found;
  }

  function commit(key: string, before: KubeObject | undefined, after: KubeObject | undefined): void {
    if (after === undefined) objects.delete(key);
    else objects.set(key, after);
    changes.push({ revision, before, after });
    for (const wake of listeners) wake();
  }

  const stamp = (object: KubeObject, over: Partial<KubeObject['metadata']> = {}): KubeObject => ({
    ...object,
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...object.metadata, ...over, resourceVersion: String(++revision) },
  });

  function selector({
    labelSelector = '',
    fieldSelector = '',
  }: ListOptions): (object: KubeObject) => boolean {
    const labels = parseSelectorParameter(labelSelector);
    const fields = parseFieldSelector(fieldSelector);
    const fieldOf = (object: KubeObject) => (field: string) =>
      field === 'metadata.name' ? (object.metadata.name ?? '') : (object.metadata.namespace ?? '');
    return (object) => labels.matches(object.metadata.labels) && fields.matches(fieldOf(object));
  }

  function select(ref: ResourceRef, options: ListOptions): KubeObject[] {
    const chosen = selector(options);
    return [...objects]
      .filter(([, object]) => ref.namespace === undefined || object.metadata.namespace === ref.namespace)
      .filter(([, object]) => chosen(object))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object);
  }

  function replace(ref: ResourceRef, next: KubeObject, options: WriteOptions): KubeObject {
    const before = existing(ref);
    const asked = next.metadata.resourceVersion;
    if (asked !== undefined && asked !== before.metadata.resourceVersion)
      throw conflict(CONFIG_MAPS, ref.name!);
    if (options.dryRun?.length) return next;
    const { uid, creationTimestamp } = before.metadata;
    const after = stamp(next, { uid, creationTimestamp, name: ref.name, namespace: ref.namespace });
    commit(keyOf(ref), before, after);
    return after;
  }

  function remove(ref: ResourceRef, options: DeleteOptions): KubeObject {
    const before = existing(ref);
    const { uid } = options.preconditions ?? {};
    if (uid !== undefined && uid !== before.metadata.uid) {
      const detail = `the UID in the precondition (${uid}) does not match the UID in record (${before.metadata.uid}). The object might have been deleted and then recreated`;
      throw conflict(CONFIG_MAPS, ref.name!, detail);
    }
    if (!options.dryRun?.length) {
      revision++;
      commit(keyOf(ref), before, undefined);
    }
    return before;
  }

  function create(ref: ResourceRef, object: KubeObject, options: WriteOptions): KubeObject {
    check(ref);
    const name =
      object.metadata.name ?? `${object.metadata.generateName}${String(serial++).padStart(5, '0')}`;
    if (!isDns1123Subdomain(name)) {
      const error = invalidValue(fieldPath('metadata').child('name'), name, 'must be a DNS name');
      throw invalid({ group: '', kind: 'ConfigMap' }, name, [error]);
    }
    const key = keyOf(ref, name);
    if (objects.has(key)) throw alreadyExists(CONFIG_MAPS, name);
    const uid = `00000000-0000-4000-8000-${String(serial++).padStart(12, '0')}`;
    const after = stamp(object, {
      name,
      namespace: ref.namespace,
      uid,
      creationTimestamp: '2024-01-01T00:00:00Z',
    });
    if (!options.dryRun?.length) commit(key, undefined, after);
    return after;
  }

  async function* watch(
    ref: ResourceRef,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<readonly WatchEvent[]> {
    if (signal.aborted) return;
    check(ref);
    const chosen = selector(options);
    const mine = (object: KubeObject | undefined): object is KubeObject =>
      object !== undefined &&
      (ref.namespace === undefined || object.metadata.namespace === ref.namespace) &&
      chosen(object);
    let next = changes.length;
    const from = options.resourceVersion ?? '0';
    if (from === '0') {
      const initial = select(ref, options).map((object): WatchEvent => ({ type: 'ADDED', object }));
      if (initial.length > 0) yield initial;
    } else {
      if (Number(from) > revision) throw expired();
      next = changes.findIndex((change) => change.revision > Number(from));
      if (next < 0) next = changes.length;
    }
    while (!signal.aborted && !closed) {
      const batch: WatchEvent[] = [];
      for (; next < changes.length; next++) {
        const { before, after, revision: at } = changes[next]!;
        if (mine(after)) batch.push({ type: mine(before) ? 'MODIFIED' : 'ADDED', object: after });
        else if (mine(before)) batch.push({ type: 'DELETED', object: withRevision(after ?? before, at) });
      }
      if (batch.length > 0) yield batch;
      else {
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            listeners.delete(wake);
            signal.removeEventListener('abort', wake);
            resolve();
          };
          listeners.add(wake);
          signal.addEventListener('abort', wake);
        });
      }
    }
  }

  return {
    async get(ref) {
      check(ref);
      return existing(ref);
    },
    async list(ref, options = {}) {
      check(ref);
      const all = select(ref, options);
      const begin = Number(options.continue ?? 0);
      const end = options.limit === undefined ? all.length : begin + options.limit;
      const more = end < all.length ? { continue: String(end), remainingItemCount: all.length - end } : {};
      const metadata = { resourceVersion: String(revision), ...more };
      return { apiVersion: 'v1', kind: 'ConfigMapList', metadata, items: all.slice(begin, end) };
    },
    // Not async, like any transport's: the copy is taken before the promise is returned.
    create(ref, object, options = {}) {
      const copy = cloneJson(object);
      return Promise.resolve().then(() => create(ref, copy, options));
    },
    update(ref, object, options = {}) {
      const copy = cloneJson(object);
      return Promise.resolve().then(() => {
        check(ref);
        return replace(ref, copy, options);
      });
    },
    patch(ref, patch, options = {}) {
      const { type, body } = cloneJson(patch);
      return Promise.resolve().then(() => {
        check(ref);
        const before = existing(ref);
        if (type === 'apply') throw unprocessable();
        // For what a ConfigMap has, strategic and plain merge are one.
        return replace(
          ref,
          type === 'json' ? applyJsonPatch(before, body) : applyMergePatch(before, body),
          options,
        );
      });
    },
    async delete(ref, options = {}) {
      check(ref);
      return remove(ref, options);
    },
    async deleteCollection(ref, options = {}, list = {}): Promise<KubeList | Status> {
      check(ref);
      const items = select(ref, list).map((object) =>
        remove({ ...ref, name: object.metadata.name! }, options),
      );
      return {
        apiVersion: 'v1',
        kind: 'ConfigMapList',
        metadata: { resourceVersion: String(revision) },
        items,
      };
    },
    watch,
    async close() {
      closed = true;
      for (const wake of listeners) wake();
    },
  };
}

const withRevision = (object: KubeObject, revision: number): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: String(revision) },
});
