import { maxNodeScore } from '../framework/index.ts';

/** Scales scores so that the highest becomes 100, in place; reversed, the highest becomes 0. */
export function defaultNormalizeScore(scores: number[], reverse: boolean): void {
  let highest = 0;
  for (const score of scores) if (score > highest) highest = score;
  for (let at = 0; at < scores.length; at++) {
    const share = highest === 0 ? 0 : Math.trunc((maxNodeScore * (scores[at] ?? 0)) / highest);
    scores[at] = reverse ? maxNodeScore - share : share;
  }
}
