import type { KubeObject } from '@drydock/base/apimachinery';
import { cloneJson, deepEqual, invalid, invalidValue } from '@drydock/base/apimachinery';
import type { CustomFormat } from '../registry/types.ts';
import type { JsonSchema, Shaper } from '../structural-schema/index.ts';
import type { StoredObject } from '../watch-cache/index.ts';
import { inStoredOrder, looseObject } from '../watch-cache/index.ts';
import type { Converter } from './conversion.ts';

export interface FormatOptions {
  readonly group: string;
  readonly kind: string;
  readonly apiVersion: string;
  readonly schema: JsonSchema;
  readonly shaper: Shaper;
  /** The version that is stored, and how its objects are pruned. */
  readonly storage: { readonly apiVersion: string; readonly shaper: Shaper };
  readonly converter: Converter;
  /** Where versions may differ in what a field is. */
  readonly selectableFields?: CustomFormat['selectableFields'];
}

const noUnknown: readonly string[] = [];

/** How one served version of a custom kind is read from requests and from the store, and written to it. */
export function createFormat(options: FormatOptions): CustomFormat {
  const { apiVersion, kind, shaper, storage, converter } = options;
  /** Stored objects whose bytes are not in this form, as they are shown. */
  const faces = new WeakMap<StoredObject, StoredObject>();
  /** Conversions that were waited for. */
  const converted = new WeakMap<StoredObject, KubeObject>();

  function inVersion(stored: StoredObject): KubeObject {
    const { object } = stored;
    if (object.apiVersion === apiVersion) return cloneJson(object);
    const made = converted.get(stored);
    if (made !== undefined) return cloneJson(made);
    const now = converter.convert([object], apiVersion);
    if (now instanceof Promise) throw new TypeError('a stored object was shown before it was converted');
    return now[0]!;
  }

  const format: CustomFormat = {
    schema: options.schema as unknown as Readonly<Record<string, unknown>>,
    isStorageVersion: apiVersion === storage.apiVersion,
    ...(options.selectableFields === undefined ? {} : { selectableFields: options.selectableFields }),
    shape(object) {
      const unknown: string[] = [];
      const problem = shaper.shape(object, unknown);
      if (problem !== undefined) {
        throw invalid({ group: options.group, kind }, object.metadata.name ?? '', [
          invalidValue(problem.path, problem.value, problem.detail),
        ]);
      }
      return unknown.length === 0 ? noUnknown : unknown;
    },
    prepare(items) {
      let needed: StoredObject[] | undefined;
      for (const item of items) {
        if (item.shape === format || faces.has(item) || converted.has(item)) continue;
        if (item.object.apiVersion !== apiVersion) (needed ??= []).push(item);
      }
      if (needed === undefined) return undefined;
      const wanted = needed;
      const objects = converter.convert(
        wanted.map(({ object }) => object),
        apiVersion,
      );
      const keep = (made: readonly KubeObject[]): void => {
        wanted.forEach((item, index) => converted.set(item, made[index]!));
      };
      if (objects instanceof Promise) return objects.then(keep);
      keep(objects);
      return undefined;
    },
    show(stored) {
      if (stored.shape === format) return stored;
      const known = faces.get(stored);
      if (known !== undefined) return known;
      const object = inVersion(stored);
      shaper.shape(object);
      if (object.apiVersion === stored.object.apiVersion && deepEqual(object, stored.object)) {
        stored.shape = format;
        return stored;
      }
      const face = looseObject(inStoredOrder(object, apiVersion, kind), stored.revision, stored.key);
      faces.set(stored, face);
      return face;
    },
    toStorage(object) {
      if (storage.apiVersion === apiVersion) return object;
      const finish = ([made]: readonly KubeObject[]): KubeObject => {
        storage.shaper.shape(made!);
        return made!;
      };
      const made = converter.convert([object], storage.apiVersion);
      return made instanceof Promise ? made.then(finish) : finish(made);
    },
  };
  return format;
}
