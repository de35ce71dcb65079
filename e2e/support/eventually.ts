/**
 * Who has waited a while need not ask as often: most ask with kubectl, which takes its part of the machine from what they wait
 * for. Often enough still to see what is there for a second.
 */
const pauseAfter = (waitedMs: number): number => Math.min(400, waitedMs / 4);

/**
 * Asks again and again until `check` neither throws nor answers false or undefined; answers what it answered.
 * Rejects with the last failure when `timeoutMs` (default 30,000: other clusters share the machine) is over. Pauses for
 * `everyMs` (default 50) between two questions, and more as time goes by.
 */
export async function eventually<T>(
  check: () => Promise<T | false | undefined> | T | false | undefined,
  options: { timeoutMs?: number; everyMs?: number; what?: string } = {},
): Promise<T> {
  const began = performance.now();
  const endAt = began + (options.timeoutMs ?? 30_000);
  let last: unknown = new Error('never true');
  for (;;) {
    try {
      const value = await check();
      if (value !== false && value !== undefined) return value;
      last = new Error(`not yet: ${String(value)}`);
    } catch (error) {
      last = error;
    }
    if (performance.now() > endAt) {
      throw new Error(`timed out waiting for ${options.what ?? 'a condition'}`, { cause: last });
    }
    const pauseMs = Math.max(options.everyMs ?? 50, pauseAfter(performance.now() - began));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
