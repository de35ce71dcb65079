/** What Pods use against what they should. */
export interface UsageRatio {
  readonly ratio: number;
  /** The number that the status shows: percent of the requests, or the average in milli-units. */
  readonly current: number;
  /** Average use of a Pod, milli-units. */
  readonly average: number;
}

type Samples = ReadonlyMap<string, { readonly value: number }>;

/**
 * Use in whole percent of what is asked for, over all Pods together, against a target in percent.
 * @throws Error where no sample belongs to a Pod that asks for something
 */
export function utilizationRatio(
  samples: Samples,
  requests: ReadonlyMap<string, number>,
  targetPercent: number,
): UsageRatio {
  let used = 0;
  let requested = 0;
  let count = 0;
  for (const [name, { value }] of samples) {
    const request = requests.get(name);
    if (request === undefined) continue;
    used += value;
    requested += request;
    count++;
  }
  if (requested === 0) throw new Error('no metrics returned matched known pods');
  const current = Math.trunc((used * 100) / requested);
  return { ratio: current / targetPercent, current, average: Math.trunc(used / count) };
}

/** The average of a plain metric against a target, both in milli-units. */
export function averageRatio(samples: Samples, target: number): UsageRatio {
  let total = 0;
  for (const { value } of samples.values()) total += value;
  const average = Math.trunc(total / samples.size);
  return { ratio: average / target, current: average, average };
}
