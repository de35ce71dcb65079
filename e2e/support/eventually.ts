/**
 * Asks again and again until `check` neither throws nor answers false or undefined; answers what it answered.
 * Rejects with the last failure when `timeoutMs` (default 30,000: other clusters share the machine) is over.
 */
export async function eventually<T>(
  check: () => Promise<T | false | undefined> | T | false | undefined,
  options: { timeoutMs?: number; everyMs?: number; what?: string } = {},
): Promise<T> {
  const endAt = performance.now() + (options.timeoutMs ?? 30_000);
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
    await new Promise((resolve) => setTimeout(resolve, options.everyMs ?? 50));
  }
}
