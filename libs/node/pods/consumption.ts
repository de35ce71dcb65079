/** What a container was asked over its network to use for a while, on top of what it uses anyway. */
export interface Consumption {
  /** Cores. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** How long what is over is kept: a node is read that often at least. */
const keptMs = 300_000;

/** Adds one, and drops those that nobody reads any more. */
export function consuming(
  all: readonly Consumption[] | undefined,
  one: Consumption,
  nowMs: number,
): readonly Consumption[] {
  return [...(all ?? []).filter(({ untilMs }) => untilMs > nowMs - keptMs), one];
}

/** What is used at a moment by what was asked since the container was started. */
export function consumedAt(
  all: readonly Consumption[] | undefined,
  resource: 'cpu' | 'memory',
  startedAtMs: number,
  atMs: number,
): number {
  let sum = 0;
  for (const { fromMs, untilMs, [resource]: amount } of all ?? [])
    if (fromMs >= startedAtMs && fromMs <= atMs && atMs < untilMs) sum += amount;
  return sum;
}
