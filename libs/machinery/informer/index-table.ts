import type { KubeObject } from '@drydock/base/apimachinery';

export type IndexFunction<T extends KubeObject> = (object: T) => readonly string[];

/** The objects of an informer by key, and the same objects by the values of named indexes. */
export interface IndexTable<T extends KubeObject> {
  readonly objects: ReadonlyMap<string, T>;
  set(key: string, object: T): void;
  delete(key: string): void;
  byIndex(index: string, value: string): T[];
  /** Adds an index and fills it from what is there. A name that is there already keeps its function. */
  addIndex(name: string, values: IndexFunction<T>): void;
}

export function createIndexTable<T extends KubeObject>(): IndexTable<T> {
  const objects = new Map<string, T>();
  const indexes = new Map<string, { values: IndexFunction<T>; buckets: Map<string, Map<string, T>> }>();

  const put = (buckets: Map<string, Map<string, T>>, value: string, key: string, object: T) => {
    const bucket = buckets.get(value);
    if (bucket) bucket.set(key, object);
    else buckets.set(value, new Map([[key, object]]));
  };
  const take = (buckets: Map<string, Map<string, T>>, value: string, key: string) => {
    const bucket = buckets.get(value);
    if (bucket?.delete(key) && bucket.size === 0) buckets.delete(value);
  };

  return {
    objects,
    set(key, object) {
      const old = objects.get(key);
      objects.set(key, object);
      for (const { values, buckets } of indexes.values()) {
        const now = values(object);
        if (old !== undefined) {
          for (const value of values(old)) if (!now.includes(value)) take(buckets, value, key);
        }
        for (const value of now) put(buckets, value, key, object);
      }
    },
    delete(key) {
      const old = objects.get(key);
      if (old === undefined) return;
      objects.delete(key);
      for (const { values, buckets } of indexes.values()) {
        for (const value of values(old)) take(buckets, value, key);
      }
    },
    byIndex(index, value) {
      const found = indexes.get(index);
      if (!found) throw new Error(`no index named ${index}`);
      const bucket = found.buckets.get(value);
      return bucket ? [...bucket.values()] : [];
    },
    addIndex(name, values) {
      if (indexes.has(name)) return;
      const buckets = new Map<string, Map<string, T>>();
      for (const [key, object] of objects)
        for (const value of values(object)) put(buckets, value, key, object);
      indexes.set(name, { values, buckets });
    },
  };
}
