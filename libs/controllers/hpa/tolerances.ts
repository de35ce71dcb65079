import { parseQuantity } from '@drydock/base/apimachinery';
import type { HorizontalPodAutoscaler } from '@drydock/api/autoscaling/v2';

/** How far the ratio of use to target may be from 1 without anything being done. */
export interface Tolerances {
  readonly scaleDown: number;
  readonly scaleUp: number;
}

/** The tolerances of one autoscaler: those of its behaviour, or `fallback`. */
export function tolerancesOf(hpa: HorizontalPodAutoscaler, fallback: number): Tolerances {
  const { scaleUp, scaleDown } = hpa.spec.behavior ?? {};
  const read = (text: string | undefined) => (text === undefined ? fallback : parseQuantity(text).toNumber());
  return { scaleDown: read(scaleDown?.tolerance), scaleUp: read(scaleUp?.tolerance) };
}

/** Near enough to the target? Both bounds belong to it. */
export function isWithin(tolerances: Tolerances, ratio: number): boolean {
  return 1 - tolerances.scaleDown <= ratio && ratio <= 1 + tolerances.scaleUp;
}
