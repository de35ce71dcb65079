import { deepEqual } from '@drydock/base/apimachinery';
import type { Endpoint, EndpointPort, EndpointSlice } from '@drydock/api/discovery/v1';
import { portsKey, type EndpointGroup } from './desired-endpoints.ts';

/** Most endpoints that one slice gets. */
export const maxEndpointsPerSlice = 100;

/** A slice to write, new (`existing` undefined) or changed. */
export interface SliceContent {
  readonly existing: EndpointSlice | undefined;
  readonly ports: EndpointPort[];
  readonly endpoints: Endpoint[];
}

export interface SlicePlan {
  readonly write: readonly SliceContent[];
  readonly remove: readonly EndpointSlice[];
}

export interface PlannedSlices extends SlicePlan {
  /** Endpoints that no slice of their ports has yet. */
  readonly added: number;
  /** Endpoints of slices whose ports stay that are not wanted there any more. */
  readonly removed: number;
}

/**
 * How the present slices of one Service and family become the desired ones with few writes: what is right stays where it
 * is, what is new fills slices that change anyway, then the fullest slice that takes it all, then new slices. A slice of
 * ports that nobody has any more is used again or removed. A Service without endpoints keeps one empty slice.
 * @param stale whether a slice must be written even though its content stays (labels)
 */
export function planSlices(
  groups: ReadonlyMap<string, EndpointGroup>,
  present: readonly EndpointSlice[],
  stale: (slice: EndpointSlice) => boolean,
  max = maxEndpointsPerSlice,
): PlannedSlices {
  const byPorts = new Map<string, EndpointSlice[]>();
  const spare: EndpointSlice[] = [];
  for (const slice of present) {
    const key = portsKey(slice.ports);
    if (!groups.has(key)) spare.push(slice);
    else byPorts.set(key, [...(byPorts.get(key) ?? []), slice]);
  }
  const write: SliceContent[] = [];
  const made: SliceContent[] = [];
  const remove: EndpointSlice[] = [];
  let [added, removed] = [0, 0];
  for (const [key, group] of groups) {
    const planned = planGroup(group, byPorts.get(key) ?? [], stale, max);
    made.push(...planned.made);
    write.push(...planned.changed);
    remove.push(...planned.empty);
    added += planned.added;
    removed += planned.removed;
  }
  remove.push(...spare);

  const kept = present.length - remove.length;
  if (kept === 0 && made.length === 0) {
    const empty = remove.find(
      (slice) => (slice.endpoints ?? []).length === 0 && (slice.ports ?? []).length === 0,
    );
    if (empty && !stale(empty)) remove.splice(remove.indexOf(empty), 1);
    else made.push({ existing: undefined, ports: [], endpoints: [] });
  }
  // A slice that would go takes the content of one that would come.
  for (const content of made) write.push({ ...content, existing: remove.shift() });
  return { write, remove, added, removed };
}

function planGroup(
  { ports, endpoints }: EndpointGroup,
  present: readonly EndpointSlice[],
  stale: (slice: EndpointSlice) => boolean,
  max: number,
) {
  const left = new Map(endpoints);
  const changed: { existing: EndpointSlice; ports: EndpointPort[]; endpoints: Endpoint[] }[] = [];
  const same: EndpointSlice[] = [];
  const empty: EndpointSlice[] = [];
  let removed = 0;
  for (const slice of present) {
    const kept: Endpoint[] = [];
    let differs = false;
    for (const endpoint of slice.endpoints ?? []) {
      const uid = endpoint.targetRef?.uid ?? '';
      const wanted = left.get(uid);
      if (!wanted) {
        differs = true;
        removed++;
        continue;
      }
      left.delete(uid);
      kept.push(wanted);
      // Hints are given afterwards.
      differs ||= !deepEqual({ ...endpoint, hints: undefined }, wanted);
    }
    if (differs && kept.length === 0) empty.push(slice);
    else if (differs || stale(slice)) changed.push({ existing: slice, ports, endpoints: kept });
    else same.push(slice);
  }

  const rest = [...left.values()];
  const added = rest.length;
  if (rest.length > 0) {
    // Emptied slices are written anyway when something new wants their place.
    for (const slice of empty.splice(0)) changed.push({ existing: slice, ports, endpoints: [] });
    changed.sort((a, b) => b.endpoints.length - a.endpoints.length);
    for (const content of changed)
      content.endpoints.push(...rest.splice(0, Math.max(0, max - content.endpoints.length)));
  }
  const made: SliceContent[] = [];
  while (rest.length > 0) {
    const roomy = rest.length < max ? fullestWithRoom(same, rest.length, max) : undefined;
    if (roomy) {
      same.splice(same.indexOf(roomy), 1);
      changed.push({ existing: roomy, ports, endpoints: [...(roomy.endpoints ?? []), ...rest.splice(0)] });
    } else made.push({ existing: undefined, ports, endpoints: rest.splice(0, max) });
  }
  const filled = changed.filter(({ endpoints: list }) => list.length > 0);
  for (const { existing, endpoints: list } of changed) if (list.length === 0) empty.push(existing);
  return { changed: filled, made, empty, added, removed };
}

function fullestWithRoom(
  slices: readonly EndpointSlice[],
  count: number,
  max: number,
): EndpointSlice | undefined {
  const size = (slice: EndpointSlice) => slice.endpoints?.length ?? 0;
  let best: EndpointSlice | undefined;
  for (const slice of slices) {
    if (size(slice) + count <= max && (!best || size(slice) > size(best))) best = slice;
  }
  return best;
}
