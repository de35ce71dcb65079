import { objectKey } from '@drydock/base/apimachinery';
import type { EndpointSlice } from '@drydock/api/discovery/v1';

/**
 * What we wrote and the cache may not show yet. Slices have generated names: a loop that works on a cache without its own
 * last creation would make it again.
 */
export interface SliceVersions {
  written(service: string, slice: EndpointSlice): void;
  removed(service: string, slice: EndpointSlice): void;
  /** Whether the cache shows everything that was written for the Service. */
  isCurrent(service: string, cached: readonly EndpointSlice[]): boolean;
  forget(service: string): void;
}

export function createSliceVersions(): SliceVersions {
  /** By Service, by slice key: the revision that the cache must have; undefined when it must be gone. */
  const expected = new Map<string, Map<string, { uid: string; revision: number | undefined }>>();
  const note = (service: string, slice: EndpointSlice, revision: number | undefined) => {
    let slices = expected.get(service);
    if (!slices) expected.set(service, (slices = new Map()));
    slices.set(objectKey(slice), { uid: slice.metadata.uid ?? '', revision });
  };
  return {
    written: (service, slice) => note(service, slice, Number(slice.metadata.resourceVersion)),
    removed: (service, slice) => note(service, slice, undefined),
    isCurrent(service, cached) {
      const slices = expected.get(service);
      if (!slices) return true;
      const byKey = new Map(cached.map((slice) => [objectKey(slice), slice]));
      for (const [key, { uid, revision }] of slices) {
        const slice = byKey.get(key);
        const same = slice?.metadata.uid === uid ? slice : undefined;
        const seen =
          revision === undefined
            ? !same
            : same !== undefined && Number(same.metadata.resourceVersion) >= revision;
        if (!seen) return false;
      }
      expected.delete(service);
      return true;
    },
    forget: (service) => void expected.delete(service),
  };
}
