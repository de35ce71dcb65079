/** Adds up a use over time into a counter, as the kernel does for CPU. */
export interface Meter {
  /** The counter at a moment, which is not before the last one asked for. */
  read(nowMs: number): number;
}

/** Steps in which a use is added up at most, so that a curve between two readings counts. */
const maxSteps = 64;
const stepMs = 250;

export function createMeter(startMs: number, useAt: (atMs: number) => number): Meter {
  let total = 0;
  let lastMs = startMs;
  return {
    read(nowMs) {
      const span = nowMs - lastMs;
      if (span > 0) {
        const steps = Math.min(maxSteps, Math.max(1, Math.ceil(span / stepMs)));
        const each = span / steps;
        for (let step = 0; step < steps; step++) total += (useAt(lastMs + (step + 0.5) * each) * each) / 1000;
        lastMs = nowMs;
      }
      return total;
    },
  };
}
