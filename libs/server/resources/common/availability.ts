import { invalidValue, type FieldError, type FieldPath } from '@drydock/base/apimachinery';

interface Counters {
  readonly replicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
}

/**
 * Counters of a status that are parts of `replicas`, and availability as a part of readiness.
 * @param readyName how the text calls `readyReplicas`
 */
export function availabilityErrors(
  status: Counters,
  parts: readonly string[],
  where: FieldPath,
  readyName = 'readyReplicas',
): FieldError[] {
  const counters = status as Readonly<Record<string, number | undefined>>;
  const all = status.replicas ?? 0;
  const errors = parts
    .filter((name) => (counters[name] ?? 0) > all)
    .map((name) => invalidValue(where.child(name), counters[name], 'cannot be greater than status.replicas'));
  const available = status.availableReplicas ?? 0;
  if (available > (status.readyReplicas ?? 0)) {
    errors.push(
      invalidValue(where.child('availableReplicas'), available, `cannot be greater than ${readyName}`),
    );
  }
  return errors;
}
