import type { Connection } from './connection.ts';

/** Runs `work` for 0 … count-1 over all connections, each with one request under way; answers calls per second. */
export async function rate(
  all: readonly Connection[],
  count: number,
  expected: number,
  work: (connection: Connection, index: number) => Promise<{ status: number }>,
): Promise<number> {
  let next = 0;
  const began = performance.now();
  await Promise.all(
    all.map(async (connection) => {
      for (let index = next++; index < count; index = next++) {
        const { status } = await work(connection, index);
        if (status !== expected) throw new Error(`HTTP ${status} instead of ${expected}`);
      }
    }),
  );
  return count / ((performance.now() - began) / 1000);
}
