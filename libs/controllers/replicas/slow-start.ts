/**
 * Runs `work` `count` times in batches of 1, 2, 4, …: if all were going to fail (a full quota), few are tried for nothing.
 * Resolves with how many succeeded and the first error; after a batch with an error no further one is begun.
 */
export async function slowStart(
  count: number,
  work: () => Promise<void>,
): Promise<{ succeeded: number; error: unknown }> {
  let succeeded = 0;
  for (let batch = Math.min(1, count), left = count; batch > 0; batch = Math.min(batch * 2, left)) {
    const results = await Promise.allSettled(Array.from({ length: batch }, work));
    left -= batch;
    let error: unknown;
    for (const result of results) {
      if (result.status === 'fulfilled') succeeded++;
      else error ??= result.reason;
    }
    if (error !== undefined) return { succeeded, error };
  }
  return { succeeded, error: undefined };
}
