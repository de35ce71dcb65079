import type { ChangeSource, CommittedChange } from '@drydock/port/events';
import type { Logger } from '@drydock/port/observability';

export interface ChangeFeedOptions {
  readonly source: ChangeSource;
  /** Called when there is something new to do. */
  readonly rung: () => void;
  readonly maxChanges: number;
  readonly maxBytes: number;
  readonly logger: Logger;
}

/** The changes that are to be published: those sent but not yet acknowledged, and those that wait. Bounded. */
export interface ChangeFeed {
  /** Everything up to this revision is published: begins (again) right after it. */
  seek(revision: number): void;
  /** The next change to send. */
  next(): CommittedChange | undefined;
  /** The next change has been sent. */
  sent(): void;
  /** Everything up to this revision is published. */
  acknowledged(revision: number): void;
  /** Changes not acknowledged yet. */
  outstanding(): number;
  /** Set when the source no longer has what follows this revision, where the feed was. */
  lostAt(): number | undefined;
  stop(): void;
}

const RETRY_MS = 250;

/** A feed that does nothing before `seek`. */
export function createChangeFeed(options: ChangeFeedOptions): ChangeFeed {
  const { source, rung, maxChanges, maxBytes, logger } = options;
  let queue: CommittedChange[] = [];
  /** First of the queue that is not acknowledged, and first that is not sent. */
  let head = 0;
  let unsent = 0;
  let bytes = 0;
  /** Everything up to here is acknowledged; what follows is in the queue or comes from the source. */
  let floor = -1;
  let cancel: (() => void) | undefined;
  let retry: NodeJS.Timeout | undefined;
  let lost: number | undefined;
  let stopped = false;

  const lastQueued = (): number => queue.at(-1)?.revision ?? floor;

  function follow(): void {
    if (stopped) return;
    let mine = true;
    const end = source.follow(lastQueued(), {
      changes(batch) {
        if (!mine) return;
        for (const change of batch) {
          queue.push(change);
          bytes += change.size;
        }
        // Too much for memory: the rest stays in the store until this has been published.
        if (queue.length - head > maxChanges || bytes > maxBytes) pause();
        rung();
      },
      ended({ compacted, error }) {
        if (!mine) return;
        cancel = undefined;
        if (compacted) lost = lastQueued();
        else {
          logger.warn('the feed of changes ended, following again', { err: error });
          retry = setTimeout(follow, RETRY_MS);
        }
        rung();
      },
    });
    cancel = () => {
      mine = false;
      end();
    };
  }

  function pause(): void {
    cancel?.();
    cancel = undefined;
    clearTimeout(retry);
    retry = undefined;
  }

  function drop(revision: number): void {
    while (head < queue.length && queue[head]!.revision <= revision) bytes -= queue[head++]!.size;
    unsent = Math.max(unsent, head);
    if (head > 1024 && head * 2 > queue.length) {
      queue = queue.slice(head);
      unsent -= head;
      head = 0;
    }
    if (head === queue.length) {
      queue = [];
      head = unsent = 0;
      floor = Math.max(floor, revision);
    }
    const room = queue.length - head <= maxChanges / 2 && bytes <= maxBytes / 2;
    if (cancel === undefined && retry === undefined && lost === undefined && floor >= 0 && room) follow();
  }

  return {
    seek(revision) {
      const known = floor >= 0 && lost === undefined && revision >= floor;
      if (known) {
        drop(revision);
        unsent = head;
        return;
      }
      pause();
      queue = [];
      head = unsent = bytes = 0;
      floor = revision;
      lost = undefined;
      follow();
    },
    next: () => queue[unsent],
    sent() {
      unsent++;
    },
    acknowledged(revision) {
      drop(revision);
      floor = Math.max(floor, revision);
    },
    outstanding: () => queue.length - head,
    lostAt: () => lost,
    stop() {
      stopped = true;
      pause();
    },
  };
}
