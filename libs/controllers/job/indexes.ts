import type { Pod } from '@drydock/api/core/v1';

export const indexAnnotation = 'batch.kubernetes.io/job-completion-index';

/** The completion index of a Pod; undefined when it has none that means anything. */
export function completionIndex(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[indexAnnotation];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Reads `1,3-5`; what is ill-formed or not below `completions` is passed over. */
export function parseIndexes(text: string | undefined, completions: number): Set<number> {
  const indexes = new Set<number>();
  for (const part of (text ?? '').split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match === null) continue;
    const last = Math.min(Number(match[2] ?? match[1]), completions - 1);
    for (let index = Number(match[1]); index <= last; index++) indexes.add(index);
  }
  return indexes;
}

/** Writes indexes in order; three neighbours and more as an interval with a dash. */
export function formatIndexes(indexes: Iterable<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let at = 0; at < sorted.length;) {
    let end = at;
    while (sorted[end + 1] === (sorted[end] ?? 0) + 1) end++;
    const separator = end === at + 1 ? ',' : '-';
    parts.push(end === at ? `${sorted[at]}` : `${sorted[at]}${separator}${sorted[end]}`);
    at = end + 1;
  }
  return parts.join(',');
}
