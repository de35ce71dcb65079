import type { Taint, Toleration } from '../gen/core/v1.ts';

/** Whether one toleration covers a taint (core/v1 Toleration, KEP-5471 for Lt and Gt). */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  const value = taint.value ?? '';
  switch (toleration.operator || 'Equal') {
    case 'Exists':
      return true;
    case 'Equal':
      return toleration.key !== undefined && toleration.key !== '' && (toleration.value ?? '') === value;
    case 'Gt':
      return Number.isInteger(Number(value)) && value !== '' && Number(value) > Number(toleration.value);
    case 'Lt':
      return Number.isInteger(Number(value)) && value !== '' && Number(value) < Number(toleration.value);
    default:
      return false;
  }
}

/** The first taint with one of `effects` that nothing tolerates. */
export function untolerated(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly string[],
): Taint | undefined {
  return taints?.find(
    (taint) =>
      effects.includes(taint.effect) && !tolerations?.some((toleration) => tolerates(toleration, taint)),
  );
}
