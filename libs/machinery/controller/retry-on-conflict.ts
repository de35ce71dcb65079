import { isConflict } from '@drydock/base/apimachinery';

/**
 * Reads, changes and writes again while the write meets a conflict. `attempt` must read afresh each time.
 * Rejects with the last conflict after `attempts` (default 5), and at once with any other error.
 */
export async function retryOnConflict<T>(attempt: () => Promise<T>, attempts = 5): Promise<T> {
  for (let left = attempts; ; left--) {
    try {
      return await attempt();
    } catch (err) {
      if (!isConflict(err) || left <= 1) throw err;
    }
  }
}
