import type { ClusterEvent } from '../framework/index.ts';

/** What happens while attempts are under way, so that none of it is lost on those that fail. */
export interface InFlightEvents {
  begin(key: string): void;
  /** The attempt is over, or can no more end in a refusal: what happened to it is forgotten. */
  end(key: string): void;
  has(key: string): boolean;
  /** Something happened, to all attempts or to that of one Pod. */
  record(event: ClusterEvent, only?: string): void;
  /** What happened since the attempt began, in order; undefined where that is not known. */
  since(key: string): readonly ClusterEvent[] | undefined;
}

/** Forgotten events are cut off in lots. */
const lot = 256;

export function createInFlightEvents(): InFlightEvents {
  let log: { readonly event: ClusterEvent; readonly only: string | undefined }[] = [];
  /** How many were cut off. */
  let gone = 0;
  /** Where attempts began; the oldest first. */
  const starts = new Map<string, number>();

  function trim(): void {
    const oldest = starts.values().next().value;
    if (oldest === undefined) {
      gone += log.length;
      log = [];
    } else if (oldest - gone >= lot) {
      log.splice(0, oldest - gone);
      gone = oldest;
    }
  }

  return {
    begin(key) {
      starts.delete(key);
      starts.set(key, gone + log.length);
    },
    end(key) {
      if (starts.delete(key)) trim();
    },
    has: (key) => starts.has(key),
    record(event, only) {
      if (starts.size > 0) log.push({ event, only });
    },
    since(key) {
      const start = starts.get(key);
      if (start === undefined) return undefined;
      return log
        .slice(start - gone)
        .filter(({ only }) => only === undefined || only === key)
        .map(({ event }) => event);
    },
  };
}
