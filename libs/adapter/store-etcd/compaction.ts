import type { Store } from '@drydock/port/store';

/** Of a longer one Node makes the shortest. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Forgets, every `intervalMs`, the changes from before the time before. etcd itself forgets nothing and would run full. Every
 * API server does so: what one has forgotten already is nothing to the other, and none forgets what is younger than the
 * interval. Returns the way to stop.
 */
export function startCompaction(store: Pick<Store, 'revision' | 'compact'>, intervalMs: number): () => void {
  let before: number | undefined;
  let busy = false;

  async function forget(): Promise<void> {
    if (busy) return;
    busy = true;
    try {
      const now = await store.revision();
      if (before !== undefined) await store.compact(before);
      before = now;
    } catch {
      // etcd is away: the next time will do.
    } finally {
      busy = false;
    }
  }

  const timer = setInterval(() => void forget(), Math.min(intervalMs, longestTimerMs)).unref();
  void forget();
  return () => clearInterval(timer);
}
